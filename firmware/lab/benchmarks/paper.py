"""The printer's line: what a voucher weighs as text and as raster, and how long its bytes take."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from firmware.lab.benchmarks.figures import Figure
from firmware.lab.benchmarks.hands import CARD, LOOK_MS, PIN, Hands
from firmware.lab.scenario.stage import Stage, stage_config

BAUD, BITS_PER_BYTE = 19_200, 10
AMOUNT_MINOR = 12_850


def measure(_full: bool) -> Iterator[Figure]:
    """The merchant's copy of a sale with PIN on 58 mm, as the modelled printer receives it."""
    for mode, qr in (("native", True), ("native", False), ("raster", True), ("raster", False)):
        size_bytes = _voucher(mode, qr)
        name = f"voucher, {mode}{'' if qr else ', without QR'}"
        yield Figure(name, size_bytes, "bytes")
        yield Figure(f"{name}, at 19,200 baud", size_bytes * BITS_PER_BYTE / BAUD, "s")


def _voucher(mode: str, qr: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as directory:
        stage = Stage(Path(directory), stage_config(mode=mode, qr=qr))
        hands = Hands(stage)
        hands.begin(AMOUNT_MINOR)
        hands.insert(CARD)
        printer = stage.bench.paper_printer
        before = printer.bytes_received
        hands.press(PIN)
        hands.press("ENTER")
        hands.wait(LOOK_MS)
        terminal = stage.terminal
        assert terminal is not None
        while terminal.spool.busy:
            hands.wait(LOOK_MS)
        size_bytes = printer.bytes_received - before
        stage.close()
    return size_bytes
