// The workbench's tabs: slips, the card's exchanges, journal, host's books, faults, stories.

import { drawSlips } from "./paper.js";
import { faultWord, language, t } from "./words.js";
import { act, on, send, state, tell } from "./wire.js";

const KEEP = 400;
const FAULT_ARGUMENTS = { "dies-after": "300", "pull-at": "8", stuck: "5", jump: "+1d" };
const PANELS = [
  ["trace", "tabTrace", drawTrace], ["journal", "tabJournal", drawJournal],
  ["books", "tabBooks", drawBooks], ["slips", "tabPaper", drawSlips],
  ["faults", "tabFaults", drawFaults], ["story", "tabRecord", drawStory],
];
const tabs = document.getElementById("tabs");
const panels = document.getElementById("panels");
let current = "trace";
let trace = [];
let records = [];

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else if (name === "class") element.className = value;
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}
const hint = (words) => make("p", { class: "hint" }, words);

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
  redraw(name);
}

function redraw(...names) {
  if (!names.includes(current)) return;
  const [, , draw] = PANELS.find(([name]) => name === current);
  draw(document.getElementById(`panel-${current}`));
}

export const drawWorkbench = () => choose(current);

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

// --- journal and books ---

function table(head, rows) {
  return make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, ...head.map((word) => make("th", { scope: "col" }, t(word))))),
    make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((cell, at) =>
      make("td", head[at] === "amount" ? { class: "amount" } : {}, cell)))))));
}
const pill = (word) => make("span", { class: `pill ${word}` }, t(`is.${word}`));

function drawJournal(panel) {
  const journal = state("journal");
  if (!journal) return;
  const sums = ["sales", "voids", "refunds"].map((name) => make("div", {},
    make("dt", {}, t(name)), make("dd", {}, `${journal.totals[name][0]}`,
      make("small", {}, journal.sums[name]))));
  const owed = ["reversals", "papers"].filter((name) => journal.owed[name])
    .map((name) => `${t(name)} ${journal.owed[name]}`).join(", ") || "—";
  sums.push(make("div", {}, make("dt", {}, t("owed")), make("dd", {}, make("small", {}, owed))));
  const rows = journal.rows.map((one) => [one.voucher, one.time, t(one.kind), one.amount,
    one.card, pill(one.state), [one.code, t(one.note[0]), one.note[1]].join(" ").trim()]);
  const log = records.slice(-80).reverse().map((one) => make("li", {},
    make("code", {}, String(one.seq)), make("time", {}, one.at), make("b", {}, one.kind),
    make("span", {}, one.facts), make("code", { class: "hash" }, one.hash)));
  panel.replaceChildren(make("dl", { class: "sums" }, ...sums),
    rows.length ? table(["voucher", "time", "kind", "amount", "card", "state", "note"], rows)
      : hint(t("noRows")),
    make("h3", {}, t("records")), make("ol", { class: "records" }, ...log));
}

on("log:records", (entries) => {
  for (const entry of entries) {
    if (entry === null) records = [];
    else records.push(entry);
  }
  records = records.slice(-KEEP);
  redraw("journal");
});

function drawBooks(panel) {
  const books = state("books");
  if (!books?.rows.length) {
    panel.replaceChildren(hint(t("noBooks")));
    return;
  }
  const verdict = books.differences.length
    ? make("ul", { class: "differences" }, ...books.differences.map((one) => make("li", {}, one)))
    : make("p", { class: "balanced" }, `✓ ${t("balanced")}`);
  panel.replaceChildren(verdict,
    table(["voucher", "kind", "amount", "account", "state", "reference"],
      books.rows.map((one) => [one.voucher, t(one.kind), one.amount, one.account,
        pill(one.state), one.reference])),
    make("h3", {}, t("spent")),
    table(["account", "amount"], Object.entries(books.spent)));
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
  panel.replaceChildren(hint(t("faultsHint")), ...groups);
}

// --- stories and settings ---

const CHOICES = [
  ["setLanguage", "general.language", [["zh_CN", "中文"], ["en", "English"]]],
  ["setProfile", "general.profile", [["counter", "counter"], ["kiosk", "kiosk"]]],
  ["setPaper", "printer.width_mm", [["58", "58 mm"], ["80", "80 mm"]]],
  ["setTestAmounts", "host.test_amounts", [["no", "—"], ["yes", "✓"]]],
];

function choice(word, key, options, now) {
  const select = make("select", { "data-key": key },
    ...options.map(([value, label]) => make("option", { value }, t(label))));
  if (now) select.value = now;
  return make("label", {}, make("span", {}, t(word)), select);
}

// of several files the one that no other includes is played
const STORY_FILES_MAX = 20;
const STORY_MAX = 100_000; // characters of a file, as the server takes them

export async function playFiles(list) {
  const files = {};
  if (list.length > STORY_FILES_MAX || [...list].some((file) => file.size > 3 * STORY_MAX)) {
    tell("said", t("hugeStory"));
    return;
  }
  for (const file of list) files[file.name.slice(-80)] = await file.text();
  const included = new Set(Object.values(files).flatMap((text) =>
    [...text.matchAll(/^\s*include\s+(?:\S*\/)?(\S+)/gm)].map(([, name]) => name)));
  const name = Object.keys(files).find((each) => !included.has(each)) ?? Object.keys(files)[0];
  const { [name]: text, ...others } = files;
  if (Object.values(files).some((each) => each.length > STORY_MAX)) {
    tell("said", t("hugeStory"));
    return;
  }
  if (!/^\s*[^#\s]/m.test(text)) {
    tell("said", t("emptyStory"));
    return;
  }
  if (state("steps") > (state("settings")?.steps ?? 0) && !confirm(t("replaceAsk"))) return; // nothing brings it back
  send({ do: "play", name, text, files: others });
}

function story() {
  const play = state("play");
  if (!play) return [];
  const end = play.end ? `${t(play.end)}` : "";
  const parts = [make("p", { class: "line" }, make("code", {}, play.line))];
  if (end) parts.push(make("p", { class: `end ${play.end}` }, end));
  else parts.push(make("button", { type: "button", onclick: () => send({ do: "stop" }) }, t("stop")));
  return [make("div", { class: "playing" },
    make("p", {}, make("b", {}, play.name), ` ${play.at}/${play.total}`),
    make("progress", { max: play.total, value: play.at }), ...parts)];
}

function drawStory(panel) {
  if (panel.contains(document.activeElement) && document.activeElement.tagName === "SELECT") return;
  const settings = state("settings") ?? {};
  const now = { "general.language": settings.language, "general.profile": settings.profile };
  const file = make("input", { type: "file", accept: ".pos,text/plain", multiple: "", hidden: "" });
  file.addEventListener("change", () => file.files.length && playFiles(file.files));
  const choices = CHOICES.map(([word, key, options]) => choice(word, key, options, now[key]));
  const fresh = make("button", {
    type: "button", id: "fresh", onclick: () => {
      const wanted = {};
      for (const each of panel.querySelectorAll("select")) wanted[each.dataset.key] = each.value;
      send({ do: "fresh", settings: wanted });
    },
  }, t("start"));
  panel.replaceChildren(...story(),
    make("p", {}, t("recordHint")),
    make("p", { class: "row" },
      make("button", { type: "button", id: "save", onclick: () => { asked = true; send({ do: "save" }); } }, t("save")),
      make("button", { type: "button", onclick: () => file.click() }, t("open")), file,
      make("span", { class: "count" }, `${state("steps") ?? 0} ${t("steps")}`)),
    hint(t("dropHint")), make("h3", {}, t("settings")), hint(t("settingsHint")),
    make("div", { class: "choices" }, ...choices), fresh, hint(t("keysHint")));
  panel.lang = language();
}

let asked = false; // the state goes to all pages; the one that asked keeps it
on("recording", (recording) => {
  if (asked) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([recording.text], { type: "text/plain" }));
    link.download = "bench.pos";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  asked = false;
});
for (const [name, ...drawn] of [["journal", "journal"], ["books", "books"], ["faults", "faults"],
  ["settings", "faults", "story"], ["play", "story"], ["steps", "story"]]) {
  on(name, () => redraw(...drawn));
}
let watched = null; // the story that was last seen; null until the first is heard of
on("play", (play) => {
  const number = play?.number ?? 0;
  if (watched !== null && number > watched) choose("story");
  watched = Math.max(number, watched ?? 0);
});
addEventListener("slips", () => redraw("slips"));
