"""The bench page: a key to its pixels, what an idle page costs, and what ten cost a sale."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from firmware.lab.benchmarks.crowd import sale_ms
from firmware.lab.benchmarks.figures import Figure, unmeasured
from firmware.lab.page import latency
from firmware.lab.page.browser import NoBrowser

PRESSES, PRESSES_FULL = 60, 300
IDLE_S, IDLE_S_FULL = 5, 30
SALES, SALES_FULL = 5, 30
LATENCY_MS_AIM, IDLE_PERCENT_AIM, SLOWER_PERCENT_AIM = 50, 2, 5
PAGES = 10


def measure(full: bool) -> Iterator[Figure]:
    """On loopback: in a real browser, unmeasured where there is none, and with pages open."""
    yield from _in_browser(full)
    sales = SALES_FULL if full else SALES
    alone_ms, watched_ms = map(median, sale_ms(PAGES, sales))
    yield Figure(
        "a sale, slower with ten pages open",
        100 * (watched_ms / alone_ms - 1),
        "%",
        SLOWER_PERCENT_AIM,
        f"card to approval, median of {sales}",
        also=(("ms with none", alone_ms), ("ms with ten", watched_ms)),
    )


def _in_browser(full: bool) -> Iterator[Figure]:
    presses = PRESSES_FULL if full else PRESSES
    name, idle = "a key press to pixels on the page", "an idle page, of one core"
    try:
        found = latency.measure(presses)
        share = latency.idle_percent(IDLE_S_FULL if full else IDLE_S)
    except NoBrowser as reason:
        yield unmeasured(name, "ms", str(reason))
        yield unmeasured(idle, "%", str(reason))
        return
    also = (("ms for 95 of 100", found.p95_ms), ("ms at worst", found.worst_ms))
    note = f"{presses} presses, median, to the frame after"
    yield Figure(name, found.median_ms, "ms", LATENCY_MS_AIM, note, also=also)
    yield Figure(idle, share, "%", IDLE_PERCENT_AIM, "server and terminal, one page open")
