"""Ask a terminal for a payment: `python pay.py URL TOKEN ID AMOUNT_MINOR [CURRENCY]`.

Whatever happens on the way, the same request again is safe: the id is paid at most once.
"""

import json
import sys
import time
import urllib.error
import urllib.request


def ask(method: str, url: str, token: str, body: object = None) -> dict:  # type: ignore[type-arg]
    """One request, again and again until the terminal has answered."""
    while True:
        request = urllib.request.Request(url, method=method)  # noqa: S310 - the shop's own
        request.add_header("Authorization", f"Bearer {token}")
        request.data = json.dumps(body).encode() if body else None
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:  # noqa: S310 - the same
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            if error.code < 500 and "Retry-After" not in error.headers:
                raise SystemExit(f"{problem['type']}: {problem['detail']}") from None
            print(problem["detail"], file=sys.stderr)
        except OSError as error:  # no line, no power, no answer: ask the same again
            print(error, file=sys.stderr)
        time.sleep(1)


def main(url: str, token: str, name: str, amount_minor: str, currency: str = "CNY") -> None:
    """Pay, and say how it ended."""
    here = f"{url}/v1/payments/{name}"
    order = {"amount_minor": int(amount_minor), "currency": currency}
    payment = ask("PUT", here, token, order)
    while not payment["final"]:
        print(payment["state"], file=sys.stderr)
        payment = ask("GET", f"{here}?wait_s=20&since={payment['version']}", token)
    print(payment["state"])


if __name__ == "__main__":
    main(*sys.argv[1:])
