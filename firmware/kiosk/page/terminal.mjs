// A client of the terminal: the same for this page's own routes, and for /v1 with a token.
// Whatever is lost on the way, the same request again is safe: an id is paid at most once.

const WAIT_S = 20, LOST_MS = 40_000, AGAIN_MS = 1_000;

export const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** The terminal's no: `kind` is its type, `texts` its words; `later` says that it may be a yes. */
export class Refused extends Error {
  constructor(problem, later) {
    super(problem.detail);
    this.kind = problem.type.replace("urn:pos:problem:", "");
    this.texts = problem.texts;
    this.later = later;
  }
}

export class Terminal {
  constructor(base, token = "") {
    this.base = base;
    this.headers = token ? { Authorization: `Bearer ${token}` } : {};
  }

  /** What a path gives. Throws Refused, or another error when no answer came. */
  async ask(method, path, body) {
    const answer = await fetch(this.base + path, {
      method,
      headers: { ...this.headers, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(LOST_MS),
    });
    const said = await answer.json();
    if (answer.ok) return said;
    if (answer.status >= 500) throw new Error(said.detail); // nothing was recorded
    throw new Refused(said, answer.headers.has("Retry-After"));
  }

  /**
   * Ask for a payment and follow it: yields it at every change, up to its end; null for each time
   * that no answer came; and { state: "busy" } while the terminal takes no order. Throws Refused
   * where it never will.
   */
  async *follow(id, order) {
    const path = `/payments/${id}`;
    let payment = null;
    while (!payment?.final) {
      try {
        payment = payment
          ? await this.ask("GET", `${path}?wait_s=${WAIT_S}&since=${payment.version}&state=${payment.state}`)
          : await this.ask("PUT", path, order);
        yield payment;
      } catch (error) {
        if (error instanceof Refused && !error.later) throw error;
        yield error instanceof Refused ? { state: "busy", refused: error } : null;
        await pause(AGAIN_MS);
      }
    }
  }
}
