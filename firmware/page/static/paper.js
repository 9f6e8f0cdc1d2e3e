// Paper: strips of dots come in at once and go out of the mouth at the printer's own speed.

import { sounds } from "./sound.js";
import { t } from "./words.js";
import { act, bytes, on, state } from "./wire.js";

const SLIPS_MAX = 40;
const canvas = document.getElementById("paper");
const strip = document.getElementById("strip");
const tearButton = document.getElementById("tear");
const zoom = document.getElementById("zoom");
const zoomed = zoom.querySelector(".zoomed");

let rows = []; // one Uint8Array a row of dots, on the paper in the printer
let shown = 0; // rows that are out of the mouth
let running = false;
let last = 0;
let fresh = true; // the first entries of a connection are old: they are out already
export const slips = [];

const rowBytes = () => (state("settings")?.paper_px ?? 384) / 8;

function paint(target, from, to, height) {
  const width = rowBytes() * 8;
  if (target.width !== width || target.height !== height) {
    target.width = width;
    target.height = Math.max(1, height);
    from = 0;
  }
  if (to <= from) return;
  const context = target.getContext("2d");
  const picture = context.createImageData(width, to - from);
  for (let y = from; y < to; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = 4 * ((y - from) * width + x);
      const ink = rows[y][x >> 3] & (0x80 >> (x & 7));
      picture.data.set(ink ? [38, 36, 44, 255] : [0, 0, 0, 0], at);
    }
  }
  context.putImageData(picture, 0, from);
}

function show() {
  // the paper that is out hangs above the mouth: its newest row is at the bottom
  paint(canvas, 0, shown, shown);
  strip.style.setProperty("--rows", shown);
  strip.classList.toggle("empty", shown === 0);
  tearButton.hidden = shown === 0 || shown < rows.length;
  canvas.dispatchEvent(new CustomEvent("fed", { detail: shown }));
}

function step(now) {
  const speed = (state("settings")?.feed_px_s ?? 400) * (state("power")?.speed ?? 1);
  const due = Math.floor(((now - last) * speed) / 1000);
  if (due > 0) {
    last = now;
    shown = Math.min(rows.length, shown + Math.min(due, 400));
    show();
  }
  running = shown < rows.length;
  if (running) requestAnimationFrame(step);
}

function feed() {
  if (fresh || document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches) {
    shown = rows.length;
    show();
  } else if (!running) {
    running = true;
    last = performance.now();
    requestAnimationFrame(step);
  }
}

function takeOff() {
  if (rows.length) {
    const kept = document.createElement("canvas");
    paint(kept, 0, rows.length, rows.length);
    slips.unshift(kept);
    slips.length = Math.min(slips.length, SLIPS_MAX);
  }
  rows = [];
  shown = 0;
  show();
  dispatchEvent(new CustomEvent("slips"));
}

on("log:paper", (entries) => {
  for (const entry of entries) {
    if (entry === null) {
      rows = [];
      shown = 0;
      slips.length = 0;
      show();
      dispatchEvent(new CustomEvent("slips"));
    } else if (entry.torn) {
      takeOff();
    } else {
      const packed = bytes(entry.bits);
      const width = rowBytes();
      for (let y = 0; y < entry.rows; y += 1) rows.push(packed.subarray(y * width, (y + 1) * width));
    }
  }
  feed();
  fresh = false;
});
on("connected", (open) => {
  if (!open) return;
  fresh = true;
  rows = [];
  shown = 0;
  slips.length = 0;
});
on("settings", () => strip.style.setProperty("--width", rowBytes() * 8));

tearButton.addEventListener("click", () => {
  act("tear");
  sounds.tear();
});
addEventListener("visibilitychange", () => rows.length && feed());

// --- kept slips ---

function onWhite(slip) {
  const white = document.createElement("canvas");
  const edge = 24;
  white.width = slip.width + 2 * edge;
  white.height = slip.height + 2 * edge;
  const context = white.getContext("2d");
  context.fillStyle = "#fdfcf8";
  context.fillRect(0, 0, white.width, white.height);
  context.drawImage(slip, edge, edge);
  return white;
}

function save(slip, number) {
  onWhite(slip).toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `slip-${number}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}

function look(slip, number) {
  zoomed.replaceChildren(onWhite(slip));
  document.getElementById("zoomSave").onclick = () => save(slip, number);
  zoom.showModal();
}
canvas.addEventListener("click", () => { if (rows.length) look(canvas, slips.length + 1); });

export function drawSlips(panel) {
  if (!slips.length) {
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = t("noSlips");
    panel.replaceChildren(hint);
    return;
  }
  const pile = document.createElement("ul");
  pile.className = "pile";
  pile.append(...slips.map((slip, at) => {
    const number = slips.length - at;
    const item = document.createElement("li");
    const open = document.createElement("button");
    open.type = "button";
    open.className = "slip";
    open.title = t("zoom");
    open.setAttribute("aria-label", `${t("zoom")}: ${t("slip")} ${number}`);
    open.append(slip);
    open.addEventListener("click", () => look(slip, number));
    const keep = document.createElement("button");
    keep.type = "button";
    keep.textContent = t("download");
    keep.addEventListener("click", () => save(slip, number));
    item.append(open, keep);
    return item;
  }));
  panel.replaceChildren(pile);
}
