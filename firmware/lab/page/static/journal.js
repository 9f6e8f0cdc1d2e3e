// The journal in plain words: what was sold, where it lies, how to keep it; the records below.

import { whatNext } from "./guide.js";
import { hint, make } from "./make.js";
import { recordWord, t } from "./words.js";
import { on, state } from "./wire.js";

const KEEP = 400;
const SHOWN = 80;
let records = [];
const opened = new Set(); // the details that somebody opened stay so

on("log:records", (entries) => {
  for (const entry of entries) {
    if (entry === null) records = [];
    else records.push(entry);
  }
  records = records.slice(-KEEP);
});

export const pill = (word) => make("span", { class: `pill ${word}` }, t(`is.${word}`));

function keptOpen(details) {
  if (!details) return null;
  details.open = opened.has(details.id);
  details.addEventListener("toggle", () => opened[details.open ? "add" : "delete"](details.id));
  return details;
}

function sums(journal) {
  const always = ["sales", "voids", "refunds"]; // the others only where there are any
  const shown = Object.keys(journal.totals).filter((name) => always.includes(name) || journal.totals[name][0]);
  const parts = shown.map((name) => make("div", {},
    make("dt", {}, t(name)), make("dd", {}, `${journal.totals[name][0]}`,
      make("small", {}, journal.sums[name]))));
  const owed = ["reversals", "papers"].filter((name) => journal.owed[name])
    .map((name) => `${t(name)} ${journal.owed[name]}`).join(", ") || "—";
  parts.push(make("div", {}, make("dt", {}, t("owed")), make("dd", {}, make("small", {}, owed))));
  return make("dl", { class: "sums" }, ...parts);
}

function row(one) {
  const note = [t(one.note[0]), one.note[1]].join(" ").trim();
  const facts = [`${t("voucher")} ${one.voucher}`, one.time, `${t("card")} *${one.card}`];
  if (one.code && one.code !== "00") facts.push(`${t("code")} ${one.code}`);
  if (note) facts.push(note);
  const proof = one.state === "approved" ? make("a", {
    class: "proof", href: `/download/evidence.zip?batch=${one.batch}&voucher=${Number(one.voucher)}`,
    download: "", title: t("evidenceHint"),
  }, t("evidence")) : null;
  return make("li", {},
    make("b", {}, t(one.kind)), pill(one.state), make("span", { class: "amount" }, one.amount),
    make("small", {}, facts.join(" · ")), proof);
}

function kept() {
  const { directory = "", kept: stays = false } = state("settings")?.place ?? {};
  return make("div", { class: "kept" },
    make("p", {}, t(stays ? "placeKept" : "placeGoes"), " ", make("code", {}, directory)),
    stays ? null : make("p", {}, t("placeHow"), " ", make("code", {}, "pos sim --data DIR")),
    make("p", { class: "row" }, make("a", {
      class: "button", id: "takeJournal", href: "/download/journal.csv", download: "journal.csv",
    }, t("takeJournal"))));
}

function log() {
  const list = records.slice(-SHOWN).reverse().map((one) => make("li", {},
    make("b", {}, recordWord(one.kind)), make("time", {}, one.at),
    make("span", {}, one.facts), make("code", { class: "hash" }, `${one.seq} ${one.hash}`)));
  return make("details", { id: "records" }, make("summary", {}, t("records")),
    hint(t("recordsHint")), make("ol", { class: "records" }, ...list));
}

export function drawJournal(panel) {
  const journal = state("journal");
  if (!journal) return;
  panel.replaceChildren(...[keptOpen(whatNext()), sums(journal),
    journal.rows.length ? make("ol", { class: "rows" }, ...journal.rows.map(row)) : hint(t("noRows")),
    kept(), keptOpen(log())].filter(Boolean));
}
