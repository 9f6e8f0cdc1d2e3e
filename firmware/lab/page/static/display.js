// The OLED: each pixel of the chip's memory is one pixel of the canvas.

import { bytes, on } from "./wire.js";

const WIDTH = 128;
const HEIGHT = 64;
const canvas = document.getElementById("display");
const context = canvas.getContext("2d");
const picture = context.createImageData(WIDTH, HEIGHT);

function draw({ bits, lit, contrast }) {
  const packed = bytes(bits);
  const light = lit ? Math.round(120 + (135 * contrast) / 255) : 0;
  for (let i = 0; i < WIDTH * HEIGHT; i += 1) {
    const set = packed[i >> 3] & (0x80 >> (i & 7));
    picture.data[4 * i] = set ? light * 0.72 : 0;
    picture.data[4 * i + 1] = set ? light * 0.95 : 0;
    picture.data[4 * i + 2] = set ? light : 0;
    picture.data[4 * i + 3] = set ? 255 : 0;
  }
  context.putImageData(picture, 0, 0);
  canvas.classList.toggle("dark", !lit);
  canvas.dispatchEvent(new CustomEvent("drawn"));
}

// a clock or a countdown that moved on is no news to who listens
const still = (text) => text.replace(/\d+ ?(s\b|秒)|\d\d:\d\d/g, "");

on("display", (shown) => {
  draw(shown);
  canvas.dataset.text = shown.text;
  const said = document.getElementById("said");
  if (still(said.textContent) !== still(shown.text)) said.textContent = shown.text;
});
