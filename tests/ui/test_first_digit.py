"""The first digit at idle sends little to the display: idle and amount entry share their place."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware.core.config import Config, DisplaySettings, Emv, General
from firmware.core.kinds import Kind
from firmware.lab.benchmarks.hands import Hands
from firmware.lab.scenario.stage import Stage
from firmware.ui.examples import long_named, owner, yuan
from firmware.ui.render import render
from firmware.ui.rows import SHIFT_MAX_PX
from firmware.ui.screens import AmountEntry, Idle, Phrase
from firmware.ui.texts import Language, Text
from hw.oled import Oled, OledChip
from hw.sim.bench import CHIPS

FIRST_DIGIT_BYTES_MAX = 400
BEFORE_BYTES = 979  # what it took when the two screens shared nothing
AMOUNT_FROM_PX = 40
LANGUAGES = pytest.mark.parametrize("language", Language, ids=lambda each: each.value)
CHIP = pytest.mark.parametrize("chip", OledChip, ids=lambda each: each.value)
OWNERS = {language: owner(language) for language in Language}
IDLES = st.builds(
    Idle,
    st.just(OWNERS[Language.ZH]),
    st.dates().map(lambda day: f"20{day.year % 100:02d}-{day.month:02d}-{day.day:02d}"),
    st.times().map(lambda time: f"{time:%H:%M}"),
    st.integers(1, 99).map("{:02d}".format),
    shift_px=st.integers(0, SHIFT_MAX_PX),
)


def idle(language: Language) -> Idle:
    return Idle(OWNERS[language], "2026-11-22", "19:32", "01")


def keyed(before: Idle, minor: int) -> AmountEntry:
    return AmountEntry(
        before.owner,
        Kind.SALE,
        yuan(minor),
        Phrase.of(Text.SALE_AMOUNT),
        training=before.training,
        test_keys=before.test_keys,
        shift_px=before.shift_px,
    )


def sent_bytes(chip: OledChip, before: Idle, minor: int, language: Language) -> int:
    """What the driver sends for the first digit, as the chip counts it."""
    model = CHIPS[chip.value]()
    oled = Oled(lambda: model, chip)
    oled.show(render(before, language).image)
    sent = model.bus_bytes
    oled.show(render(keyed(before, minor), language).image)
    assert model.bus_bytes > sent
    return model.bus_bytes - sent


@CHIP
@LANGUAGES
@given(IDLES, st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_a_first_digit_is_at_most_400_bytes_on_any_day_and_wherever_idle_stands(
    chip: OledChip, language: Language, screen: Idle, digit: int
) -> None:
    before = replace(screen, owner=OWNERS[language])
    assert sent_bytes(chip, before, digit, language) <= FIRST_DIGIT_BYTES_MAX


@CHIP
@LANGUAGES
@pytest.mark.parametrize("mark", ["training", "test_keys"])
def test_what_says_that_this_is_no_trade_stands_still_too(
    mark: str, chip: OledChip, language: Language
) -> None:
    before = replace(idle(language), **{mark: True})
    assert sent_bytes(chip, before, 8, language) <= FIRST_DIGIT_BYTES_MAX


@CHIP
@LANGUAGES
def test_a_notice_or_a_long_name_costs_what_it_took_of_the_amounts_place(
    chip: OledChip, language: Language
) -> None:
    plain = idle(language)
    for before in (
        replace(plain, notice=Phrase.of(Text.RECEIPTS_PENDING, count=2)),
        replace(plain, owner=long_named(plain.owner)),
    ):
        assert sent_bytes(chip, before, 8, language) <= BEFORE_BYTES / 2


@LANGUAGES
@pytest.mark.parametrize("mark", ["", "training", "test_keys"])
def test_above_the_amount_only_the_bar_changes(mark: str, language: Language) -> None:
    before = replace(idle(language), shift_px=1)
    before = replace(before, **{mark: True} if mark else {})
    frames = [render(screen, language) for screen in (before, keyed(before, 8))]
    head_bytes = 24 * 16  # rows above the bar
    assert frames[0].packed[:head_bytes] == frames[1].packed[:head_bytes]
    assert frames[0].text.split("\n")[:2] == frames[1].text.split("\n")[:2]


@LANGUAGES
@pytest.mark.parametrize("minor", [1, 12_850, 999_999_999])
def test_the_amount_keeps_three_pages_and_stands_clear_of_the_bar(
    minor: int, language: Language
) -> None:
    before = idle(language)
    for shift_px in range(SHIFT_MAX_PX + 1):
        frame = render(keyed(replace(before, shift_px=shift_px), minor), language)
        assert frame.cut == ()
        rows = [frame.packed[16 * y : 16 * y + 16] for y in range(AMOUNT_FROM_PX, 64)]
        assert not any(rows[0])
        lit = [y for y, row in enumerate(rows) if any(row[8:])]  # beside the currency
        assert lit[-1] - lit[0] + 1 >= 14, "larger than any text"
        assert not any(row[15] & 1 for row in rows), "nothing at the display's edge"


@CHIP
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_first_digit_at_a_terminal_that_trades_is_at_most_400_bytes(
    chip: OledChip, language: str
) -> None:
    config = Config(
        general=General(language=language),  # type: ignore[arg-type]
        display=DisplaySettings(chip=chip.value),
        emv=Emv(),
    )
    with tempfile.TemporaryDirectory() as directory:
        stage = Stage(Path(directory), config)
        hands = Hands(stage)
        for digit in "18":
            sent = stage.bench.chip.bus_bytes
            hands.press(digit)
            echo = stage.bench.chip.bus_bytes - sent
            assert f"0.0{digit}" in stage.display_text
            assert 0 < echo <= FIRST_DIGIT_BYTES_MAX
            hands.wait(100)
            hands.press("CANCEL")
            hands.wait(70_000)  # idle has moved since, against burn-in
        stage.close()
