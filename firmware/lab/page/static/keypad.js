// Sixteen keys, by mouse, finger and keyboard. A key is down as long as it is held, never longer.

import { make } from "./make.js";
import { sounds } from "./sound.js";
import { on, send } from "./wire.js";

const KEYS = [
  ["1", "1"], ["2", "2"], ["3", "3"], ["CANCEL", "取消", "CANCEL"],
  ["4", "4"], ["5", "5"], ["6", "6"], ["BACK", "退格", "BACK"],
  ["7", "7"], ["8", "8"], ["9", "9"], ["MENU", "菜单", "MENU"],
  ["*", "*", "00 ▲"], ["0", "0"], ["#", "#", "▼"], ["ENTER", "确认", "ENTER"],
];
const FROM_KEYBOARD = {
  Enter: "ENTER", Escape: "CANCEL", Backspace: "BACK", m: "MENU", M: "MENU", "*": "*", "#": "#",
  ArrowUp: "*", ArrowDown: "#",
};
const pad = document.getElementById("keypad");
const buttons = new Map();
const held = new Set();

function down(key) {
  if (held.has(key)) return;
  held.add(key);
  buttons.get(key).classList.add("down");
  send({ do: "down", key });
  sounds.key();
}

function up(key) {
  if (!held.delete(key)) return;
  buttons.get(key).classList.remove("down");
  send({ do: "up", key });
}

const upAll = () => [...held].forEach(up);

for (const [key, main, small] of KEYS) {
  const button = make("button", {
    type: "button", class: `key key-${key.toLowerCase()}`, "data-key": key,
    "aria-label": small ? `${main} ${small}` : main,
  }, make("b", {}, main), make("small", {}, small ?? ""));
  button.addEventListener("pointerdown", (event) => {
    button.setPointerCapture(event.pointerId);
    down(key);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    button.addEventListener(name, () => up(key));
  }
  // a screen reader's click, or the space bar, without a pointer
  button.addEventListener("click", (event) => {
    if (event.detail === 0) { down(key); up(key); }
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  buttons.set(key, button);
  pad.append(button);
}

const keyOf = (event) => (/^[0-9]$/.test(event.key) ? event.key : FROM_KEYBOARD[event.key]);

function isElsewhere(event) {
  const at = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) {
    return true;
  }
  if (at.matches?.("input, select, textarea, [role=tab]")) return true;
  // Enter on a focused control means that control; on a key of the pad it is ENTER
  return event.key === "Enter" && at.matches?.("button:not(.key), a, summary");
}

addEventListener("keydown", (event) => {
  const key = keyOf(event);
  if (!key || isElsewhere(event)) return;
  event.preventDefault();
  if (event.repeat) return;
  upAll(); // who types fast has the next key down before the last is up; the pad takes one alone
  down(key);
});
addEventListener("keyup", (event) => {
  const key = keyOf(event);
  if (key) up(key);
});
// after a click the keyboard is the keypad's again: Enter must not pull out the card just put in
addEventListener("click", (event) => {
  const at = document.activeElement;
  if (event.detail > 0 && at?.matches("button:not([role=tab]), summary, a, [type=radio]") && !at.closest("dialog")) at.blur();
});
addEventListener("blur", upAll);
document.addEventListener("visibilitychange", () => document.hidden && upAll());

on("keys", (pressed) => {
  for (const [key, button] of buttons) button.classList.toggle("lit", pressed.includes(key));
});
on("connected", () => { held.clear(); });
