// The first visit: three steps to a sale that go along with what is done, and what to try next.

import { make } from "./make.js";
import { t } from "./words.js";
import { on, state } from "./wire.js";

const HIDDEN = "pos-guide-hidden";
const box = document.getElementById("guide");
const again = document.getElementById("help");
let seen = new Set(); // the kinds of records since the terminal was fresh
let carded = false; // a card was put in after the amount was agreed

// in the journal, or waiting for the record of what comes of it
const agreed = () => seen.has("amount agreed") || state("agreed");
const sold = () => (state("journal")?.rows ?? []).some((one) => one.state === "approved");

// which step is due, from 0; 3 when all are done
function due() {
  if (sold()) return 3;
  if (carded) return 2.5;
  if (agreed()) return 2;
  return state("keyed") ? 1 : 0;
}

function steps() {
  const { profile, fresh, operators = [] } = state("settings") ?? {};
  const first = fresh && !seen.has("operator signed on");
  const opening = first ? t("guideSignOn").replace("{password}", operators[0]?.password ?? "")
    : t(profile === "kiosk" ? "guideChoose" : "guideAmount");
  return [opening, t("guideEnter"), t(matchMedia("(hover: none)").matches ? "guideCardTap" : "guideCard")];
}

function draw() {
  const hidden = localStorage.getItem(HIDDEN) !== null;
  box.hidden = hidden;
  again.hidden = !hidden;
  if (hidden) return;
  const now = due();
  const list = steps().map((words, at) => make("li", {
    class: at < Math.floor(now) ? "done" : at === Math.floor(now) ? "now" : "later",
    "aria-current": at === Math.floor(now) ? "step" : null,
  }, make("b", { "aria-hidden": "true" }, at < now && at !== Math.floor(now) ? "✓" : String(at + 1)),
    make("span", {}, at === 2 && now === 2.5 ? t("guidePin") : words)));
  const parts = now === 3 ? [make("p", { class: "now" }, t("guideDone"))] : [make("ol", {}, ...list)];
  box.replaceChildren(...parts, make("button", {
    type: "button", id: "guideHide", onclick: () => show(false),
  }, t("guideHide")));
}

function show(yes) {
  if (yes) localStorage.removeItem(HIDDEN);
  else localStorage.setItem(HIDDEN, "1");
  draw();
}
again.addEventListener("click", () => show(true));
matchMedia("(hover: none)").addEventListener("change", draw);

on("keyed", draw);
on("agreed", draw);
on("slot", (card) => {
  if (card === null) carded = false;
  else if (agreed()) carded = true;
  draw();
});
on("log:records", (entries) => {
  for (const entry of entries) {
    if (entry === null) [carded, seen] = [false, new Set()];
    else seen.add(entry.kind);
  }
  draw();
});
on("journal", draw);
on("settings", draw);

export const drawGuide = draw;

// what else a shop does, key by key, with the password where one is asked for
export function whatNext() {
  const { operators = [], profile } = state("settings") ?? {};
  if (profile === "kiosk") return null;
  const password = operators.find((one) => one.number === "00")?.password ?? "";
  const last = (state("journal")?.rows ?? []).find((one) => one.kind === "sale" && one.state === "approved");
  const said = ["nextUndo", "nextVoid", "nextRefund", "nextReprint", "nextSettle", "nextKeep"];
  const list = said.map((key) => {
    const [title, ...rest] = t(key).split(": ");
    const words = rest.join(": ").replace("{password}", password).replace("{voucher}", last?.voucher ?? "000001");
    return make("li", {}, make("b", {}, title), ` ${words}`);
  });
  return make("details", { class: "next", id: "next" }, make("summary", {}, t("next")), make("ul", {}, ...list));
}
