// Stories: what was done here as a scenario, to keep, to share, and to watch again.

import { ask, hint, keepFile, make } from "./make.js";
import { BadLink, isLink, linkOf, NAME, STORY_MAX, textOf } from "./share.js";
import { language, t } from "./words.js";
import { on, send, state, tell } from "./wire.js";

const STORY_FILES_MAX = 20;
let wanted = null; // what the recording that was asked for is to become; it is told to all pages

const isTouched = () => (state("steps") ?? 0) > (state("settings")?.steps ?? 0);

// whatever begins a fresh terminal asks first, where something would be given up
export async function mayReplace(words, yes) {
  if (!isTouched()) return true;
  const lost = t(state("settings")?.place?.kept ? "askKept" : "askLost");
  return ask(`${words} ${lost}`, yes);
}

async function playText(name, text, others = {}) {
  if ([text, ...Object.values(others)].some((each) => each.length > STORY_MAX)) {
    tell("said", t("hugeStory"));
  } else if (!/^\s*[^#\s]/m.test(text)) {
    tell("said", t("emptyStory"));
  } else if (await mayReplace(t("askPlay").replace("{name}", name), t("play"))) {
    send({ do: "play", name, text, files: others });
  }
}

// of several files the one that no other includes is played
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
  await playText(name, text, others);
}

// A link comes from anybody: what is in it is shown before it is played.
export async function playLink(link) {
  try {
    const text = await textOf(link);
    const lines = text.split("\n").filter((line) => /^\s*[^#\s]/.test(line));
    const head = lines.slice(0, 6).join("\n") + (lines.length > 6 ? "\n…" : "");
    const lost = isTouched() ? t("askLost") : "";
    const words = t("askLink").replace("{count}", lines.length);
    if (lines.length === 0) tell("said", t("emptyStory"));
    else if (await ask(`${words} ${lost}\n\n${head}`, t("play"))) {
      send({ do: "play", name: NAME, text, files: {} });
    }
  } catch (fault) {
    if (!(fault instanceof BadLink)) throw fault;
    tell("said", t(fault.message));
  }
}

function playing() {
  const play = state("play");
  if (!play) return [];
  const parts = [make("p", { class: "line" }, make("code", {}, play.line))];
  if (play.end) parts.push(make("p", { class: `end ${play.end}` }, t(play.end)));
  else parts.push(make("button", { type: "button", onclick: () => send({ do: "stop" }) }, t("stop")));
  return [make("div", { class: "playing" },
    make("p", {}, make("b", {}, play.name), ` ${play.at}/${play.total}`),
    make("progress", { max: play.total, value: play.at }), ...parts)];
}

function want(what) {
  wanted = what;
  send({ do: "save" });
}

export function drawStory(panel) {
  const typed = panel.querySelector("#pasted");
  if (typed && (typed.value || typed === document.activeElement)) {
    panel.querySelector(".playing")?.remove(); // what somebody types stays as it is
    typed.closest("div").before(...playing());
    return;
  }
  const file = make("input", { type: "file", accept: ".pos,text/plain", multiple: "", hidden: "" });
  file.addEventListener("change", () => file.files.length && playFiles(file.files));
  const pasted = make("input", { id: "pasted", "aria-label": t("pasteLink"), placeholder: t("pasteLink") });
  const open = () => {
    const text = pasted.value;
    pasted.value = "";
    pasted.blur();
    if (isLink(text)) playLink(text);
    else tell("said", t("badLink"));
  };
  pasted.addEventListener("keydown", (event) => event.key === "Enter" && open());
  panel.replaceChildren(make("div", {}, ...playing(),
    make("p", { class: "row" },
      make("button", { type: "button", id: "save", onclick: () => want("file") }, t("save")),
      make("button", { type: "button", id: "share", onclick: () => want("link") }, t("share")),
      make("span", { class: "count" }, `${state("steps") ?? 0} ${t("steps")}`)),
    make("p", { class: "shared", id: "shared", hidden: "" }),
    make("h3", {}, t("watch")),
    make("p", { class: "row" },
      make("button", { type: "button", onclick: () => file.click() }, t("open")), file),
    make("p", { class: "row paste" }, pasted,
      make("button", { type: "button", id: "playPasted", onclick: open }, t("play"))),
    hint(t("dropHint")), make("p", { class: "hint keyboard" }, t("keysHint"))));
  panel.lang = language();
}

async function showLink(text) {
  const place = document.getElementById("shared");
  if (!place) return;
  try {
    const link = await linkOf(text);
    const field = make("input", { readonly: "", value: link, id: "link", "aria-label": t("share") });
    place.replaceChildren(t("shareHow"), " ", field);
    place.hidden = false;
    field.select();
    await navigator.clipboard?.writeText(link).then(() => tell("said", t("copied")), () => {});
  } catch (fault) {
    if (!(fault instanceof BadLink)) throw fault;
    tell("said", t(fault.message));
  }
}

on("recording", (recording) => {
  const what = wanted;
  wanted = null;
  if (what === "file") keepFile(new Blob([recording.text], { type: "text/plain" }), "bench.pos");
  if (what === "link") showLink(recording.text);
});
