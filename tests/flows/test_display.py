"""What stands on the display: sent once, remembered through faults, never taken for granted."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from firmware.core.kinds import Kind
from firmware.flows.desk import Desk
from firmware.terminal.world import Panel
from firmware.ui.render import Frame, render
from firmware.ui.screens import (
    AmountCheck,
    AmountEntry,
    CardPrompt,
    Idle,
    Outcome,
    Phrase,
    PinEntry,
    Screen,
    TextEntry,
)
from firmware.ui.texts import Language, Text
from hw.oled import Oled
from hw.sim.panel.ssd1306 import Ssd1306
from hw.sim.time import VirtualClock
from tests.flows.script import desk

CHINA = timezone(timedelta(hours=8))


class Counter:
    """A display on its chip, and the display that the terminal thinks it has."""

    def __init__(self) -> None:
        self.chip = Ssd1306()
        self.clock = VirtualClock(datetime(2026, 11, 22, 9, tzinfo=CHINA))
        self.frames: list[Frame] = []
        self.panel = Panel(Oled(lambda: self.chip), self.clock, self.frames.append)

    def show(self, screen: Screen) -> None:
        self.panel.show(screen, Language.ZH)

    def says(self, screen: Screen) -> bool:
        """Whether this very screen can be read on the chip."""
        wanted = render(screen, Language.ZH).image
        return self.chip.is_on and self.chip.image().tobytes() == wanted.tobytes()


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def shop() -> Desk:
    return desk()


def entry(shop: Desk, minor: int) -> AmountEntry:
    return AmountEntry(shop.owner, Kind.SALE, shop.money(minor), Phrase.of(Text.SALE_AMOUNT))


def idle(shop: Desk, time: str) -> Idle:
    return Idle(shop.owner, "2026-11-22", time, "01")


def sign_on() -> TextEntry:
    return TextEntry(Phrase.of(Text.OPERATOR_NUMBER), "", 2, Phrase.of(Text.SIGN_ON))


def check(shop: Desk, minor: int) -> AmountCheck:
    return AmountCheck(shop.owner, Kind.SALE, shop.money(minor))


def test_frame_that_stands_there_already_is_not_sent_again(counter: Counter, shop: Desk) -> None:
    counter.show(entry(shop, 100))
    sent = counter.chip.bus_bytes
    counter.show(entry(shop, 100))
    assert counter.chip.bus_bytes == sent
    assert counter.says(entry(shop, 100))


def test_display_that_was_reset_unseen_stands_again_at_the_next_minute(
    counter: Counter, shop: Desk
) -> None:
    """A loose wire takes the power away for a moment; nothing on the bus tells of it."""
    counter.show(idle(shop, "09:00"))
    counter.chip.fail(broken=True)
    counter.chip.fail(broken=False)
    counter.clock.advance_to(60_000)
    counter.show(idle(shop, "09:01"))
    assert counter.says(idle(shop, "09:01"))


def test_screen_that_is_shown_again_unchanged_stands_again_on_a_display_that_was_reset_unseen(
    counter: Counter,
) -> None:
    """Where nobody is signed on, the same question may stand for a day."""
    counter.show(sign_on())
    counter.chip.fail(broken=True)
    counter.chip.fail(broken=False)
    counter.clock.advance_to(60_000)
    counter.show(sign_on())
    assert counter.says(sign_on())


def test_display_that_is_lost_under_a_screen_that_never_changes_is_noticed(
    counter: Counter,
) -> None:
    counter.show(sign_on())
    counter.chip.fail(broken=True)
    counter.clock.advance_to(60_000)
    counter.show(sign_on())
    assert counter.panel.fault is not None


def test_no_step_of_a_payment_is_on_a_display_that_was_reset_unseen(
    counter: Counter, shop: Desk
) -> None:
    """A whole sale with its PIN went on, and was undone, on a display that was dark."""
    money = shop.money(12_850)
    approved = Phrase.of(Text.APPROVED)
    for screen in (
        check(shop, 12_850),
        CardPrompt(Kind.SALE, money, Phrase.of(Text.INSERT_CARD)),
        PinEntry(Kind.SALE, money, 0),
        Outcome(Kind.SALE, money, approved=True, text=approved, undo_s=28),
    ):
        counter.chip.fail(broken=True)
        counter.chip.fail(broken=False)
        counter.show(screen)
        assert counter.says(screen), type(screen).__name__


def test_a_countdown_is_not_sent_whole_at_each_second(counter: Counter, shop: Desk) -> None:
    def left(seconds: int) -> Outcome:
        approved = Phrase.of(Text.APPROVED)
        money = shop.money(12_850)
        return Outcome(Kind.SALE, money, approved=True, text=approved, undo_s=seconds)

    counter.show(left(28))
    sent = counter.chip.bus_bytes
    counter.show(left(27))
    assert 0 < counter.chip.bus_bytes - sent < 400


def test_frame_shown_while_the_display_was_lost_stands_there_once_it_is_back(
    counter: Counter, shop: Desk
) -> None:
    counter.show(entry(shop, 1))
    counter.chip.fail(broken=True)
    counter.show(entry(shop, 12))
    assert counter.panel.fault is not None
    counter.show(entry(shop, 128))
    counter.panel.reopen()
    assert counter.panel.fault is not None, "it is still lost"
    counter.chip.fail(broken=False)
    counter.panel.reopen()
    assert counter.panel.fault is None
    counter.show(entry(shop, 128))
    assert counter.says(entry(shop, 128))


def test_only_frames_that_could_be_seen_are_told_of(counter: Counter, shop: Desk) -> None:
    counter.show(entry(shop, 1))
    counter.chip.fail(broken=True)
    counter.show(entry(shop, 12))
    counter.show(entry(shop, 128))
    assert len(counter.frames) == 1
