"""The bench page: how long a key takes to its pixels, and what an idle page costs."""

from __future__ import annotations

import time
from collections.abc import Iterator

from firmware.cli.benchmarks.figures import Figure, unmeasured
from firmware.page import latency
from firmware.page.browser import NoBrowser

PRESSES, PRESSES_FULL = 60, 300
IDLE_S, IDLE_S_FULL = 5, 30
LATENCY_MS_AIM, IDLE_PERCENT_AIM = 50, 2


def measure(full: bool) -> Iterator[Figure]:
    """Measured in a real browser on loopback; unmeasured where there is none."""
    presses = PRESSES_FULL if full else PRESSES
    name, idle = "a key press to pixels on the page", "an idle page, of one core"
    try:
        found = latency.measure(presses)
        share = latency.idle_percent(IDLE_S_FULL if full else IDLE_S, time.process_time)
    except NoBrowser as reason:
        yield unmeasured(name, "ms", str(reason))
        yield unmeasured(idle, "%", str(reason))
        return
    also = (("ms for 95 of 100", found.p95_ms), ("ms at worst", found.worst_ms))
    note = f"{presses} presses, median, to the frame after"
    yield Figure(name, found.median_ms, "ms", LATENCY_MS_AIM, note, also=also)
    yield Figure(idle, share, "%", IDLE_PERCENT_AIM, "server and terminal, one page open")
