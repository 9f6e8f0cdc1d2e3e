"""How long the terminal takes to finish what a power cut has left open."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from firmware.lab.benchmarks.figures import Figure
from firmware.lab.benchmarks.long_journal import intent
from firmware.lab.scenario.stage import Stage
from hw.sim.bench import HOST_MS

INTENTS, RUNS = 10, 5
STEP_MS, LIMIT_MS = 100, 600_000


def measure(_full: bool) -> Iterator[Figure]:
    """Power on with open intents, until all of them are reversed at the host and journaled."""
    first, _ = _recovered()
    elapsed, virtual = zip(*(_recovered() for _ in range(RUNS)), strict=True)
    note = "journal's syncs and the embedded host's included"
    yield Figure(f"{INTENTS} open intents, elapsed", median(elapsed), "ms", note=note)
    note = "reads the modules of an exchange, too"
    yield Figure(f"{INTENTS} open intents, the first in a process", first, "ms", note=note)
    note = f"by a host that answers in {HOST_MS} ms"
    yield Figure(f"{INTENTS} open intents, in virtual time", median(virtual), "ms", note=note)


def _recovered() -> tuple[float, int]:
    """Milliseconds of this machine, and of virtual time."""
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as folder:
        stage = Stage(Path(folder))
        terminal = stage.power_on()
        journal = terminal.data.journal
        for _ in range(INTENTS):
            journal.append(intent(journal.batch(), journal.next_stan()))
        stage.power_cut()
        began, clock = time.perf_counter(), stage.bench.clock
        began_ms = clock.monotonic_ms()
        terminal = stage.power_on()
        while terminal.data.journal.open_intents() or terminal.data.journal.reversals():
            assert clock.monotonic_ms() - began_ms < LIMIT_MS, "recovery comes to an end"
            stage.bench.time.run_until(terminal.runner, clock.monotonic_ms() + STEP_MS)
        took = (time.perf_counter() - began) * 1000, clock.monotonic_ms() - began_ms
        stage.close()
    return took
