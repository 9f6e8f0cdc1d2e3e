"""The display's bus: what a keystroke costs beside a whole frame."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import luma.oled.device
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from firmware.core.config import DisplaySettings, Emv, General
from firmware.lab.benchmarks.figures import Figure
from firmware.lab.benchmarks.hands import Hands
from firmware.lab.scenario.stage import STAGE_CONFIG, Stage
from hw.sim.bench import CHIPS

AMOUNTS = ("12850", "9999", "100", "250000", "45", "880", "1999", "6600", "31415")
AGAIN_MS = 100  # before the next key, which may be the same: nearer it would be a bounce
I2C_HZ = 400_000
CLOCKS_A_BYTE = 9
ECHO_BYTES_AIM = 100
FIRST_DIGIT_BYTES_AIM = 400


class Entries(Struct, frozen=True):
    """Bytes on the bus of each amount keyed, by what was done."""

    first: list[int]  # the first digit at idle
    second: list[int]
    echoes: list[int]  # every later one than the first
    check: list[int]  # ENTER: its check, which is sent whole after the display is initialised anew
    back: list[int]  # CANCEL at the amount: idle again


def measure(_full: bool) -> Iterator[Figure]:
    """Bytes on the bus as the modelled chip counts them, address and control bytes included.

    A first digit is counted on a terminal that trades: no test keys, so nothing that says so.
    """
    for chip in CHIPS:
        zh, en = (entries(chip, language) for language in ("zh_CN", "en"))
        typical, most = median(zh.echoes), max(zh.echoes)
        shifts = f"{len(zh.echoes)} keystrokes of {len(AMOUNTS)} amounts"
        yield Figure(f"{chip}: echo, median", typical, "bytes", ECHO_BYTES_AIM, shifts)
        yield Figure(f"{chip}: echo, median at 400 kHz", _ms(typical), "ms")
        yield Figure(f"{chip}: echo, most", most, "bytes", note=_note(most))
        for language, keyed in (("zh_CN", zh), ("en", en)):
            most = max(keyed.first)
            name = f"{chip}: first digit at idle, {language}"
            yield Figure(name, most, "bytes", FIRST_DIGIT_BYTES_AIM, f"the most; {_note(most)}")
        for name, costs in (
            ("second digit", zh.second),
            ("amount to its check", zh.check),
            ("amount back to idle", zh.back),
        ):
            yield Figure(f"{chip}: {name}", median(costs), "bytes", note=_note(median(costs)))
        whole = _whole_frame(chip)
        note = f"{_note(whole)}; luma sends it for every change"
        yield Figure(f"{chip}: a whole frame by luma", whole, "bytes", note=note)


def entries(chip: str, language: str) -> Entries:
    """Key every amount of `AMOUNTS` at a terminal with this chip, and count."""
    config = replace(
        STAGE_CONFIG,
        general=General(language=language),  # type: ignore[arg-type]
        display=DisplaySettings(chip=chip),  # type: ignore[arg-type]
        emv=Emv(),
    )
    found = Entries([], [], [], [], [])
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as directory:
        stage = Stage(Path(directory), config)
        hands = Hands(stage)

        def cost(key: str) -> int:
            before = stage.bench.chip.bus_bytes
            hands.press(key)
            hands.wait(AGAIN_MS)
            return stage.bench.chip.bus_bytes - before

        for amount in AMOUNTS:
            first, second, *others = [cost(digit) for digit in amount]
            found.first.append(first)
            found.second.append(second)
            found.echoes.extend((second, *others))
            found.check.append(cost("ENTER"))
            hands.wait(config.check.min_view_ms)
            cost("CANCEL")
            found.back.append(cost("CANCEL"))
        stage.close()
    return found


def _whole_frame(chip: str) -> int:
    """What luma's own device sends for one frame."""
    model = CHIPS[chip]()
    device = getattr(luma.oled.device, chip)(model)
    before = model.bus_bytes
    device.display(Image.new("1", (128, 64), 1))
    return int(model.bus_bytes - before)


def _note(size_bytes: float) -> str:
    return f"{_ms(size_bytes):.1f} ms"


def _ms(size_bytes: float) -> float:
    return size_bytes * CLOCKS_A_BYTE * 1000 / I2C_HZ
