/* Reads a receipt's QR code and says what the terminal signed. See firmware/journal/signed_record.py. */
"use strict";

const facts = JSON.parse(document.getElementById("facts").textContent);
const by = (id) => document.getElementById(id);
const BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
// The order of the curve's base point, little-endian: a signature's second half is below it (RFC 8032, 5.1.7).
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const NEVER = 2 ** 53;

const KINDS = {
  S: ["消费", "Sale"], V: ["消费撤销", "Void"], R: ["退货", "Refund"],
  H: ["预授权", "Pre-authorisation"], L: ["预授权撤销", "Void of a pre-authorisation"],
  C: ["预授权完成", "Completion"], D: ["预授权完成撤销", "Void of a completion"],
};
const GIVES_BACK = "VRLD", HOLDS = "HL"; // the letters of what has a minus, and of what moves no money
const STATES = {
  A: ["成功", "Approved"], D: ["拒绝", "Declined"], F: ["失败", "Failed"], O: ["结果未明", "Outcome unknown"],
  W: ["待银行确认", "Not confirmed yet"], P: ["冲正待确认", "Reversal pending"], R: ["已冲正", "Reversed"],
};
const VERDICTS = {
  genuine: ["good", "✓ 真实", "Genuine", "", ""],
  unpaid: ["amber", "! 真实，但交易未成功", "Genuine, but nothing was paid", "", ""],
  undecided: ["amber", "! 真实，但结果尚未确认", "Genuine, but the outcome is not confirmed yet", "", ""],
  held: ["amber", "! 真实，但只是预授权，未扣款", "Genuine, but a pre-authorisation: nothing was paid", "", ""],
  training: ["amber", "! 真实，但是培训，不是交易", "Genuine, but training: not a sale", "", ""],
  altered: ["bad", "✗ 不真实：内容被改动", "Not genuine: altered",
    "终端没有签署这些内容。", "The terminal did not sign this."],
  newer: ["bad", "✗ 无法证实", "Cannot be confirmed",
    "内容被改动，或终端已换用新密钥：请向商户索取新的验证页。",
    "Altered, or the terminal has a newer key: ask the merchant for a newer page."],
  foreign: ["bad", "✗ 不是本店终端的签购单", "Not from this shop's terminal",
    "本页只能验证本店终端的签购单。", "This page can check receipts of this shop's terminal alone."],
  unsigned: ["bad", "✗ 不真实", "Not genuine",
    "内容被改动，或不是本终端所签。", "Altered, or not signed by this terminal."],
  none: ["bad", "✗ 这不是签购单的二维码", "Not the QR code of a receipt", "", ""],
  reading: ["amber", "正在识别…", "Reading…", "", ""],
  unread: ["amber", "! 没有找到二维码", "No QR code found",
    "请靠近些，让二维码占满画面，避免反光。", "Go nearer until the code fills the picture; avoid glare."],
};

/** The bytes of a base 45 text, or null when it is none. See RFC 9285. */
function base45(text) {
  const bytes = [];
  for (let at = 0; at < text.length; at += 3) {
    const digits = [...text.slice(at, at + 3)].map((digit) => BASE45.indexOf(digit));
    const value = digits[0] + digits[1] * 45 + digits[2] * 2025;
    if (digits.length < 3 || Math.min(...digits) < 0 || value > 0xffff) return null;
    bytes.push(value >> 8, value & 255);
  }
  return new Uint8Array(bytes);
}

function fromHex(digits) {
  return new Uint8Array(digits.match(/../g).map((pair) => parseInt(pair, 16)));
}

/** The fields of a QR's text, what was signed and the signature; null when it is no receipt's. */
function parsed(text) {
  const names = Object.hasOwn(facts.fields, text.slice(0, 2)) ? facts.fields[text.slice(0, 2)] : null;
  if (!names) return null;
  const parts = text.split("*");
  if (parts.length <= names.length) return null;
  const told = parts.slice(0, names.length);
  const signature = parts.slice(names.length).join("*"); // its alphabet has stars, too
  const fields = Object.fromEntries(names.map((name, at) => [name, told[at]]));
  return { fields, told: told.join("*"), signature: base45(signature) };
}

const number = (digits) => (/^\d{1,15}$/.test(digits) ? Number(digits) : 0);

/** Whether a key that may speak of this record signed the text. */
function isSigned(receipt) {
  const { signature } = receipt;
  if (!signature || signature.length !== 64) return false;
  let half = 0n;
  for (let at = 63; at >= 32; at -= 1) half = half * 256n + BigInt(signature[at]);
  if (half >= ORDER) return false;
  const message = new TextEncoder().encode(`pos-essence\n${receipt.told}`);
  const record = number(receipt.fields.record);
  return facts.keys.some(({ key }, at) => {
    const replaced = at + 1 < facts.keys.length ? facts.keys[at + 1].from || NEVER : NEVER;
    return record > 0 && record < replaced && nacl.sign.detached.verify(message, signature, fromHex(key));
  });
}

const ownerOf = (fields) =>
  facts.known.find(([merchant, terminal]) => merchant === fields.merchant && terminal === fields.terminal);

/** The verdict on a QR's text and, of a signed one alone, its fields. */
function judged(text) {
  const receipt = parsed(text.replace(/[\r\n]/g, ""));
  if (!receipt) return { verdict: "none" };
  const { fields } = receipt;
  if (!isSigned(receipt)) {
    if (!facts.known.length) return { verdict: "unsigned" };
    if (!ownerOf(fields)) return { verdict: "foreign" };
    return { verdict: number(fields.record) > facts.head ? "newer" : "altered" };
  }
  if (fields.type.endsWith("T")) return { verdict: "training", fields };
  if (fields.version === "P1" && "OW".includes(fields.type[1])) return { verdict: "undecided", fields };
  if (fields.version === "P1" && fields.type[1] !== "A") return { verdict: "unpaid", fields };
  if (fields.version === "P1" && HOLDS.includes(fields.type[0])) return { verdict: "held", fields };
  return { verdict: "genuine", fields };
}

/** Minor units with the currency's label, by its exponent; never a float. */
function money(minor, code) {
  const [label, exponent] = Object.hasOwn(facts.currencies, code) ? facts.currencies[code] : [code, 0];
  const digits = minor.padStart(exponent + 1, "0");
  const point = digits.length - exponent;
  return `${label} ${digits.slice(0, point)}${exponent ? `.${digits.slice(point)}` : ""}`;
}

const moment = ({ date, time }) =>
  `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)} ${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4)}`;

const both = (pair) => (pair ? pair.join(" ") : "?");

/** What was signed, as rows of label, its English, value, and whether it is large. */
function* rows(fields) {
  const owner = ownerOf(fields);
  if (owner) yield ["商户、门店（本页所记）", "Merchant, store (as this page has it)", `${owner[2]}, ${owner[3]}`];
  yield ["商户号", "Merchant no.", fields.merchant];
  yield ["终端号", "Terminal no.", fields.terminal];
  if (fields.version === "P1") yield* transactionRows(fields);
  else yield* settlementRows(fields);
  yield ["记录", "Record", `${fields.record} ${fields.hash}`];
}

function* transactionRows(fields) {
  const [kind, state] = fields.type;
  yield ["类型", "Type", both(KINDS[kind])];
  yield ["金额", "Amount", (GIVES_BACK.includes(kind) ? "- " : "") + money(fields.amount, fields.currency), true];
  yield ["时间", "Time", moment(fields)];
  const answer = fields.response ? ` [${fields.response}]` : "";
  yield ["结果", "Outcome", both(STATES[state]) + answer];
  if (state === "D" && Object.hasOwn(facts.responses, fields.response)) {
    yield ["原因", "Reason", both(facts.responses[fields.response])];
  }
  yield ["批次、凭证号", "Batch, voucher", `${fields.batch} / ${fields.voucher}`];
  if (fields.authorisation) yield ["授权码", "Authorisation", fields.authorisation];
  if (fields.reference) yield ["参考号", "Reference", fields.reference];
}

function* settlementRows(fields) {
  yield ["类型", "Type", "结算单 Settlement slip"];
  const sums = [["sales", "消费", "Sales"], ["voids", "撤销", "Voids"], ["refunds", "退货", "Refunds"],
    ["completions", "预授权完成", "Completions"], ["completion_voids", "预授权完成撤销", "Voids of completions"]];
  for (const [name, chinese, english] of sums) {
    if (!Object.hasOwn(fields, name)) continue;
    yield [chinese, english, `${fields[name]} · ${money(fields[`${name}_minor`], fields.currency)}`];
  }
  yield ["时间", "Time", moment(fields)];
  yield ["批次", "Batch", fields.batch];
  yield ["对账", "Reconciliation", fields.type[0] === "B" ? "平 Balanced" : "不平 Not balanced"];
}

function element(name, text, language) {
  const made = document.createElement(name);
  made.textContent = text;
  if (language) made.lang = language;
  return made;
}

function show({ verdict, fields }) {
  const [tone, chinese, english, advice, adviceEnglish] = VERDICTS[verdict];
  const result = by("result");
  result.className = tone;
  result.dataset.verdict = verdict;
  const head = element("h2", chinese);
  head.append(element("span", english, "en"));
  const parts = [head];
  if (advice) {
    const words = element("p", advice);
    words.append(element("span", adviceEnglish, "en"));
    parts.push(words);
  }
  if (fields) {
    const list = document.createElement("dl");
    for (const [label, labelEnglish, value, large] of rows(fields)) {
      const term = element("dt", label);
      term.append(element("span", labelEnglish, "en"));
      const told = element("dd", value);
      if (large) told.className = "large";
      list.append(term, told);
    }
    parts.push(list);
  }
  result.replaceChildren(...parts);
  result.hidden = false;
  result.scrollIntoView({ block: "nearest" });
}

/* --- reading --- */

const SIZES_PX = [1000, 700, 1600, 500, 2400]; // of the longer edge: a code may be too large or too small
const detector = "BarcodeDetector" in window ? new BarcodeDetector({ formats: ["qr_code"] }) : null;

/** The text of a QR code in a picture or a video's frame, or null. */
async function read(source, width, height, sizes) {
  if (detector) {
    try {
      const [found] = await detector.detect(source);
      if (found) return found.rawValue;
    } catch { /* a browser that has it in name alone */ }
  }
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  for (const size of sizes) {
    const scale = Math.min(1, size / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    context.imageSmoothingQuality = "high"; // averages a camera's noise, and leaves no jagged edges
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    const dots = context.getImageData(0, 0, canvas.width, canvas.height);
    const found = jsQR(dots.data, dots.width, dots.height, { inversionAttempts: "dontInvert" });
    if (found && found.data) return found.data;
    if (scale === 1) break;
  }
  return null;
}

by("photo").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  event.target.value = ""; // the same photo may be chosen again
  if (!file) return;
  let text = null;
  show({ verdict: "reading" });
  await new Promise((shown) => { setTimeout(shown, 50); }); // a large photo takes a second or two
  try {
    const picture = await createImageBitmap(file);
    text = await read(picture, picture.width, picture.height, SIZES_PX);
  } catch { /* no picture */ }
  show(text === null ? { verdict: "unread" } : judged(text));
});

by("photo-label").addEventListener("keydown", (event) => {
  if (event.key === "Enter" || event.key === " ") by("photo").click();
});

by("check").addEventListener("click", () => show(judged(by("text").value.replace(/^\s+/, ""))));

let stream = null;

function stop() {
  if (stream) for (const track of stream.getTracks()) track.stop();
  stream = null;
  by("video").hidden = true;
}

async function scan() {
  if (stream) { stop(); return; }
  const video = by("video");
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    by("scan").hidden = true; // not allowed here: a photo always works
    return;
  }
  video.srcObject = stream;
  video.hidden = false;
  await video.play();
  while (stream) {
    const text = video.videoWidth ? await read(video, video.videoWidth, video.videoHeight, [800]) : null;
    if (text !== null) { stop(); show(judged(text)); return; }
    await new Promise((done) => { setTimeout(done, 150); });
  }
}

by("scan").hidden = !navigator.mediaDevices?.getUserMedia;
by("scan").addEventListener("click", scan);

const [owner] = facts.known;
by("owner").textContent = owner ? `${owner[2]} · ${owner[3]} · ${owner[1]}` : "";
for (const { from, fingerprint } of facts.keys) {
  by("keys").append(element("li", `${fingerprint}${from > 1 ? ` (记录 record ${from}+)` : ""}`));
}
