"""Every character that the terminal says has a picture; one that has none shows as a box."""

from __future__ import annotations

import pytest

from firmware.core.config import Merchant
from firmware.core.money import CURRENCIES, Money, capitals
from firmware.iso8583.responses import RESPONSES, response_text
from firmware.ui import glyphs, numerals
from firmware.ui.numerals import Numeral
from firmware.ui.render import render
from firmware.ui.specimens import specimens
from firmware.ui.texts import Language, Text

FACES = (16, 12)
GB2312 = "".join(
    bytes((row, cell)).decode("gb2312", "ignore")
    for row in range(0xA1, 0xF8)
    for cell in range(0xA1, 0xFF)
)


@pytest.mark.parametrize("height_px", FACES)
def test_every_text_of_the_catalogue_is_covered(height_px: int) -> None:
    said = "".join(wording for text in Text for wording in text.value)
    assert glyphs.face(height_px).missing(said) == ""


@pytest.mark.parametrize("height_px", FACES)
def test_every_response_text_is_covered(height_px: int) -> None:
    texts = [*RESPONSES.values(), response_text("Z9")]
    assert glyphs.face(height_px).missing("".join(map("".join, texts))) == ""


@pytest.mark.parametrize("height_px", FACES)
def test_capital_numerals_labels_and_the_merchant_are_covered(height_px: int) -> None:
    merchant, yuan = Merchant(), CURRENCIES["CNY"]
    amounts = [capitals(Money(minor, yuan)) for minor in (0, 123_456_789_012, 999_999_999_999)]
    labels = [currency.label for currency in CURRENCIES.values()]
    said = "".join([merchant.name, merchant.name_en, merchant.store, *labels, *amounts, "6肆"])
    assert glyphs.face(height_px).missing(said) == ""


@pytest.mark.parametrize("height_px", FACES)
def test_every_sign_of_gb2312_is_covered(height_px: int) -> None:
    assert glyphs.face(height_px).missing(GB2312) == ""


@pytest.mark.parametrize("language", Language)
def test_no_example_screen_holds_a_box(language: Language) -> None:
    for name, screen in specimens(language).items():
        text = render(screen, language).text.replace("\n", "")
        assert glyphs.face(12).missing(text) == "", name


@pytest.mark.parametrize("height_px", FACES)
def test_an_unknown_character_shows_as_a_framed_box(height_px: int) -> None:
    face = glyphs.face(height_px)
    box = face.glyph("𠮷")
    assert face.missing("吉𠮷") == "𠮷"
    assert (box.width_px, len(box.rows)) == (height_px, height_px)
    assert box.rows[1].bit_count() > box.rows[4].bit_count() == 2


@pytest.mark.parametrize("height_px", FACES)
def test_a_hanzi_is_two_latin_letters_wide(height_px: int) -> None:
    face = glyphs.face(height_px)
    assert face.width_px("额") == face.width_px("ab") == height_px
    assert face.line("额ab").width_px == 2 * height_px


def test_a_file_that_is_no_glyph_file_is_refused() -> None:
    with pytest.raises(ValueError, match="glyph file"):
        glyphs.Face(b"GIF89a")


@pytest.mark.parametrize("width_px", range(numerals.WIDTH_MIN_PX, numerals.WIDTH_MAX_PX + 1))
@pytest.mark.parametrize("height_px", [14, 18, 22, 28])
def test_the_large_digits_are_all_different(width_px: int, height_px: int) -> None:
    digits = [numerals.amount_line(d, Numeral(width_px, height_px)) for d in "0123456789"]
    assert len(set(digits)) == 10
    for one in digits:
        for other in digits:
            differing = sum((a ^ b).bit_count() for a, b in zip(one.rows, other.rows, strict=True))
            assert one is other or differing >= 4, "two digits are hard to tell apart"


@pytest.mark.parametrize("text", ["0.00", "128.50", "12345.67", "9999999.99", "9999999999.99"])
def test_an_amount_is_as_wide_as_measured_and_fits(text: str) -> None:
    numeral = numerals.fitting(text, 100, 22)
    assert numeral is not None
    assert numerals.amount_line(text, numeral).width_px == numeral.measure(text) <= 100


def test_thousands_stand_apart() -> None:
    numeral = Numeral(8, 20)
    plain, grouped = numeral.measure("123"), numeral.measure("1234")
    assert grouped - plain == numeral.width_px + numeral.gap_px + numeral.group_px


def test_an_amount_that_cannot_be_read_is_not_drawn_small() -> None:
    assert numerals.fitting("9999999999.99", 60, 22) is None
