// Puts the page together: words, theme, time, power, and the connection.

import "./display.js";
import "./keypad.js";
import { drawSlot, drawTray } from "./cards.js";
import { make } from "./make.js";
import { isLink } from "./share.js";
import { playFiles, playLink } from "./story.js";
import { drawWorkbench } from "./workbench.js";
import { language, setLanguage, t, translate } from "./words.js";
import { act, connect, on, send, state } from "./wire.js";

const byId = (id) => document.getElementById(id);

// --- language and theme ---

function speak(name) {
  setLanguage(name);
  localStorage.setItem("pos-language", name);
  translate();
  byId("lang").textContent = name === "zh" ? "EN" : "中";
  byId("lang").lang = name === "zh" ? "en" : "zh";
  drawTray();
  drawSlot();
  drawWorkbench();
  drawPower();
  drawBrand();
  drawNote();
}
const preferred = navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
byId("lang").addEventListener("click", () => speak(language() === "zh" ? "en" : "zh"));

const dark = matchMedia("(prefers-color-scheme: dark)");
function dress(theme) {
  document.documentElement.dataset.theme = theme ?? (dark.matches ? "dark" : "light");
}
dress(localStorage.getItem("pos-theme"));
dark.addEventListener("change", () => dress(localStorage.getItem("pos-theme")));
byId("theme").addEventListener("click", () => {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("pos-theme", next);
  dress(next);
});

// --- time and power ---

for (const button of byId("speeds").children) {
  button.addEventListener("click", () => send({ do: "speed", times: Number(button.dataset.speed) }));
}
byId("power").addEventListener("click", () => {
  act(state("power")?.on ? "power cut" : "power on");
});

function drawPower() {
  const power = state("power") ?? { on: false, speed: 1 };
  for (const button of byId("speeds").children) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.speed) === power.speed));
  }
  byId("power").textContent = power.on ? t("powerCut") : t("powerOn");
  byId("power").setAttribute("aria-pressed", String(power.on));
  byId("led").className = power.on ? "led on" : "led";
  document.body.classList.toggle("off", !power.on);
}
on("power", drawPower);

function drawBrand() {
  const settings = state("settings");
  if (settings) byId("brand").textContent = language() === "zh" ? settings.merchant : settings.merchant_en;
}
on("settings", drawBrand);

// what people would have written down: who may sign on, and with which password
function drawNote() {
  const { operators = [], fresh } = state("settings") ?? {};
  document.getElementById("note").replaceChildren(
    make("b", {}, t(fresh ? "noteFactory" : "note")),
    ...operators.map((one) => make("span", { "data-operator": one.number },
      `${t(one.number === "00" ? "supervisor" : "cashier")} ${one.number}: `,
      make("code", {}, one.password))));
}
on("settings", drawNote);

// --- what is said to people ---

let noticed = null;
let hide = 0;
function toast(words) {
  byId("toast").textContent = words;
  byId("toast").hidden = false;
  clearTimeout(hide);
  hide = setTimeout(() => { byId("toast").hidden = true; }, 5000);
}
on("notice", (notice) => {
  if (noticed !== null && notice.words && notice.count !== noticed) toast(notice.words);
  noticed = notice.count;
});
on("said", toast);
on("connected", (open) => {
  noticed = null;
  byId("status").textContent = open ? "" : t("lost");
  document.body.classList.toggle("lost", !open);
});

on("refused", () => { byId("status").textContent = t("noToken"); });

// --- a scenario dropped on the page ---

let over = 0;
const carriesFile = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragenter", (event) => {
  if (!carriesFile(event)) return;
  over += 1;
  byId("drop").hidden = false;
});
addEventListener("dragleave", () => {
  over = Math.max(0, over - 1);
  if (!over) byId("drop").hidden = true;
});
addEventListener("dragover", (event) => carriesFile(event) && event.preventDefault());
addEventListener("drop", (event) => {
  over = 0;
  byId("drop").hidden = true;
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  playFiles(event.dataTransfer.files);
});

// --- a scenario in the address ---

function openShared() {
  const link = location.href;
  if (!isLink(link)) return;
  history.replaceState(null, "", location.pathname + location.search); // once, not at each reload
  playLink(link);
}
addEventListener("hashchange", () => state("steps") !== undefined && openShared());
let first = true;
on("steps", () => {
  if (first) openShared();
  first = false;
});

speak(localStorage.getItem("pos-language") ?? preferred);
connect();
