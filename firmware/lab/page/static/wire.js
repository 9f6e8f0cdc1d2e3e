// The connection to the terminal: states and logs come in, requests go out.

const listeners = new Map();
const states = new Map();
let socket = null;
let again = 250;

export const state = (name) => states.get(name);

export function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, []);
  listeners.get(name).push(listener);
}

export function tell(name, value) {
  for (const listener of listeners.get(name) ?? []) listener(value);
}

export function send(request) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request));
}

export const act = (line) => send({ do: "act", line });

function take(message) {
  for (const one of JSON.parse(message.data)) {
    if (one.state) {
      states.set(one.state, one.value);
      tell(one.state, one.value);
    } else {
      tell(`log:${one.log}`, one.entries);
    }
  }
}

// A bookmark keeps the address, not the token, and each run of the simulator has its own.
async function known(token) {
  if (!token) return false;
  try {
    const answer = await fetch(`/?token=${encodeURIComponent(token)}`, { cache: "no-store" });
    return answer.status !== 403;
  } catch {
    return true; // nobody is there: it may come back
  }
}

// A link to a scenario has no token in it: it opens with the one that this browser came with before.
const TOKEN = "pos-token";
function tokenOfRun() {
  const given = new URLSearchParams(location.search).get("token");
  if (given) localStorage.setItem(TOKEN, given);
  return given ?? localStorage.getItem(TOKEN) ?? "";
}

export function connect() {
  const token = tokenOfRun();
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws?token=${encodeURIComponent(token)}`);
  let opened = false;
  socket.addEventListener("open", () => { opened = true; again = 250; tell("connected", true); });
  socket.addEventListener("message", take);
  socket.addEventListener("close", async () => {
    tell("connected", false);
    if (!opened && !(await known(token))) {
      tell("refused", true); // trying again would not help
      return;
    }
    setTimeout(connect, again);
    again = Math.min(again * 2, 5000);
  });
}

export const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
