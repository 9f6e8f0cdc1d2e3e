// A fresh terminal: each choice with what it means.

import { hint, make } from "./make.js";
import { mayReplace } from "./story.js";
import { language, t } from "./words.js";
import { send, state } from "./wire.js";

// word of the choice, setting, its values with the word of each, and what it is now
const CHOICES = [
  ["setLanguage", "general.language", [["zh_CN", "中文"], ["en", "English"]], (now) => now.language],
  ["setProfile", "general.profile", [["counter", "counter"], ["kiosk", "kiosk"]], (now) => now.profile],
  ["setStart", "stage.fresh", [["false", "ready"], ["true", "factory"]], (now) => String(now.fresh)],
  ["setPaper", "printer.width_mm", [["58", "58 mm"], ["80", "80 mm"]], (now) => String(now.width_mm)],
  ["setTestAmounts", "host.test_amounts", [["no", "amountsPlain"], ["yes", "amountsTest"]],
    (now) => (now.test_amounts ? "yes" : "no")],
];
const chosen = new Map(); // what somebody chose and did not begin with yet

function choice([word, key, options, now]) {
  const value = chosen.get(key) ?? now(state("settings") ?? {});
  return make("fieldset", { class: "choice" }, make("legend", {}, t(word)),
    ...options.map(([each, label]) => {
      const box = make("input", { type: "radio", name: key, value: each, "data-key": key });
      box.checked = each === value;
      box.addEventListener("change", () => chosen.set(key, each));
      const more = t(`${label}.what`);
      return make("label", {}, box, make("span", {}, t(label),
        more.endsWith(".what") ? null : make("small", {}, more)));
    }));
}

async function begin() {
  if (!(await mayReplace(t("askFresh"), t("start")))) return;
  const settings = {};
  for (const [, key, , now] of CHOICES) settings[key] = chosen.get(key) ?? now(state("settings") ?? {});
  chosen.clear();
  send({ do: "fresh", settings });
}

export function drawSetup(panel) {
  if (panel.contains(document.activeElement) && document.activeElement.type === "radio"
    && panel.lang === language()) return;
  panel.replaceChildren(...CHOICES.map(choice),
    make("button", { type: "button", id: "fresh", onclick: begin }, t("start")),
    hint(t("speedHint")));
  panel.lang = language();
}
