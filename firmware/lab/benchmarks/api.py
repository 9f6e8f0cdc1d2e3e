"""The tills' API: a PUT to the amount on the display, an idle API, and event streams at a sale.

`python -m firmware.lab.benchmarks.api HOST PORT TOKEN COUNT` is a process that keeps so many event
streams open, and says so.
"""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from firmware.core.money import CURRENCIES, major_text
from firmware.lab.benchmarks.children import beside
from firmware.lab.benchmarks.figures import Figure, p99
from firmware.lab.scenario.stage import STAGE_CONFIG
from firmware.lab.target.target import Target
from firmware.ui.render import Frame

ORDERS, ORDERS_FULL, WARM_UP = 60, 300, 5
IDLE_S, IDLE_S_FULL = 5, 30
SALES, SALES_FULL = 8, 40
STREAMS = 50
SHOWN_MS_AIM, IDLE_PERCENT_AIM, SLOWER_PERCENT_AIM = 30, 0.5, 5
PATIENCE_S = 30
PAY = 'press ENTER\ninsert unionpay-debit\npress 123456 ENTER\nexpect screen "交易成功"'
GONE = "remove\nwait 10s\npress CANCEL\ntear\nwait 1s"


def measure(full: bool) -> Iterator[Figure]:
    """On loopback, in virtual time: nothing is waited for but the processor and the disk."""
    with at_target() as till:
        orders = ORDERS_FULL if full else ORDERS
        shown = [till.shown_ms(number) for number in range(WARM_UP + orders)][WARM_UP:]
        note = f"{orders} orders, each on a connection of its own, on the modelled display"
        worst = (("ms for 99 of 100", p99(shown)),)
        yield Figure(
            "a PUT to the amount on the display",
            median(shown),
            "ms",
            SHOWN_MS_AIM,
            note,
            also=worst,
        )
        idle = till.idle_percent(IDLE_S_FULL if full else IDLE_S)
        yield Figure("an idle API, of one core", idle, "%", IDLE_PERCENT_AIM, "nobody is connected")
        sales = SALES_FULL if full else SALES
        alone, beside = _sales_ms(till, sales)
        yield Figure(
            f"a sale, slower with {STREAMS} event streams",
            100 * (median(beside) / median(alone) - 1),
            "%",
            SLOWER_PERCENT_AIM,
            f"ENTER to approval, median of {sales}, in turn",
            also=(("ms with none", median(alone)), (f"ms with {STREAMS}", median(beside))),
        )


class _Till:
    """A till and the people at a terminal, and when its display shows an amount."""

    def __init__(self, directory: Path) -> None:
        self._wanted, self._seen = "", threading.Event()
        self._seen_s = 0.0
        self.target = Target(directory, STAGE_CONFIG, virtual=True, on_frame=self._note)
        self.target.start()
        place = urlsplit(self.target.url)
        self.host, self.port = str(place.hostname), int(place.port or 0)

    def _note(self, frame: Frame) -> None:
        """On the bench's thread."""
        if self._wanted and self._wanted in frame.text and not self._seen.is_set():
            self._seen_s = time.perf_counter()
            self._seen.set()

    def play(self, lines: str) -> None:
        """Raises RuntimeError for a line that does not hold."""
        failed = self.target.play(lines).result(PATIENCE_S)
        if failed is not None:
            raise RuntimeError(f"{failed}")

    def order(self, name: str, amount_minor: int) -> None:
        """Order on a connection of its own. Raises RuntimeError when it is not taken."""
        line = HTTPConnection(self.host, self.port, timeout=PATIENCE_S)
        body = json.dumps({"amount_minor": amount_minor, "currency": "CNY"})
        token = {"Authorization": f"Bearer {self.target.token}"}
        line.request("PUT", f"/v1/payments/{name}", body, token)
        answer = line.getresponse()
        answer.read()
        line.close()
        if answer.status != 201:
            raise RuntimeError(f"an order was answered {answer.status}")

    def shown_ms(self, number: int) -> float:
        """Real ms from a request to its amount on the display; the order is given up then."""
        minor = 10_000 + number
        self._seen.clear()
        self._wanted = major_text(minor, CURRENCIES["CNY"])
        began_s = time.perf_counter()
        self.order(f"shown-{number}", minor)
        if not self._seen.wait(PATIENCE_S):
            raise RuntimeError(f"{self._wanted} is not shown")
        self._wanted = ""
        self.play("press CANCEL\nwait 1s")
        return 1000 * (self._seen_s - began_s)

    def idle_percent(self, duration_s: float) -> float:
        """Processor time of the process while nothing is asked; virtual time stands still."""
        began_s = time.process_time()
        threading.Event().wait(duration_s)
        return 100 * (time.process_time() - began_s) / duration_s

    def sale_ms(self, name: str, amount_minor: int) -> float:
        """Real ms from the amount on the display to the approval."""
        self.order(name, amount_minor)
        began_s = time.perf_counter()
        self.play(PAY)
        spent_ms = 1000 * (time.perf_counter() - began_s)
        self.play(GONE)
        return spent_ms


@contextmanager
def at_target() -> Iterator[_Till]:
    """A till at a terminal that is on within."""
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as directory:
        till = _Till(Path(directory))
        try:
            yield till
        finally:
            till.target.close()


def _sales_ms(till: _Till, sales: int) -> tuple[list[float], list[float]]:
    """Sales in turn: with nobody listening, and with streams open."""
    alone, beside = [], []
    till.sale_ms("warm", 999)
    for number in range(sales):
        alone.append(till.sale_ms(f"alone-{number}", 1_000 + number))
        with listeners(till, STREAMS):
            beside.append(till.sale_ms(f"beside-{number}", 2_000 + number))
    return alone, beside


def listeners(till: _Till, count: int) -> AbstractContextManager[None]:
    """Event streams that are open within, in another process."""
    return beside(__name__, till.host, str(till.port), till.target.token, str(count))


def _stream(host: str, port: int, token: str, there: threading.Semaphore) -> None:
    with socket.create_connection((host, port)) as line:
        head = (
            f"GET /v1/events HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
        )
        line.sendall(f"{head}\r\n".encode())
        line.recv(4096)
        there.release()
        while line.recv(4096):
            pass


def _crowd(host: str, port: int, token: str, count: int) -> None:
    there = threading.Semaphore(0)
    for _ in range(count):
        arguments = (host, port, token, there)
        threading.Thread(target=_stream, args=arguments, daemon=True).start()
    for _ in range(count):
        there.acquire()
    print("open", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    _crowd(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
