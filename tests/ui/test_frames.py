"""What a frame is, and what must stand on it whatever happens."""

from __future__ import annotations

import hashlib

import pytest
from msgspec.structs import fields, replace
from PIL import Image

from firmware.core.kinds import Kind
from firmware.ui.canvas import Canvas
from firmware.ui.examples import owner, yuan
from firmware.ui.glyphs import Bitmap
from firmware.ui.render import render
from firmware.ui.rows import TextRow, stack
from firmware.ui.screens import (
    AmountEntry,
    CardPrompt,
    Notice,
    Outcome,
    Phrase,
    PinEntry,
    Processing,
)
from firmware.ui.specimens import specimens
from firmware.ui.texts import Language, Text

AMOUNT = yuan(12_850)
WHOSE = owner(Language.ZH)


def test_a_frame_is_the_picture_its_bytes_and_their_hash() -> None:
    frame = render(specimens(Language.ZH)["check"], Language.ZH)
    assert (frame.image.mode, frame.image.size) == ("1", (128, 64))
    assert len(frame.packed) == 1024
    assert frame.image.tobytes() == frame.packed
    assert frame.sha256 == hashlib.sha256(frame.packed).hexdigest()
    assert Image.frombytes("1", (128, 64), frame.packed).getpixel((0, 0))


@pytest.mark.parametrize("language", Language)
def test_training_stands_on_every_screen_of_training(language: Language) -> None:
    mark = Text.TRAINING.in_language(language).replace(" ", "")  # set closer beside a long title
    marked = {
        name: screen
        for name, screen in specimens(language).items()
        if any(field.name == "training" for field in fields(screen))
    }
    assert len(marked) > 5
    for name, screen in marked.items():
        said, real = (
            render(replace(screen, training=training), language).text.replace(" ", "")
            for training in (True, False)
        )
        assert mark in said, name
        assert mark not in real, name


@pytest.mark.parametrize("language", Language)
def test_the_amount_stands_on_every_screen_from_entry_to_outcome(language: Language) -> None:
    sale, prompt = Kind.SALE, Phrase.of(Text.INSERT_CARD)
    for screen in (
        AmountEntry(WHOSE, sale, AMOUNT, prompt),
        CardPrompt(sale, AMOUNT, prompt),
        PinEntry(sale, AMOUNT, 6),
        Processing(sale, AMOUNT, prompt, keep_card=True),
        Outcome(sale, AMOUNT, approved=False, text=prompt, code="51"),
        Notice(prompt, (prompt,), prompt, AMOUNT),
    ):
        assert "128.50" in render(screen, language).text


@pytest.mark.parametrize("digits", range(13))
def test_the_pin_is_a_star_a_digit_and_nothing_else(digits: int) -> None:
    frame = render(PinEntry(Kind.SALE, AMOUNT, digits), Language.ZH)
    assert frame.text.count("*") == digits
    assert digits == 0 or frame != render(PinEntry(Kind.SALE, AMOUNT, digits - 1), Language.ZH)


def test_from_the_intent_on_the_card_must_stay() -> None:
    text = Phrase.of(Text.CONNECTING)
    kept = Processing(Kind.SALE, AMOUNT, text, keep_card=True)
    assert "请勿拔卡" in render(kept, Language.ZH).text
    assert "请勿拔卡" not in render(replace(kept, keep_card=False), Language.ZH).text


def test_the_spinner_turns_and_comes_round() -> None:
    frames = [
        render(
            Processing(Kind.SALE, AMOUNT, Phrase.of(Text.CONNECTING), keep_card=True, spinner=n),
            Language.ZH,
        ).packed
        for n in range(9)
    ]
    assert len(set(frames)) == 8
    assert frames[8] == frames[0]


def test_approved_and_declined_differ_in_more_than_words() -> None:
    text = Phrase.of(("同一句话", "same words"))
    yes = Outcome(Kind.SALE, AMOUNT, approved=True, text=text)
    bars = [
        sum(
            render(replace(yes, approved=approved), Language.ZH).packed[byte] == 255
            for byte in range(16)
        )
        for approved in (True, False)
    ]
    assert bars[0] > bars[1]


def test_the_offer_to_undo_counts_its_seconds() -> None:
    approved = Phrase.of(Text.APPROVED)
    offer = Outcome(Kind.SALE, AMOUNT, approved=True, text=approved, undo_s=28)
    assert "立即撤销 28" in render(offer, Language.ZH).text
    assert "立即撤销" not in render(replace(offer, undo_s=None), Language.ZH).text


def test_a_wrapped_text_is_one_line_of_the_frames_text() -> None:
    phrase = Phrase.of(Text.OTHER_TERMINAL, terminal="10000009", store="S02")
    frame = render(Notice(Phrase.of(Text.REFUSED), (phrase,), warning=True), Language.EN)
    assert "Sold at terminal 10000009, store S02" in frame.text.split("\n")


def test_a_text_from_elsewhere_may_hold_braces() -> None:
    frame = render(Notice(Phrase.of(("{0}", "{x}")), ()), Language.EN)
    assert frame.text == "{x}"


def test_a_phrase_without_its_value_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="voucher"):
        render(Notice(Phrase(Text.ORIGINAL_OF, (("tail", "1"),)), ()), Language.EN)


def test_what_finds_no_room_is_told() -> None:
    canvas = Canvas()
    stack(canvas, [TextRow(f"row {n}", keep=n) for n in range(7)])
    assert canvas.cut == ["row 0", "row 1"]
    assert canvas.lines == [f"row {n}" for n in range(2, 7)]


def test_drawing_past_the_edge_is_clipped() -> None:
    canvas = Canvas()
    canvas.draw(Bitmap.drawn("##", "##"), 127, 63)
    canvas.fill(-3, -3, 4, 4)
    assert [row for row in canvas.rows if row] == [1 << 127, 1]
