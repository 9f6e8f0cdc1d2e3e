// Elements from one call, and the question that is asked before something is given up.

import { t } from "./words.js";

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const hint = (words) => make("p", { class: "hint" }, words);

export function keepFile(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// true once somebody agrees; Escape and the first button say no
const dialog = document.getElementById("ask");
for (const [id, answer] of [["askNo", "no"], ["askYes", "yes"]]) {
  document.getElementById(id).addEventListener("click", () => dialog.close(answer));
}
export function ask(words, yes) {
  dialog.querySelector("#askWords").textContent = words;
  dialog.querySelector("#askNo").textContent = t("askNo");
  dialog.querySelector("#askYes").textContent = yes;
  dialog.returnValue = "no";
  if (!dialog.open) dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
  });
}
