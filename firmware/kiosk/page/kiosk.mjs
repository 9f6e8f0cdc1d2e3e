// The shop of a touch screen: start, order, pay, result, and back to the start by itself.
// The payment is kept in localStorage before it is asked for: after a reload or a crash the same
// request is sent again, and gives the same payment.

import { byId, element, money, paper, redraw, speak, view } from "./parts.mjs";
import { Refused, Terminal, pause } from "./terminal.mjs";
import { LANGUAGES, TEXTS } from "./texts.mjs";

const KEPT = "kiosk.payment", FRESH_MS = 50_000, RECENT_MS = 300_000; // an order expires after 60 s
const LOOK_MS = 3_000, AGAIN_MS = 1_000, BUSY_MS = 20_000, AWAY_TIMES = 3;
const ROOT = "/kiosk", MOST = 99;

const terminal = new Terminal(`${ROOT}/v1`);
const basket = new Map(); // goods' ids with how many of each
let shop = null, language = "zh_CN", touchedAt = performance.now(), away = 0, cancelling = false;
let ready = false; // to show a view: a payment of before is taken up
let noPaper = false, paying = null, ended = null; // what is kept of the payment under way, and how it ended

const text = (key) => TEXTS[language][key];
const named = (good) => good.names[language];
const chosen = () => shop.goods.filter((good) => basket.has(good.id));
const total = () => chosen().reduce((sum, good) => sum + good.price_minor * basket.get(good.id), 0);

// -- start and order -----------------------------------------------------------------------------

function draw() {
  speak(language);
  const other = language === "en" ? "zh_CN" : "en";
  byId("language").textContent = LANGUAGES[other];
  byId("language").lang = other.replace("_", "-");
  if (!shop) return;
  document.title = byId("merchant").textContent = byId("start-title").textContent = shop.name[language];
  byId("show").replaceChildren(...shop.goods.filter((good) => good.picture).slice(0, 3).map(pictureOf));
  const categories = Map.groupBy(shop.goods, (good) => good.category[language]);
  redraw(byId("goods"), [...categories].flatMap(([category, goods]) => [
    ...(category ? [element("h2", { textContent: category })] : []),
    element("ul", {}, ...goods.map((good) => element("li", {}, buttonOf(good)))),
  ]));
  drawBasket();
  if (paying) {
    byId("pay").querySelector("[data-total]").textContent = money(paying.total, shop);
    tell(byId("todo").dataset.state);
  }
  if (ended) drawResult();
}

function pictureOf(good) {
  return good.picture
    ? element("img", { src: `${ROOT}/pictures/${good.id}`, alt: "" })
    : element("span", { className: "initial", "aria-hidden": "true", textContent: named(good)[0] });
}

function buttonOf(good) {
  return element("button", { type: "button", onclick: () => change(good, 1), "data-key": good.id },
    pictureOf(good),
    element("span", { className: "name", textContent: named(good) }),
    element("span", { className: "price", textContent: money(good.price_minor, shop) }));
}

function change(good, by) {
  const count = Math.min(MOST, (basket.get(good.id) ?? 0) + by);
  if (count > 0) basket.set(good.id, count);
  else basket.delete(good.id);
  say("");
  drawBasket();
}

function drawBasket() {
  const step = (good, by, sign, words) => element("button", {
    type: "button", className: "step", textContent: sign, onclick: () => change(good, by),
    "data-key": `${sign}${good.id}`, "aria-label": `${text(words)}: ${named(good)}`,
  });
  redraw(byId("lines"), chosen().map((good) => element("li", {},
    element("span", { className: "name", textContent: named(good) }),
    step(good, -1, "−", "less"),
    element("span", { className: "count", textContent: basket.get(good.id) }),
    step(good, 1, "+", "more"),
    element("span", { className: "price", textContent: money(good.price_minor * basket.get(good.id), shop) }),
  )), byId("order-title"));
  byId("nothing").hidden = basket.size > 0;
  byId("pay-now").disabled = basket.size === 0;
  byId("total").textContent = money(total(), shop);
}

function say(words) {
  byId("notice").hidden = !words;
  byId("notice").textContent = words;
}

function home() {
  basket.clear();
  paying = ended = null;
  localStorage.removeItem(KEPT);
  language = shop.language;
  say("");
  draw();
  view.show("start");
}

// -- pay -----------------------------------------------------------------------------------------

function begin() {
  const items = chosen().map((good) => ({ item: good.id, quantity: basket.get(good.id) }));
  // 128 random bits: whoever has the id may see the receipt
  const id = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  pay({ id, order: { items, language }, total: total(), at: Date.now() });
}

async function pay(kept) {
  localStorage.setItem(KEPT, JSON.stringify(kept));
  [paying, ended, cancelling] = [kept, null, false];
  byId("todo").dataset.state = "asking";
  draw();
  view.show("pay");
  const busyUntil = performance.now() + BUSY_MS;
  try {
    for await (const payment of terminal.follow(kept.id, kept.order)) {
      if (payment?.state === "busy" && (cancelling || performance.now() > busyUntil)) throw payment.refused;
      if (cancelling && payment && !payment.final) stop(); // again: an answer may have been lost
      tell(payment?.state ?? "lost");
      if (payment?.final || payment?.state === "reversing") return finish(payment);
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error; // a bug of ours: see `begunAgain`
    backToOrder(error);
  }
}

/** What to do now, by the payment's state. */
function tell(state) {
  const [words, step] = {
    asking: ["asking", 0], busy: ["busy", 0], lost: ["lost", 0], taken: ["check", 1], shown: ["check", 1],
    agreed: ["insert", 2], card: ["pin", 2], authorising: ["wait", 3], unknown: ["unknown", 3],
  }[state] ?? ["wait", 3];
  const early = step < 3 && state !== "lost";
  byId("todo").textContent = cancelling ? text(early ? "cancelling" : "tooLate") : text(words);
  byId("todo").dataset.state = state;
  byId("cancel").disabled = cancelling || !early;
  [...byId("steps").children].forEach((item, index) => { item.className = index + 1 === step ? "now" : ""; });
}

function stop() {
  cancelling = true;
  tell(byId("todo").dataset.state);
  terminal.ask("POST", `/payments/${paying.id}/cancel`).catch(() => {}); // asked again by the loop
}

function backToOrder(error) {
  const changed = error.kind === "goods-changed";
  localStorage.removeItem(KEPT);
  paying = null;
  if (changed) basket.clear();
  say(changed ? text("changed") : error.texts[language]);
  if (changed) load();
  touchedAt = performance.now();
  view.show("order");
}

// -- result --------------------------------------------------------------------------------------

function finish(payment) {
  touchedAt = performance.now();
  ended = payment;
  byId("print").disabled = false;
  drawResult();
  view.show("result");
}

function drawResult() {
  const paid = ["approved", "voided", "refunded"].includes(ended.state);
  // what a customer can do about it comes first
  const why = {
    "card-pulled": "pulled", "card-over-limit": "cardLimit", "power-lost": "begunAgain", "out-of-service": "stopped",
  }[ended.cause];
  const [title, ...details] = paid
    ? ["approved", "takeCard", { print: "takeReceipt", ask: "askReceipt" }[shop.receipts]]
    : {
      declined: ["declined", "contact"], expired: ["expired", "notCharged"],
      failed: ["failed", why, "notCharged"], cancelled: ["cancelled", why, "notCharged"],
      reversing: ["failed", why, "reversing"], reversed: ["failed", why, "reversed"],
    }[ended.state];
  if (paid && noPaper) details.splice(1, 1, "noPaper");
  if (!paid && ended.card && why !== "pulled") details.unshift("takeCard");
  const codes = paid
    ? [`${text("voucher")} ${ended.voucher}`]
    : ended.response_code ? [`${text("code")} ${ended.response_code}`] : [];
  byId("result").dataset.paid = paid;
  byId("mark").textContent = paid ? "✓" : "✕";
  byId("result-title").textContent = text(title);
  byId("result").querySelector("[data-total]").textContent = money(ended.amount_minor, shop);
  const between = language === "zh_CN" ? "" : " "; // a Chinese full stop brings its own
  byId("detail").textContent = [...details.filter(Boolean).map(text), ...codes].join(between);
  byId("look").hidden = !paid;
  byId("print").hidden = !paid || shop.receipts !== "till" || noPaper;
  byId("again").hidden = paid || basket.size === 0;
}

async function lookAtReceipt() {
  const asked = ended; // by the time of the answer its customer may have left
  try {
    const { lines, qr } = await terminal.ask("GET", `/payments/${asked.id}/receipt`);
    if (ended !== asked) return;
    const place = `${ROOT}/v1/payments/${asked.id}/qr`;
    byId("paper").replaceChildren(...paper(lines, qr && element("img", { src: place, alt: text("qr"), className: "qr" })));
    byId("receipt").showModal();
  } catch (error) {
    if (ended === asked) byId("detail").textContent = error.texts?.[language] ?? text("lost");
  }
}

async function print() {
  const asked = ended;
  byId("print").disabled = true;
  try {
    await terminal.ask("POST", `/payments/${asked.id}/print`);
    if (ended === asked) byId("detail").textContent = text("printed");
  } catch (error) {
    if (ended !== asked) return;
    byId("detail").textContent = error.texts?.[language] ?? text("lost");
    byId("print").disabled = false;
  }
}

// -- by itself: service, time-outs, coming up ----------------------------------------------------

async function look() {
  try {
    if (!shop) await load();
    if (!ready) await reattach(); // before any view: nobody begins an order during a payment
    ready = true;
    const standing = await terminal.ask("GET", "/terminal");
    away = standing.in_service && standing.ready ? 0 : away + (standing.in_service ? 1 : AWAY_TIMES);
    for (const place of document.querySelectorAll('[data-if="no-paper"]')) place.hidden = standing.paper;
    if (noPaper === standing.paper) {
      noPaper = !standing.paper;
      if (ended) drawResult();
    }
  } catch {
    away += 1;
  }
  if (view.name === "pay" || view.name === "result") return;
  if (away >= AWAY_TIMES) view.show("closed");
  else if (ready && view.name !== "start" && view.name !== "order") view.show(basket.size ? "order" : "start");
}

/** Begin anew when a customer has left; who only hesitates is asked first. */
function tick() {
  const quietS = Math.floor((performance.now() - touchedAt) / 1000), limitS = shop?.timeout_s;
  if (!shop || quietS < limitS) return;
  if (view.name === "closed") basket.clear();
  if (view.name === "result" || (view.name === "order" && quietS >= 2 * limitS)) home();
  if (view.name !== "order") return;
  byId("left").textContent = text("left")(2 * limitS - quietS);
  if (!byId("still").open) byId("still").showModal();
}

/** What there is to sell; a customer's basket keeps what is still sold. */
async function load() {
  const first = !shop;
  shop = await terminal.ask("GET", "/shop");
  if (first) language = shop.language;
  for (const id of basket.keys()) if (!shop.goods.some((good) => good.id === id)) basket.delete(id);
  draw();
}

/** Take up the payment of before a reload or crash. */
async function reattach() {
  const kept = JSON.parse(localStorage.getItem(KEPT) ?? "null");
  const age = Date.now() - kept?.at;
  if (!(age >= 0 && age < RECENT_MS)) return localStorage.removeItem(KEPT); // of another customer
  language = kept.order.language;
  for (const { item, quantity } of kept.order.items) {
    if (shop.goods.some((good) => good.id === item)) basket.set(item, quantity);
  }
  if (age <= FRESH_MS || await isKnown(kept.id)) pay(kept);
  else home(); // what a customer wanted a while ago is not begun now
}

async function isKnown(id) {
  try {
    return Boolean(await terminal.ask("GET", `/payments/${id}`));
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

function touched() {
  touchedAt = performance.now();
  if (byId("still").open) byId("still").close();
}

/** After a bug the page is loaded anew, and takes up its payment; not too often. */
function begunAgain() {
  setTimeout(() => location.reload(), 5_000);
}

async function run() {
  for (const event of ["error", "unhandledrejection"]) addEventListener(event, begunAgain);
  for (const event of ["pointerdown", "keydown", "wheel"]) addEventListener(event, touched);
  byId("language").onclick = () => { language = language === "en" ? "zh_CN" : "en"; draw(); };
  byId("begin").onclick = () => view.show("order");
  byId("leave").onclick = byId("done").onclick = home;
  byId("pay-now").onclick = byId("again").onclick = begin;
  byId("cancel").onclick = stop;
  byId("look").onclick = lookAtReceipt;
  byId("print").onclick = print;
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.querySelector("button").onclick = () => dialog.close();
  }
  draw();
  setInterval(tick, 1000);
  for (;;) {
    await look();
    await pause(shop ? LOOK_MS : AGAIN_MS);
  }
}

run();
