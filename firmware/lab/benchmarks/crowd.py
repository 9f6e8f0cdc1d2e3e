"""How long a sale takes on the bench page while other pages are open, in a process of their own.

`crowd.py URL COUNT` is that process: it opens so many WebSockets, reads them, and says so.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from websockets.asyncio.client import connect

from firmware.lab.benchmarks.children import beside
from firmware.lab.page import commands
from firmware.lab.page.browser import served
from firmware.lab.page.hub import Hub
from firmware.lab.page.session import Session

SETTINGS = {"general.language": "en", "check.min_view_ms": "0"}
PATIENCE_S = 30


def sale_ms(pages: int, sales: int) -> tuple[list[float], list[float]]:
    """Real ms from card to approval of sales in turn: nobody looking, and with pages open."""
    alone, watched = [], []
    with served() as (session, server):
        for _ in range(sales):
            alone.append(_sale_ms(session))
            with beside(__name__, server.url, str(pages)):
                watched.append(_sale_ms(session))
    return alone, watched


def _sale_ms(session: Session) -> float:
    """One sale on a fresh terminal."""
    session.submit(commands.Fresh(SETTINGS))
    _sees(session.hub, "Enter amount")
    for key, said in (
        *zip("128", ("0.01", "0.12", "1.28"), strict=True),
        ("ENTER", "Check the amount"),
        ("ENTER", "Insert card"),
    ):
        session.submit(commands.Down(key))
        session.submit(commands.Up(key))
        _sees(session.hub, said)
    began_s = time.perf_counter()
    session.submit(commands.Act("insert visa-credit"))
    _sees(session.hub, "Approved")
    return 1000 * (time.perf_counter() - began_s)


def _sees(hub: Hub, said: str) -> None:
    _until(hub, lambda: said in (hub.state("display") or {}).get("text", ""))


def _until(hub: Hub, holds: Callable[[], bool]) -> None:
    """Wait for news until something holds. Raises TimeoutError."""
    news = threading.Event()
    number = hub.listen(news.set)
    try:
        while not holds():
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
