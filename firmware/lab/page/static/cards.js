// The tray of cards and the reader's slot: click or drag in, click or drag out.

import { make } from "./make.js";
import { sounds } from "./sound.js";
import { t } from "./words.js";
import { act, on, state } from "./wire.js";

const list = document.getElementById("cards");
const slot = document.getElementById("slot");
const inserted = document.getElementById("inserted");
const SCHEMES = {
  unionpay: "UnionPay", visa: "VISA", mastercard: "mastercard", amex: "AMEX", jcb: "JCB",
  discover: "Discover", store: "幸福小店",
};

function face(card) {
  return make("div", { class: `card ${card.scheme}`, title: card.about },
    make("span", { class: "chip", "aria-hidden": "true" }),
    make("b", { class: "scheme" }, SCHEMES[card.scheme] ?? card.label),
    make("span", { class: "name" }, card.name),
    make("span", { class: "pan" }, `•••• ${card.tail}`),
    make("span", { class: "pin" }, card.pin ? `${t("pinNote")} ${card.pin}` : t("noPin")));
}

function putIn(name) {
  if (state("slot") === name) return;
  if (state("slot")) {
    act("remove");
    setTimeout(() => putIn(name), 350); // it has to be seen that one is out
    return;
  }
  act(`insert ${name}`);
  sounds.card();
}

function pullOut() {
  if (!state("slot")) return;
  act("remove");
  sounds.card();
}

function drag(element, name, isIn) {
  let from = null;
  let ghost = null; // what follows the pointer: the tray would clip the card itself
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType === "touch") return; // a finger scrolls, or taps
    from = [event.clientX, event.clientY];
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [dx, dy] = [event.clientX - from[0], event.clientY - from[1]];
    if (!ghost) {
      if (Math.hypot(dx, dy) < 8) return;
      const box = element.firstChild.getBoundingClientRect();
      ghost = element.firstChild.cloneNode(true);
      ghost.classList.add("ghost");
      ghost.style.left = `${box.left}px`;
      ghost.style.top = `${box.top}px`;
      document.body.append(ghost);
      element.classList.add("dragged");
    }
    ghost.style.transform = `translate(${dx}px, ${dy}px) rotate(${dx / 80}deg)`;
    slot.classList.toggle("ready", !isIn && over(event));
  });
  const end = (event) => {
    if (!from) return;
    from = null;
    slot.classList.remove("ready");
    element.classList.remove("dragged");
    if (!ghost) return;
    ghost.remove();
    ghost = null;
    element.dataset.moved = "1"; // the click that follows is none
    setTimeout(() => delete element.dataset.moved, 0);
    if (event.type === "pointercancel") return;
    if (isIn && !over(event)) pullOut();
    if (!isIn && over(event)) putIn(name);
  };
  element.addEventListener("pointerup", end);
  element.addEventListener("pointercancel", end);
  element.addEventListener("dragstart", (event) => event.preventDefault());
}

function over(event) {
  const box = slot.getBoundingClientRect();
  return event.clientX > box.left - 30 && event.clientX < box.right + 30
    && event.clientY > box.top - 60 && event.clientY < box.bottom + 30;
}

export function drawTray() {
  const settings = state("settings");
  if (!settings) return;
  list.replaceChildren(...settings.cards.map((card) => {
    const button = make("button", {
      type: "button", class: "pick", "data-card": card.name,
      "aria-label": `${t("insert")} ${card.name}, ${card.about}`,
    }, face(card));
    button.addEventListener("click", (event) => {
      if (button.dataset.moved) return;
      if (event.detail === 0) document.getElementById("keypad").focus(); // Enter is ENTER again
      if (state("slot") === card.name) pullOut();
      else putIn(card.name);
    });
    drag(button, card.name, false);
    return make("li", {}, button);
  }));
  drawSlot();
}

export function drawSlot() {
  const name = state("slot");
  const card = state("settings")?.cards.find((one) => one.name === name);
  slot.classList.toggle("full", Boolean(card));
  for (const one of list.querySelectorAll(".pick")) {
    one.classList.toggle("gone", one.dataset.card === name);
  }
  if (inserted.firstChild?.dataset.card === name && card) return;
  inserted.replaceChildren();
  if (!card) return;
  const button = make("button", {
    type: "button", class: "pulled", "data-card": name, title: t("pull"),
    "aria-label": `${t("pull")}: ${name}`,
  }, face(card));
  button.addEventListener("click", () => { if (!button.dataset.moved) pullOut(); });
  drag(button, name, true);
  inserted.append(button);
}

on("settings", drawTray);
on("slot", drawSlot);
