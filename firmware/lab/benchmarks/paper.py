"""Receipts on the printer's line: what a sale's weighs in every mode, and how long it takes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from firmware.lab.benchmarks.figures import Figure
from firmware.lab.benchmarks.hands import CARD, LOOK_MS, PIN, Hands
from firmware.lab.scenario.stage import Stage, stage_config
from hw.printer_encode import LINE_SPACING_PX

BAUDS, BITS_PER_BYTE = (9_600, 19_200, 38_400, 115_200), 10
WIDTHS_MM = (58, 80)
MODES = (("native", True), ("native", False), ("mixed", True), ("mixed", False), ("raster", False))
AMOUNT_MINOR = 12_850


def measure(_full: bool) -> Iterator[Figure]:
    """The merchant's copy of a sale with PIN, as the modelled printer receives it.

    Bytes, lines of paper, and seconds on a serial line of each usual speed.
    """
    for width_mm in WIDTHS_MM:
        for mode, qr in MODES:
            size_bytes, lines = receipt(width_mm, mode, qr=qr)
            name = named(width_mm, mode, qr=qr)
            yield Figure(name, size_bytes, "bytes")
            yield Figure(f"{name}, paper", lines, "lines")
            for baud in BAUDS:
                yield Figure(f"{name}, at {baud:,} baud", size_bytes * BITS_PER_BYTE / baud, "s")


def named(width_mm: int, mode: str, *, qr: bool) -> str:
    """What a receipt is called among the figures; `qr` says who draws the code."""
    drawn = "" if mode == "raster" else ", QR by the printer" if qr else ", QR as dots"
    return f"receipt {width_mm} mm, {mode}{drawn}"


def receipt(width_mm: int, mode: str, *, qr: bool) -> tuple[int, float]:
    """Bytes and normal lines of paper of one receipt."""
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as directory:
        stage = Stage(Path(directory), stage_config(width_mm=width_mm, mode=mode, qr=qr))
        hands = Hands(stage)
        hands.begin(AMOUNT_MINOR)
        hands.insert(CARD)
        printer = stage.bench.paper_printer
        before_bytes, before_px = printer.bytes_received, printer.paper.height_px
        hands.press(PIN)
        hands.press("ENTER")
        hands.wait(LOOK_MS)
        terminal = stage.terminal
        assert terminal is not None
        while terminal.spool.busy:
            hands.wait(LOOK_MS)
        size_bytes = printer.bytes_received - before_bytes
        lines = (printer.paper.height_px - before_px) / LINE_SPACING_PX
        stage.close()
    return size_bytes, lines
