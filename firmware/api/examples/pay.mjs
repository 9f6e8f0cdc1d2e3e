// Ask a terminal for a payment: `node pay.mjs URL TOKEN ID AMOUNT_MINOR [CURRENCY]`.
// Whatever happens on the way, the same request again is safe: the id is paid at most once.

const [url, token, id, amount, currency = "CNY"] = process.argv.slice(2);

async function ask(method, path, body) {
  for (;;) {
    try {
      const answer = await fetch(url + path, {
        method,
        headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(40_000),
      });
      const said = await answer.json();
      if (answer.ok) return said;
      console.error(said.detail);
      if (answer.status < 500 && !answer.headers.has("Retry-After")) process.exit(1);
    } catch (error) { // no line, no power, no answer: ask the same again
      console.error(error.message);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

const path = `/v1/payments/${id}`;
let payment = await ask("PUT", path, { amount_minor: Number(amount), currency });
while (!payment.final) {
  console.error(payment.state);
  payment = await ask("GET", `${path}?wait_s=20&since=${payment.version}`);
}
console.log(payment.state);
