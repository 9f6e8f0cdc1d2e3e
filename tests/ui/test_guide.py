"""The cashier's page quotes what the screens say, and shows the screens as they are."""

from __future__ import annotations

import base64
import io
import re
from html import unescape
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from firmware.core.config import Config, Preauth, Refund, Sale
from firmware.iso8583.responses import RESPONSES
from firmware.ui import guide_texts
from firmware.ui.guide import QUOTE, SCALE, SCREENS, guide, quoted
from firmware.ui.render import render
from firmware.ui.specimens import specimens
from firmware.ui.texts import Language, Text

LANGUAGES = pytest.mark.parametrize("language", Language, ids=lambda each: each.value)


def page(language: Language) -> str:
    return guide(language, Config())


@LANGUAGES
def test_every_text_that_it_quotes_is_said_by_a_screen(language: Language) -> None:
    wordings = [text.in_language(language) for text in Text]
    wordings += [said[0 if language is Language.ZH else 1] for said in RESPONSES.values()]
    quotes = [unescape(each) for each in re.findall(r"<q>(.*?)</q>", page(language))]
    assert len(quotes) > 25
    for quote in quotes:
        assert any(wording.startswith(quote) for wording in wordings), quote
        assert "{" not in quote


@LANGUAGES
def test_nothing_stays_unfilled(language: Language) -> None:
    text = re.sub(r"<style>.*?</style>|src=\"[^\"]*\"", "", page(language), flags=re.DOTALL)
    assert not QUOTE.search(text)
    assert not re.search(r"[{}]", text)


def test_both_languages_quote_the_same_texts_of_the_same_screens() -> None:
    zh, en = (guide_texts.PAGES[language] for language in Language)
    assert [QUOTE.findall(said) for said, _ in zh.table] == [
        QUOTE.findall(said) for said, _ in en.table
    ]
    assert len(zh.sections) == len(en.sections)
    assert len(zh.captions) == len(en.captions) == len(SCREENS)


@LANGUAGES
def test_the_pictures_are_the_screens_of_today(language: Language) -> None:
    drawn = specimens(language)
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', page(language))
    for name, data in zip(SCREENS, found, strict=True):
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            screen = render(drawn[name], language).image
            assert picture.size == (128 * SCALE, 64 * SCALE), name
            assert picture.convert("1").resize(screen.size).tobytes() == screen.tobytes(), name


@LANGUAGES
def test_it_is_one_sheet_of_a4(language: Language, browser: Any) -> None:
    tab = browser.new_page()
    try:
        tab.set_content(page(language))
        printed = tab.pdf(prefer_css_page_size=True)
    finally:
        tab.close()
    assert len(PdfReader(io.BytesIO(printed)).pages) == 1


def test_settings_are_the_terminals() -> None:
    sale, refund = Sale(undo_s=45), Refund(window_days=60)
    preauth = Preauth(window_days=20, completion_percent=110)
    said = guide(Language.EN, Config(sale=sale, refund=refund, preauth=preauth))
    assert "Within 45 seconds" in said
    assert "within 60 days" in said
    assert "within 20 days, up to 110% of" in said


def test_values_are_left_out_of_a_quote() -> None:
    assert quoted("PASSWORD_LOCKED", Language.ZH) == "已锁定"
    assert quoted("PASSWORD_LOCKED", Language.EN) == "Locked"
    assert quoted("51", Language.EN) == "Insufficient funds"
