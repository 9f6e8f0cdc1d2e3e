"""The rules of the counter notice what they are there for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from firmware.core.kinds import Kind
from firmware.core.money import CURRENCIES, Money
from firmware.flows import effects
from firmware.journal.records import IntentRecorded
from firmware.lab.scenario.language import Step
from firmware.ui.screens import AmountEntry, Owner, Phrase, PinEntry
from firmware.ui.texts import Language, Text
from hw.events import CardRemoved, Key, KeyPressed
from tests.simulator.counter import CardsPutIn, MaskedDigits

AMOUNT = Money(100, CURRENCIES["CNY"])
PIN = PinEntry(Kind.SALE, AMOUNT, 0)
WHOSE = Owner("幸福小店", "S01", "10000001")
AN_AMOUNT = AmountEntry(WHOSE, Kind.SALE, AMOUNT, Phrase.of(Text.SALE_AMOUNT))


def plays(cards: CardsPutIn, *words: str) -> None:
    step = Step(words[0], words[1:], "here:1")
    cards.begins(step)
    cards.ended(step)


def pays(cards: CardsPutIn, *, undo: bool = False) -> bool:
    return cards.pays(cast("IntentRecorded", SimpleNamespace(undo=undo)))


def test_a_card_pays_once_and_for_its_own_undo() -> None:
    cards = CardsPutIn()
    plays(cards, "insert", "jcb")
    assert [pays(cards), pays(cards, undo=True), pays(cards)] == [True, True, False]


def test_a_card_that_was_there_before_the_reader_or_the_terminal_does_not_pay() -> None:
    away = ("fault", "reader", "unplugged"), ("clear", "reader")
    for lines in ((("power on",),), away, (("fault", "reader", "flickers"), *away)):
        cards = CardsPutIn()
        plays(cards, "insert", "jcb")
        for words in (*lines, ("clear", "printer")):
            plays(cards, *words)
        assert not pays(cards)


def test_a_reader_that_flickered_was_never_away() -> None:
    cards = CardsPutIn()
    plays(cards, "fault", "reader", "flickers")
    plays(cards, "insert", "jcb")
    plays(cards, "clear", "reader")
    assert pays(cards)


def leaked_after(*keys: Key, card: object = object(), swallowed: tuple[Key, ...] = ()) -> int:
    """A PIN entry is broken off, an amount is on the display, and somebody goes on keying.

    What is swallowed comes, and no flow is given it.
    """
    slot: Any = SimpleNamespace(card=card)
    digits = MaskedDigits(slot)
    wait = effects.Wait(1_000)
    for screen in (PIN, AN_AMOUNT):
        digits.asked(effects.Show(screen, Language.ZH))
        digits.asked(wait)
    for key in keys:
        pressed = KeyPressed(key, 0)
        digits.came(pressed)
        if key not in swallowed:
            digits.given(wait, pressed)
    return digits.leaked


def test_a_digit_after_an_entry_was_broken_off_is_noticed() -> None:
    assert leaked_after(Key.D3, Key.D4) == 2
    assert leaked_after(Key.STAR) == 1


def test_a_key_that_was_pressed_before_the_card_came_out_is_noticed_though_seen_after_it() -> None:
    for key in (Key.D3, Key.STAR, Key.ENTER, Key.CANCEL):
        slot: Any = SimpleNamespace(card=object())
        digits = MaskedDigits(slot)
        wait = effects.Wait(1_000)
        for screen in (PIN, AN_AMOUNT):
            digits.asked(effects.Show(screen, Language.ZH))
            digits.asked(wait)
        early, late = KeyPressed(key, 0), KeyPressed(Key.D4, 1)
        digits.came(early)
        slot.card = None
        digits.came(CardRemoved(1))
        digits.came(late)
        digits.given(wait, early)
        digits.given(wait, late)
        assert digits.leaked == 1


def test_digits_after_its_own_keys_or_without_the_card_are_an_amount() -> None:
    for key in (Key.CANCEL, Key.ENTER):
        assert leaked_after(key, Key.D3, swallowed=(key,)) == 0
    assert leaked_after(Key.D3, card=None) == 0


def test_the_key_that_ends_an_entry_that_was_broken_off_does_nothing_else() -> None:
    for key in (Key.CANCEL, Key.ENTER):
        assert leaked_after(key) == 1
        assert leaked_after(key, card=None) == 0
