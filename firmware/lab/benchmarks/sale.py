"""Processor time of a whole sale: from the first digit to idle, both copies printed."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from gpiozero.pins.mock import MockFactory

from firmware.lab.benchmarks.figures import Figure, p99
from firmware.lab.benchmarks.hands import CARD, Hands
from firmware.lab.benchmarks.meter import NS_PER_MS, Meter, MeteredRunner, Timed
from firmware.lab.scenario.stage import Stage
from hw.gpio import PinHeader
from hw.keypad import MatrixKeypad

SALES, SALES_FULL, WARM_UP = 40, 200, 3
OWN_MS_AIM = 60
SCANS = 2_000
KEYS_A_SALE, SCANS_A_KEY = 13, 20  # down, up, and the debounced scans after each


def measure(full: bool) -> Iterator[Figure]:
    """Median and 99th percentile over sales on one terminal."""
    count = SALES_FULL if full else SALES
    whole, own, models = _sales(count)
    scan_us = _scan_us()
    scans_ms = KEYS_A_SALE * SCANS_A_KEY * scan_us / 1000
    note = f"{count} sales, {CARD}; without the modelled card, host, printer and display"
    yield Figure("our own, median", median(own) + scans_ms, "ms", OWN_MS_AIM, note)
    yield Figure("our own, p99", p99(own) + scans_ms, "ms")
    note = f"{KEYS_A_SALE * SCANS_A_KEY} scans of {scan_us:.0f} µs"
    yield Figure("of that, scanning the keypad", scans_ms, "ms", note=note)
    for name, spent in models.most_common():
        yield Figure(f"the model: {name}", spent, "ms")
    note = "with models, virtual time and their measuring"
    yield Figure("all in all, median", median(whole), "ms", note=note)
    yield Figure("all in all, p99", p99(whole), "ms")
    at_rest = scan_us / (MatrixKeypad.scan_period_ms * 10)
    yield Figure("keypad at rest", at_rest, "% of a core", note="scanned every 5 ms")


def _sales(count: int) -> tuple[list[float], list[float], Counter[str]]:
    """Per sale in ms: all, our own; and the median of each model."""
    meter = Meter()
    whole: list[float] = []
    own: list[float] = []
    models: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as directory:
        stage = metered_stage(Path(directory), meter)
        hands = Hands(stage, lambda runner: MeteredRunner(meter, runner))
        for number in range(WARM_UP + count):
            meter.clear()
            began_ns = time.process_time_ns()
            assert hands.sell(1_000 + number), "a sale that is measured is approved"
            spent_ns = time.process_time_ns() - began_ns
            if number >= WARM_UP:
                whole.append(spent_ns / NS_PER_MS)
                own.append(meter.own_ns / NS_PER_MS)
                for name, model_ns in meter.models_ns.items():
                    models.setdefault(name, []).append(model_ns / NS_PER_MS)
        stage.close()
    return whole, own, Counter({name: round(median(ms), 3) for name, ms in models.items()})


def metered_stage(directory: Path, meter: Meter) -> Stage:
    """A stage whose models are timed by `meter`."""
    stage = Stage(directory)
    bench: Any = stage.bench
    bench.slot = Timed(meter, "card and reader", bench.slot)
    bench.slot.scard = bench.slot
    bench.chip = Timed(meter, "display", bench.chip)
    printer = bench.paper_printer
    printer.transport = Timed(meter, "printer", printer.transport)
    stage.acquirer.line = Timed(meter, "host", stage.line)  # type: ignore[assignment]  # it passes on what is asked
    return stage


def _scan_us() -> float:
    """Processor time of one scan of the matrix, over gpiozero's mock pins."""
    keypad = MatrixKeypad(lambda: PinHeader(MockFactory()))
    keypad.scan(0)
    began_ns = time.process_time_ns()
    for number in range(SCANS):
        keypad.scan(number * keypad.scan_period_ms)
    return (time.process_time_ns() - began_ns) / SCANS / 1000
