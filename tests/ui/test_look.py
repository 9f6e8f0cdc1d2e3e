"""Every screen against the picture of it that was looked at and accepted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image, ImageChops

from firmware.payments.refusals import Code
from firmware.ui.contact_sheet import COLUMNS, SCALE, contact_sheet
from firmware.ui.render import render
from firmware.ui.screens import Screen
from firmware.ui.specimens import specimens
from firmware.ui.texts import Language, Text

PICTURES = Path(__file__).parent.parent / "screens"
CASES = [(name, language) for language in Language for name in specimens(language)]


def picture_of(name: str, language: Language) -> Path:
    return PICTURES / f"{name}.{language.value}.png"


@pytest.mark.parametrize(
    ("name", "language"), CASES, ids=[f"{n}-{lang.value}" for n, lang in CASES]
)
def test_a_screen_looks_as_accepted(
    name: str, language: Language, request: pytest.FixtureRequest
) -> None:
    drawn = render(specimens(language)[name], language).image
    path = picture_of(name, language)
    if request.config.getoption("--update-screens"):
        PICTURES.mkdir(exist_ok=True)
        drawn.save(path, optimize=True)
    assert path.exists(), f"no picture {path.name}: look at the screen, then --update-screens"
    with Image.open(path) as accepted:
        changed = ImageChops.logical_xor(drawn, accepted.convert("1")).getbbox()
    assert changed is None, f"{path.name} differs within {changed}: look, then --update-screens"


def test_no_picture_is_left_of_a_screen_that_is_gone() -> None:
    expected = {picture_of(name, language).name for name, language in CASES}
    assert {path.name for path in PICTURES.glob("*.png")} == expected


def test_the_contact_sheet_has_room_for_every_screen() -> None:
    sheet = contact_sheet()
    assert sheet.width >= COLUMNS * 128 * SCALE
    assert sheet.height >= len(CASES) / COLUMNS * 64 * SCALE


def test_every_kind_of_screen_is_among_them() -> None:
    for language in Language:
        shown = {type(screen) for screen in specimens(language).values()}
        assert shown == set(get_args(Screen))


def test_no_text_is_kept_that_no_screen_says() -> None:
    firmware = PICTURES.parents[1] / "firmware"
    ours = {firmware / "ui" / "texts.py", firmware / "ui" / "specimens.py"}
    ours.add(firmware / "ui" / "examples.py")
    said = "".join(
        path.read_text(encoding="utf-8") for path in firmware.rglob("*.py") if path not in ours
    )
    said += " ".join(f"Text.{code.name}" for code in Code)  # see flows.words.why_refused
    assert [text.name for text in Text if not re.search(rf"Text\.{text.name}\b", said)] == []
