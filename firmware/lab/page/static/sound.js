// A key's click, and the terminal's own beeps. Nothing sounds before the first touch.

import { on } from "./wire.js";

let audio = null;
let muted = localStorage.getItem("pos-muted") === "1";

function tone(hertz, ms, loud, kind = "square") {
  if (muted) return;
  audio ??= new AudioContext();
  const gain = audio.createGain();
  const source = audio.createOscillator();
  const end = audio.currentTime + ms / 1000;
  source.type = kind;
  source.frequency.value = hertz;
  gain.gain.setValueAtTime(loud, audio.currentTime);
  gain.gain.exponentialRampToValueAtTime(0.0001, end);
  source.connect(gain).connect(audio.destination);
  source.start();
  source.stop(end);
}

export const sounds = {
  key: () => tone(1900, 28, 0.05, "triangle"),
  card: () => tone(240, 60, 0.08, "sine"),
  tear: () => tone(520, 120, 0.04, "sawtooth"),
};

let heard = null;
on("beep", ([count, ms]) => {
  if (heard !== null && count !== heard) tone(2400, ms, 0.06);
  heard = count;
});

const button = document.getElementById("sound");
function show() {
  button.setAttribute("aria-pressed", String(!muted));
  button.classList.toggle("mute", muted);
}
button.addEventListener("click", () => {
  muted = !muted;
  localStorage.setItem("pos-muted", muted ? "1" : "0");
  show();
});
show();
