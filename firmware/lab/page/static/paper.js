// Paper: strips of dots come in at once and go out of the mouth at the printer's own pace.

import { hint, keepFile, make } from "./make.js";
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
let paces = []; // [rows, ms] of each advance that is to come
let passed = 0; // ms of the advance under way
let running = false;
let last = 0;
let fresh = true; // the first entries of a connection are old: they are out already
export const slips = [];

const rowBytes = () => (state("settings")?.paper_px ?? 384) / 8;

function paint(target) {
  const width = rowBytes() * 8;
  target.width = width;
  target.height = Math.max(1, rows.length);
  const context = target.getContext("2d");
  const picture = context.createImageData(width, target.height);
  const dots = new Uint32Array(picture.data.buffer);
  rows.forEach((row, y) => {
    for (let x = 0; x < width; x += 1) {
      if (row[x >> 3] & (0x80 >> (x & 7))) dots[y * width + x] = 0xff2c2426;
    }
  });
  context.putImageData(picture, 0, 0);
}

function show() {
  // the paper that is out hangs above the mouth: its newest row is at the bottom
  strip.style.setProperty("--rows", shown);
  strip.classList.toggle("empty", shown === 0);
  tearButton.hidden = shown === 0 || shown < rows.length;
}

function step(now) {
  passed += (now - last) * (state("power")?.speed ?? 1);
  last = now;
  while (paces.length && passed >= paces[0][1]) {
    passed -= paces.shift()[1];
  }
  const [moving, takes] = paces[0] ?? [0, 1];
  const inside = paces.reduce((sum, [count]) => sum + count, 0) - Math.floor(moving * passed / takes);
  shown = Math.max(shown, rows.length - inside);
  show();
  running = paces.length > 0;
  if (running) requestAnimationFrame(step);
  else toAmount();
}

// a receipt that is out hangs so that its amount is in sight
function toAmount() {
  const amount = state("amount_px");
  if (!amount || shown < rows.length) return;
  const hanging = document.getElementById("paperOut");
  const perDot = canvas.getBoundingClientRect().width / canvas.width;
  const fromMouth = (rows.length - amount[0] - amount[1] / 2) * perDot;
  hanging.scrollTop = Math.min(0, hanging.clientHeight / 2 - fromMouth); // upwards: column-reverse
}
addEventListener("resize", toAmount);
on("amount_px", toAmount);

function feed() {
  paint(canvas);
  if (fresh || document.hidden || matchMedia("(prefers-reduced-motion: reduce)").matches) {
    paces = [];
    shown = rows.length;
    show();
    toAmount();
  } else if (!running && paces.length) {
    running = true;
    document.getElementById("paperOut").scrollTop = 0; // what comes out is watched at the mouth
    [last, passed] = [performance.now(), 0];
    requestAnimationFrame(step);
  }
}

function takeOff() {
  if (rows.length) {
    const kept = document.createElement("canvas");
    paint(kept);
    slips.unshift(kept);
    slips.length = Math.min(slips.length, SLIPS_MAX);
  }
  noPaper();
  dispatchEvent(new CustomEvent("slips"));
}

function noPaper() {
  [rows, paces, shown] = [[], [], 0];
  show();
}

on("log:paper", (entries) => {
  for (const entry of entries) {
    if (entry === null) {
      slips.length = 0;
      noPaper();
      dispatchEvent(new CustomEvent("slips"));
    } else if (entry.torn) {
      takeOff();
    } else {
      const packed = bytes(entry.bits);
      const width = rowBytes();
      for (let y = 0; y < entry.rows; y += 1) rows.push(packed.subarray(y * width, (y + 1) * width));
      paces.push(...entry.paces);
    }
  }
  feed();
  fresh = false;
});
on("connected", (open) => {
  if (!open) return;
  fresh = true;
  slips.length = 0;
  noPaper();
});
on("settings", () => strip.style.setProperty("--width", rowBytes() * 8));

tearButton.addEventListener("click", () => {
  act("tear");
  sounds.tear();
});
addEventListener("visibilitychange", () => rows.length && feed());

// --- kept slips ---

function onWhite(slip, height = slip.height) {
  const white = document.createElement("canvas");
  const edge = 24;
  white.width = slip.width + 2 * edge;
  white.height = height + 2 * edge;
  const context = white.getContext("2d");
  context.fillStyle = "#fdfcf8";
  context.fillRect(0, 0, white.width, white.height);
  context.drawImage(slip, 0, 0, slip.width, height, edge, edge, slip.width, height);
  return white;
}

function save(picture, number) {
  picture.toBlob((blob) => keepFile(blob, `slip-${number}.png`));
}

function look(picture, number) {
  zoomed.replaceChildren(picture);
  document.getElementById("zoomSave").onclick = () => save(picture, number);
  zoom.showModal();
}
canvas.addEventListener("click", () => {
  if (shown) look(onWhite(canvas, shown), slips.length + 1);
});

export function drawSlips(panel) {
  if (!slips.length) {
    panel.replaceChildren(hint(t("noSlips")));
    return;
  }
  panel.replaceChildren(make("ul", { class: "pile" }, ...slips.map((slip, at) => {
    const number = slips.length - at;
    return make("li", {},
      make("button", {
        type: "button", class: "slip", title: t("zoom"),
        "aria-label": `${t("zoom")}: ${t("slip")} ${number}`,
        onclick: () => look(onWhite(slip), number),
      }, slip),
      make("button", { type: "button", onclick: () => save(onWhite(slip), number) }, t("download")));
  })));
}
