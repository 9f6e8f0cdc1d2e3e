"""The bench page: a key to its pixels, what an idle page costs, and what ten cost a sale.

`python -m firmware.lab.benchmarks.page URL COUNT` is a process that opens so many WebSockets of the
page, reads them, and says when they are open.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Iterator
from statistics import median, quantiles
from urllib.parse import urlsplit

from websockets.asyncio.client import connect

from firmware.lab.benchmarks.children import beside
from firmware.lab.benchmarks.figures import Figure, unmeasured
from firmware.lab.page import commands
from firmware.lab.page.browser import NoBrowser, chromium, served
from firmware.lab.page.hub import Hub
from firmware.lab.page.session import Session

PRESSES, PRESSES_FULL = 60, 300
IDLE_S, IDLE_S_FULL = 5, 30
SALES, SALES_FULL = 5, 30
LATENCY_MS_AIM, IDLE_PERCENT_AIM, SLOWER_PERCENT_AIM = 50, 2, 5
PAGES = 10
DIGITS = 4
VIEW_MS = 300  # the least for which a frame that is agreed to must have been seen
SETTINGS = {"general.language": "en", "check.min_view_ms": str(VIEW_MS)}
PATIENCE_S = 30
FRAME_MS = 100  # for a frame to reach the display
# from the key's event to the animation frame after the display was drawn, in the browser's own
# clock
_PRESS = """(key) => new Promise((done) => {
  const canvas = document.getElementById("display");
  let took = null;
  const finish = () => setTimeout(() => done(took), 60);
  canvas.addEventListener("drawn", () => requestAnimationFrame(() => {
    took = performance.now() - from;
    dispatchEvent(new KeyboardEvent("keyup", { key }));
    finish();
  }), { once: true });
  const from = performance.now();
  dispatchEvent(new KeyboardEvent("keydown", { key }));
})"""


def measure(full: bool) -> Iterator[Figure]:
    """On loopback: in a real browser, unmeasured where there is none, and with pages open."""
    yield from _in_browser(full)
    sales = SALES_FULL if full else SALES
    alone_ms, watched_ms = map(median, _sales_ms(PAGES, sales))
    yield Figure(
        "a sale, slower with ten pages open",
        100 * (watched_ms / alone_ms - 1),
        "%",
        SLOWER_PERCENT_AIM,
        f"card to approval, median of {sales}",
        also=(("ms with none", alone_ms), ("ms with ten", watched_ms)),
    )


# --- in a browser ---


def _in_browser(full: bool) -> Iterator[Figure]:
    presses = PRESSES_FULL if full else PRESSES
    name, idle = "a key press to pixels on the page", "an idle page, of one core"
    try:
        took_ms = _presses_ms(presses)
        share = _idle_percent(IDLE_S_FULL if full else IDLE_S)
    except NoBrowser as reason:
        yield unmeasured(name, "ms", str(reason))
        yield unmeasured(idle, "%", str(reason))
        return
    also = (("ms for 95 of 100", quantiles(took_ms, n=20)[-1]), ("ms at worst", max(took_ms)))
    note = f"{presses} presses, median, to the frame after"
    yield Figure(name, median(took_ms), "ms", LATENCY_MS_AIM, note, also=also)
    yield Figure(idle, share, "%", IDLE_PERCENT_AIM, "server and terminal, one page open")


def _presses_ms(presses: int) -> list[float]:
    """Press digits and BACK on a page; the ms from each to its pixels. Raises NoBrowser."""
    keys = ["1"] * DIGITS + ["Backspace"] * DIGITS
    with chromium() as browser, served({"general.language": "en"}) as (_, server):
        page = browser.new_page()
        page.goto(server.url)
        page.locator("#said").get_by_text("Enter amount").wait_for()
        page.keyboard.press("1", delay=60)
        page.locator("#said").get_by_text("0.01").wait_for()
        return [page.evaluate(_PRESS, keys[n % len(keys)]) for n in range(presses)]


def _idle_percent(seconds: int) -> float:
    """Per cent of one core that this process takes while a page is open. Raises NoBrowser."""
    with chromium() as browser, served() as (_, server):
        page = browser.new_page()
        page.goto(server.url)
        page.locator("#said").get_by_text("请输入金额").wait_for()
        page.wait_for_timeout(1000)
        before_s = time.process_time()
        page.wait_for_timeout(seconds * 1000)
        return 100 * (time.process_time() - before_s) / seconds


# --- with other pages open ---


def _sales_ms(pages: int, sales: int) -> tuple[list[float], list[float]]:
    """Real ms from card to approval of sales in turn: nobody looking, and with pages open."""
    alone, watched = [], []
    with served() as (session, server):
        for _ in range(sales):
            alone.append(sale_ms(session))
            with beside(__name__, server.url, str(pages)):
                watched.append(sale_ms(session))
    return alone, watched


def sale_ms(session: Session) -> float:
    """Real milliseconds from the card to the approval of one sale on a fresh terminal."""
    session.submit(commands.Fresh(SETTINGS))
    _sees(session.hub, "Enter amount")
    for key, said in (
        *zip("128", ("0.01", "0.12", "1.28"), strict=True),
        ("ENTER", "Amount correct?"),
        ("ENTER", "Insert card"),
    ):
        if key == "ENTER":
            time.sleep((VIEW_MS + FRAME_MS) / 1000)
        session.submit(commands.Down(key))
        session.submit(commands.Up(key))
        _sees(session.hub, said)
    began_s = time.perf_counter()
    session.submit(commands.Act("insert visa-credit"))
    _sees(session.hub, "Approved")
    return 1000 * (time.perf_counter() - began_s)


def _sees(hub: Hub, said: str) -> None:
    """Wait until the display says something. Raises TimeoutError."""
    news = threading.Event()
    number = hub.listen(news.set)
    try:
        while said not in (hub.state("display") or {}).get("text", ""):
            if not news.wait(PATIENCE_S):
                raise TimeoutError("the terminal says nothing new")
            news.clear()
    finally:
        hub.leave(number)


async def _read(url: str, there: asyncio.Semaphore) -> None:
    place = urlsplit(url)
    origin = f"http://{place.netloc}"
    async with connect(f"ws://{place.netloc}/ws?{place.query}", origin=origin) as page:  # type: ignore[arg-type]
        await page.recv()
        there.release()
        async for _ in page:
            pass


async def _crowd(url: str, count: int) -> None:
    there = asyncio.Semaphore(0)
    readers = [asyncio.ensure_future(_read(url, there)) for _ in range(count)]
    for _ in range(count):
        await there.acquire()
    print("open", flush=True)
    await asyncio.gather(*readers)


if __name__ == "__main__":
    asyncio.run(_crowd(sys.argv[1], int(sys.argv[2])))
