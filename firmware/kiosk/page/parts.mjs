// The page's parts: elements, views, money. Nothing here knows of payments.

import { TEXTS } from "./texts.mjs";

export const byId = (id) => document.getElementById(id);

/** A new element with properties, attributes (names with a dash) and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/**
 * The one view that is shown, without the dialogs of the one before; its heading has the focus, so
 * that a screen reader begins there.
 */
export const view = {
  name: "",
  show(name) {
    if (this.name === name) return;
    this.name = name;
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    for (const section of document.querySelectorAll("main > section")) {
      section.hidden = section.id !== name;
    }
    document.body.dataset.view = name;
    byId(`${name}-title`).focus();
    scrollTo(0, 0);
  },
};

/** An amount in major units with the currency's label; no float comes near it. */
export function money(minor, { label, exponent }) {
  const digits = String(minor).padStart(exponent + 1, "0");
  const whole = digits.slice(0, digits.length - exponent);
  return exponent ? `${label} ${whole}.${digits.slice(-exponent)}` : `${label} ${whole}`;
}

/** Put the texts of a language on the page. */
export function speak(language) {
  document.documentElement.lang = language.replace("_", "-");
  for (const place of document.querySelectorAll("[data-text]")) {
    place.textContent = TEXTS[language][place.dataset.text];
  }
}

/** Draw anew within `place`, and leave the focus on what had it, or else at `otherwise`. */
export function redraw(place, children, otherwise) {
  const key = place.contains(document.activeElement) && document.activeElement.dataset.key;
  place.replaceChildren(...children);
  if (key) (place.querySelector(`[data-key="${key}"]:enabled`) ?? otherwise).focus();
}

/** A receipt's lines as they stand on paper: what is far apart there goes to both edges here. */
export function paper(lines, qr) {
  const rows = lines.map(({ text, size, align, bold }) => {
    const parts = text.trim().split(/ {2,}/).map((part) => element("span", { textContent: part }));
    const rule = /^[-_]+$/.test(text.trim());
    return rule
      ? element("hr")
      : element("p", { className: `${size} ${align} ${bold ? "bold" : ""}` }, ...parts);
  });
  return qr ? [...rows, qr] : rows;
}
