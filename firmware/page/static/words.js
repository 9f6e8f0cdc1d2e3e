// Every word of the page, in English and Chinese. `t` gives a word, `translate` fills the page.

const WORDS = {
  title: ["POS terminal", "POS 终端"],
  skip: ["To the keypad", "跳到键盘"],
  speed: ["How fast time passes", "时间快慢"],
  powerCut: ["Cut power", "断电"],
  powerOn: ["Power on", "上电"],
  sound: ["Sound", "声音"],
  theme: ["Dark or light", "深色或浅色"],
  lang: ["切换到中文", "Switch to English"],
  tray: ["Cards", "卡片"],
  trayHint: ["Drag a card to the reader, or click it.", "把卡拖到读卡器，或点击插卡。"],
  device: ["Terminal", "终端"],
  paper: ["Printed paper", "打印的签购单"],
  screen: ["The terminal's display", "终端屏幕"],
  keypad: ["Keypad", "键盘"],
  slot: ["Card reader", "读卡器"],
  pull: ["Pull the card out", "拔卡"],
  insert: ["Insert", "插入"],
  inReader: ["in the reader", "在读卡器中"],
  tear: ["Tear off", "撕下"],
  workbench: ["Workbench", "工作台"],
  tabPaper: ["Slips", "签购单"],
  tabTrace: ["Card", "卡交互"],
  tabJournal: ["Journal", "流水"],
  tabBooks: ["Host", "主机"],
  tabFaults: ["Faults", "故障"],
  tabRecord: ["Story", "剧本"],
  noTrace: ["Put a card in during a sale: every command and its answer appears here, decoded.",
    "在消费中插卡，每条指令和应答都会在此解码显示。"],
  noSlips: ["What you tear off is kept here.", "撕下的签购单保留在此。"],
  download: ["Save as PNG", "存为 PNG"],
  zoom: ["Look closer", "放大"],
  close: ["Close", "关闭"],
  slip: ["Slip", "签购单"],
  batch: ["Batch", "批次"],
  sales: ["Sales", "消费"],
  voids: ["Voids", "撤销"],
  refunds: ["Refunds", "退货"],
  owed: ["Owed", "待办"],
  reversals: ["reversals", "笔冲正"],
  papers: ["slips", "张签购单"],
  noRows: ["No transactions yet. Key an amount and press ENTER.", "还没有交易。输入金额后按确认键。"],
  records: ["Records, each signed and chained to the one before", "记录：逐条签名，环环相扣"],
  voucher: ["Voucher", "凭证号"],
  time: ["Time", "时间"],
  kind: ["Type", "类型"],
  amount: ["Amount", "金额"],
  card: ["Card", "卡号"],
  state: ["State", "状态"],
  note: ["Note", "备注"],
  account: ["Account", "账户"],
  reference: ["Reference", "参考号"],
  balanced: ["Books and journal agree, account by account.", "账簿与流水逐户相符。"],
  spent: ["Spent", "已用"],
  noBooks: ["The host has heard of nothing yet.", "主机还没有收到任何交易。"],
  faultsHint: ["Break something, and watch what the terminal does.", "弄坏点什么，看终端怎么办。"],
  clear: ["Mend", "修复"],
  settings: ["A fresh terminal", "全新终端"],
  settingsHint: ["Empty journal, full accounts, and these settings:", "空流水、满余额，并按以下设置："],
  setLanguage: ["Language", "语言"],
  setProfile: ["Profile", "模式"],
  counter: ["Counter", "柜台"],
  kiosk: ["Kiosk", "自助"],
  setPaper: ["Paper", "纸宽"],
  setTestAmounts: ["Cents name the host's answer", "金额尾数即应答码"],
  start: ["Start afresh", "重新开始"],
  recordHint: ["Everything done here is written down. Saved, it is a scenario that pos play repeats.",
    "这里的每一步都被记下。存成剧本后，pos play 可以原样重演。"],
  save: ["Save the story", "保存剧本"],
  open: ["Play a story…", "播放剧本…"],
  dropHint: ["Or drop a .pos file anywhere on the page, together with those it includes.",
    "也可以把 .pos 文件（连同它包含的文件）拖到页面上。"],
  dropHere: ["Drop the scenario to watch it", "松开即播放剧本"],
  steps: ["steps so far", "步"],
  stop: ["Stop", "停止"],
  held: ["The story holds: every expectation was met.", "剧本成立：全部期望都满足。"],
  stopped: ["Stopped. The terminal stays as it stands.", "已停止，终端保持现状。"],
  failed: ["The story does not hold", "剧本不成立"],
  keysHint: ["Keyboard: digits, Enter, Esc = CANCEL, Backspace = BACK, m = MENU, * and #",
    "键盘：数字、Enter 确认、Esc 取消、Backspace 退格、m 菜单、* 和 #"],
  lost: ["The connection is lost; trying again…", "连接已断开，正在重试…"],
  on: ["on", "已上电"],
  off: ["power cut", "已断电"],
  pinNote: ["PIN", "密码"],
  noPin: ["Signature", "签名"],
  bytes: ["bytes", "字节"],
};

export const FAULT_WORDS = {
  printer: ["Printer", "打印机"], reader: ["Reader", "读卡器"], card: ["Card", "卡片"],
  display: ["Display", "屏幕"], key: ["Key", "按键"], host: ["Host", "主机"],
  disk: ["Disk", "磁盘"], clock: ["Clock", "时钟"],
  "paper-out": ["out of paper", "缺纸"], "cover-open": ["cover open", "开盖"],
  offline: ["unplugged", "断开"], "dies-after": ["dies after N bytes", "N 字节后失联"],
  unplugged: ["unplugged", "拔掉"], "pull-at": ["pulled at command N", "第 N 条指令时拔出"],
  mute: ["mute", "无应答"], lost: ["lost", "失联"], stuck: ["stuck", "卡住"],
  silent: ["takes it, is silent", "收到不答"], down: ["not reachable", "不可达"],
  garbage: ["answers garbage", "答非所问"], full: ["full", "已满"], jump: ["jumps", "跳变"],
};

let index = 0;

export const language = () => (index ? "zh" : "en");
export const setLanguage = (name) => { index = name === "zh" ? 1 : 0; };
export const t = (key) => (WORDS[key] ? WORDS[key][index] : key);
export const faultWord = (key) => (FAULT_WORDS[key] ? FAULT_WORDS[key][index] : key);

export function translate(root = document) {
  document.documentElement.lang = index ? "zh-CN" : "en";
  document.title = t("title");
  for (const one of root.querySelectorAll("[data-t]")) one.textContent = t(one.dataset.t);
  for (const one of root.querySelectorAll("[data-label]")) {
    one.setAttribute("aria-label", t(one.dataset.label));
    if (one.tagName === "BUTTON") one.title = t(one.dataset.label);
  }
}
