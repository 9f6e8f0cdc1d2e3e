// The workbench's tabs: journal, receipts, stories, a fresh terminal, faults, acquirer, EMV.

import { drawGuide } from "./guide.js";
import { drawJournal, pill } from "./journal.js";
import { hint, make } from "./make.js";
import { drawSlips } from "./paper.js";
import { drawSetup } from "./setup.js";
import { drawStory } from "./story.js";
import { faultWord, t } from "./words.js";
import { act, on, state } from "./wire.js";

const KEEP = 400;
const FAULT_ARGUMENTS = { "dies-after": "300", "pull-at": "8", stuck: "5", jump: "+1d" };
// each tab: its word, the word of what it is, and what draws it
const PANELS = [
  ["journal", "tabJournal", "whatJournal", drawJournal],
  ["slips", "tabPaper", "whatPaper", drawSlips],
  ["story", "tabRecord", "whatStory", drawStory],
  ["setup", "tabSetup", "whatSetup", drawSetup],
  ["faults", "tabFaults", "whatFaults", drawFaults],
  ["books", "tabBooks", "whatBooks", drawBooks],
  ["trace", "tabTrace", "whatTrace", drawTrace],
];
const tabs = document.getElementById("tabs");
const panels = document.getElementById("panels");
let current = "journal";
let trace = [];

// --- tabs ---

for (const [name] of PANELS) {
  tabs.append(make("button", {
    type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`,
    onclick: () => choose(name),
  }));
  panels.append(make("div", {
    role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}`, tabindex: "0",
  }));
}
tabs.addEventListener("keydown", (event) => {
  const at = PANELS.findIndex(([name]) => name === current);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: PANELS.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  choose(PANELS[(to + PANELS.length) % PANELS.length][0]);
  document.getElementById(`tab-${current}`).focus();
});

function choose(name) {
  current = name;
  for (const [each, label] of PANELS) {
    const tab = document.getElementById(`tab-${each}`);
    tab.textContent = t(label);
    tab.setAttribute("aria-selected", String(each === name));
    tab.tabIndex = each === name ? 0 : -1;
    document.getElementById(`panel-${each}`).hidden = each !== name;
  }
  const [, , what] = PANELS.find(([each]) => each === name);
  document.getElementById("what").textContent = t(what);
  redraw(name);
}

function redraw(...names) {
  if (!names.includes(current)) return;
  const [, , , draw] = PANELS.find(([name]) => name === current);
  draw(document.getElementById(`panel-${current}`));
}

export function drawWorkbench() {
  choose(current);
  drawGuide();
}

// --- the card's exchanges ---

function exchange(one) {
  const status = one.response.slice(-4);
  const listed = (objects) => make("ul", { class: "objects" }, ...objects.map((each) =>
    make("li", { class: `d${each.depth}` },
      make("code", {}, each.tag), make("span", { class: "name" }, each.name),
      make("code", { class: "value" }, each.value), make("i", {}, each.meaning))));
  return make("details", { class: "apdu" },
    make("summary", {}, make("b", {}, one.name),
      make("code", { class: status === "9000" ? "good" : "other" }, status)),
    make("p", { class: "hex" }, make("span", {}, "→ "), one.command),
    listed(one.sent),
    make("p", { class: "hex" }, make("span", {}, "← "), one.response),
    listed(one.objects));
}

function drawTrace(panel) {
  if (!trace.length) {
    panel.replaceChildren(hint(t("noTrace")));
    return;
  }
  const drawn = Number(panel.dataset.drawn ?? 0);
  if (drawn > trace.length || panel.firstChild?.tagName !== "DETAILS") panel.replaceChildren();
  const from = panel.childElementCount;
  const atEnd = panel.scrollHeight - panel.scrollTop - panel.clientHeight < 60;
  panel.append(...trace.slice(from).map(exchange));
  const known = trace.slice(from).findLast((one) => one.objects.length + one.sent.length > 1);
  if (known && atEnd) {
    panel.querySelectorAll("details[data-auto]").forEach((each) => { each.open = false; });
    const opened = panel.children[trace.indexOf(known)];
    opened.open = true;
    opened.dataset.auto = "1";
  }
  panel.dataset.drawn = trace.length;
  if (atEnd) panel.scrollTop = panel.scrollHeight;
}

on("log:trace", (entries) => {
  for (const entry of entries) {
    if (entry === null) trace = [];
    else trace.push(entry);
  }
  if (trace.length > KEEP || entries.includes(null)) {
    trace = trace.slice(-KEEP);
    document.getElementById("panel-trace").replaceChildren();
  }
  redraw("trace");
});

// --- books ---

function drawBooks(panel) {
  const books = state("books");
  if (!books?.rows.length) {
    panel.replaceChildren(hint(t("noBooks")));
    return;
  }
  const verdict = books.differences.length
    ? make("ul", { class: "differences" }, ...books.differences.map((one) => make("li", {}, one)))
    : make("p", { class: "balanced" }, `✓ ${t("balanced")}`);
  const rows = books.rows.map((one) => make("li", {},
    make("b", {}, t(one.kind)), pill(one.state), make("span", { class: "amount" }, one.amount),
    make("small", {}, [`${t("voucher")} ${one.voucher}`, one.account,
      `${t("reference")} ${one.reference}`].join(" · "))));
  const spent = Object.entries(books.spent).map(([name, sum]) => make("li", {},
    make("b", {}, name), make("span", {}), make("span", { class: "amount" }, sum)));
  panel.replaceChildren(verdict, make("ol", { class: "rows" }, ...rows),
    make("h3", {}, t("spent")), make("ul", { class: "rows names" }, ...spent));
}

// --- faults ---

function drawFaults(panel) {
  const settings = state("settings");
  if (!settings) return;
  const now = state("faults") ?? {};
  const groups = Object.entries(settings.faults).map(([device, kinds]) => {
    const buttons = Object.entries(kinds).map(([kind, count]) => {
      const isOn = (now[device] ?? "").split(" ")[0] === kind;
      const input = count ? make("input", {
        value: isOn ? now[device].split(" ")[1] : FAULT_ARGUMENTS[kind], size: "4",
        "aria-label": `${faultWord(device)}: ${faultWord(kind)}`,
      }) : null;
      const button = make("button", {
        type: "button", class: "fault", "aria-pressed": String(isOn), "data-fault": `${device} ${kind}`,
        onclick: () => {
          if (isOn) act(`clear ${device}`);
          else act(`fault ${device} ${kind}${input ? ` ${input.value.trim()}` : ""}`);
        },
      }, faultWord(kind));
      return make("span", { class: "with" }, button, ...(input ? [input] : []));
    });
    const mend = make("button", {
      type: "button", class: "mend", "data-clear": device, onclick: () => act(`clear ${device}`),
    }, t("clear"));
    if (!now[device]) mend.hidden = true;
    return make("fieldset", { class: now[device] ? "broken" : "" },
      make("legend", {}, faultWord(device)), ...buttons, mend);
  });
  panel.replaceChildren(...groups);
}

// --- what is drawn anew when ---

for (const [name, ...drawn] of [["journal", "journal"], ["books", "books"], ["faults", "faults"],
  ["settings", "faults", "setup", "journal", "story"], ["play", "story"], ["steps", "story"],
  ["log:records", "journal"]]) {
  on(name, () => redraw(...drawn));
}
let watched = null; // the story that was last seen; null until the first is heard of
on("play", (play) => {
  const number = play?.number ?? 0;
  if (watched !== null && number > watched) choose("story");
  watched = Math.max(number, watched ?? 0);
});
addEventListener("slips", () => redraw("slips"));
