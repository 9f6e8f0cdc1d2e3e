"""The display's bus: what one keystroke's echo costs beside a whole frame."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import luma.oled.device
import msgspec
from PIL import Image

from firmware.core.config import Display
from firmware.lab.benchmarks.figures import Figure, median
from firmware.lab.benchmarks.hands import Hands
from firmware.lab.scenario.stage import STAGE_CONFIG, Stage
from hw.sim.bench import CHIPS

AMOUNTS = ("12850", "9999", "100", "250000", "45", "880", "1999", "6600", "31415")
I2C_HZ = 400_000
CLOCKS_A_BYTE = 9
ECHO_BYTES_AIM = 100


def measure(_full: bool) -> Iterator[Figure]:
    """Bytes on the bus as the modelled chip counts them, address and control bytes included."""
    for chip in ("ssd1306", "sh1106"):
        first, echoes = _entries(chip)
        whole = _whole_frame(chip)
        typical = median(echoes)
        shifts = f"{len(echoes)} keystrokes of {len(AMOUNTS)} amounts"
        yield Figure(f"{chip}: echo, median", typical, "bytes", ECHO_BYTES_AIM, shifts)
        yield Figure(f"{chip}: echo, median at 400 kHz", _ms(typical), "ms")
        yield Figure(f"{chip}: echo, most", max(echoes), "bytes", note=f"{_ms(max(echoes)):.1f} ms")
        note = f"{_ms(median(first)):.1f} ms; another screen"
        yield Figure(f"{chip}: first digit at idle", median(first), "bytes", note=note)
        note = f"{_ms(whole):.1f} ms; luma sends it for every change"
        yield Figure(f"{chip}: a whole frame by luma", whole, "bytes", note=note)


def _entries(chip: str) -> tuple[list[int], list[int]]:
    """Bytes of each amount's first keystroke, and of each later one."""
    config = msgspec.structs.replace(STAGE_CONFIG, display=Display(chip=chip))  # type: ignore[arg-type]
    first: list[int] = []
    echoes: list[int] = []
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as directory:
        stage = Stage(Path(directory), config)
        hands = Hands(stage)
        for amount in AMOUNTS:
            costs = []
            for digit in amount:
                before = stage.bench.chip.bus_bytes
                hands.press(digit)
                costs.append(stage.bench.chip.bus_bytes - before)
            first.append(costs[0])
            echoes += costs[1:]
            hands.press("CANCEL")
            hands.wait(1_000)
        stage.close()
    return first, echoes


def _whole_frame(chip: str) -> int:
    """What luma's own device sends for one frame."""
    model = CHIPS[chip]()
    device = getattr(luma.oled.device, chip)(model)
    before = model.bus_bytes
    device.display(Image.new("1", (128, 64), 1))
    return int(model.bus_bytes - before)


def _ms(size_bytes: float) -> float:
    return size_bytes * CLOCKS_A_BYTE * 1000 / I2C_HZ
