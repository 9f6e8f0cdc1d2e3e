"""Whatever keys, cards and faults come: what is charged is what was agreed to on its own frame.

A state machine over the whole terminal on the modelled hardware. Each amount is read four times,
each from a place of its own: from the pixels in the display's memory when ENTER went down, from the
journal, from the printed receipt, from the host's books. All four have to be the same.
"""

from __future__ import annotations

import atexit
import hashlib
import re
import shutil
import tempfile
from collections import defaultdict
from functools import cache
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from firmware.acquirer.booking import Standing
from firmware.core.config import Config
from firmware.core.kinds import Kind
from firmware.journal.records import AmountAgreed, IntentRecorded
from firmware.journal.transactions import State, Transaction
from firmware.lab.scenario.audit import unbalanced
from firmware.lab.scenario.language import KEY_NAMES, Step, keys_of
from firmware.lab.scenario.player import UP_MS, Player
from firmware.lab.scenario.stage import STAGE_CONFIG, Stage
from firmware.ui.render import Frame
from firmware.ui.texts import Text
from tests.crash.rig import Rig
from tests.properties.display import amount_on
from tests.simulator.counter import CardsPutIn, MaskedDigits

MIN_VIEW_MS = STAGE_CONFIG.check.min_view_ms
CARDS = ("unionpay-debit", "visa-credit", "offline-ok", "no-funds", "jcb", "visa-debit")
PINS = {"unionpay-debit": "123456", "no-funds": "123456", "visa-debit": "1234"}
KEYS = [*"0123456789", "00", "#", "ENTER", "CANCEL", "BACK", "MENU"]
FAULTS = (("host", "silent"), ("host", "down"), ("host", "garbage"), ("printer", "paper-out"))
KEY_MS = 79  # from a key's contact to the terminal's knowing, before the next key comes
NAMES = {key: name for name, key in reversed(KEY_NAMES.items())}
GIVES_NOTHING_BACK = (Kind.SALE, Kind.PREAUTH, Kind.COMPLETION)
UNDO_OFFERS = tuple(words.split(" {")[0] for words in Text.CANCEL_UNDO.value)
_SLIP = re.compile(  # the next paper begins with a batch number of its own
    r"BATCH NO:\s*(\d{6})\s+凭证号 VOUCHER NO:\s*(\d{6})"
    r"(?:(?!BATCH NO).)*?AMOUNT:\s*RMB (-?\d+\.\d\d)",
    re.DOTALL,
)

cards = st.sampled_from(CARDS)
seldom_cards = st.one_of(st.none(), st.none(), st.none(), cards)
amounts = st.integers(1, 30_000)


class WholeTerminal(RuleBasedStateMachine):
    """A counter where anything may happen, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="pos-property-"))
        shutil.copytree(provisioned(), self.directory, dirs_exist_ok=True)
        self.texts = defaultdict[str, str](str)  # what each frame says, by the hash of its pixels
        self.pressed: list[tuple[int, str, str]] = []  # when, which key, and the frame it was on
        self.charged: dict[
            tuple[int, int], str
        ] = {}  # batch and voucher: the amount on the display
        self.kinds: dict[tuple[int, int], Kind] = {}
        self.seen = 0
        self.agreed: AmountAgreed | None = None
        self.cards = CardsPutIn()
        self.player = Player(self.directory, self.directory, make_stage=self.make_stage)
        self.stage = self.player.stage

    def make_stage(self, config: Config) -> Stage:
        def note(frame: Frame) -> None:
            self.texts[frame.sha256] = frame.text

        rig = Rig(self.directory, config, on_frame=note)
        self.digits = MaskedDigits(rig.bench.slot)
        rig.on_asked, rig.on_given, rig.on_event = (
            self.digits.asked,
            self.digits.given,
            self.digits.came,
        )
        return rig

    def play(self, verb: str, *words: str, at_ms: int | None = None) -> None:
        step = Step(verb, words, "property", at_ms)
        self.cards.begins(step)
        self.player.play(step)
        if self.stage.terminal is not None:
            self.nothing_begins_without_enter_on_its_own_frame()
        self.cards.ended(step)

    def press(self, *words: str) -> None:
        """Keys as a fast hand presses them, with a look at the display before each goes down."""
        self.play("wait", "0s")
        clock = self.stage.bench.clock
        for key in [key for word in words for key in keys_of(word)]:
            name = NAMES[key]
            self.pressed.append((clock.monotonic_ms(), name, fingerprint(self.pixels)))
            self.play("press", name, at_ms=clock.monotonic_ms())
            self.play("wait", f"{UP_MS}ms", at_ms=clock.monotonic_ms())

    @property
    def pixels(self) -> bytes:
        """What is in the display's memory now: 64 rows of 16 bytes."""
        return self.stage.bench.chip.image().tobytes()

    # --- what people do, sensible and not ---

    @rule(keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=6))
    def fumble(self, keys: list[str]) -> None:
        self.press(*keys)

    @rule(amount=amounts)
    def key_an_amount(self, amount: int) -> None:
        self.press(str(amount), "ENTER")

    @rule()
    def agree(self) -> None:
        self.press("ENTER")

    @rule(card=cards)
    def put_in(self, card: str) -> None:
        self.play("insert", card)

    @rule()
    def take_out(self) -> None:
        self.play("remove")

    @rule(card=cards, amount=amounts)
    def sell(self, card: str, amount: int) -> None:
        self.press(str(amount), "ENTER")
        self.press("ENTER")
        self.pay(card)

    def chosen(self, wrong_card: str | None, number: int) -> tuple[str, int]:
        """A card and a voucher number: mostly of a sale that was made, with the card that paid."""
        sales = [one for one in self.transactions() if one.kind is Kind.SALE]
        if not sales:
            return wrong_card or CARDS[0], number
        sale = sales[number % len(sales)]
        names = self.stage.keeps_books.names_by_hash(self.stage.terminal.data.keys.card)
        return wrong_card or names[sale.card.hash], sale.stan

    @rule(wrong_card=seldom_cards, number=st.integers(0, 6))
    def void(self, wrong_card: str | None, number: int) -> None:
        card, stan = self.chosen(wrong_card, number)
        self.press("CANCEL")
        self.press("MENU", "2", "246810", "ENTER", str(stan), "ENTER")
        self.press("ENTER")
        self.pay(card)

    @rule(wrong_card=seldom_cards, number=st.integers(0, 6), amount=amounts)
    def refund(self, wrong_card: str | None, number: int, amount: int) -> None:
        card, stan = self.chosen(wrong_card, number)
        self.press("CANCEL")
        self.press("MENU", "3", "246810", "ENTER", str(stan), "ENTER", "ENTER")
        self.press("2")
        self.press("ENTER")
        self.press(str(amount), "ENTER")
        self.press("ENTER")
        self.play("insert", card)
        self.press("ENTER")
        self.play("remove")

    @rule(card=cards, amount=amounts)
    def hold_money(self, card: str, amount: int) -> None:
        self.press("CANCEL")
        self.press("MENU", "9", "1", str(amount), "ENTER")
        self.press("ENTER")
        self.pay(card)

    @rule(number=st.integers(0, 6), amount=amounts, release=st.booleans())
    def use_a_hold(self, number: int, amount: int, release: bool) -> None:
        holds = [one for one in self.transactions() if one.kind is Kind.PREAUTH]
        if not holds:
            return
        hold = holds[number % len(holds)]
        self.press("CANCEL")
        self.press("MENU", "9", *(("3", "246810", "ENTER") if release else "2"))
        self.press(hold.authorisation_code or "000000", "ENTER", "ENTER")
        self.press("ENTER")
        if not release:
            self.press(str(amount), "ENTER")
            self.press("ENTER")
        self.pay_again(hold)

    @rule(number=st.integers(0, 6))
    def give_a_completion_back(self, number: int) -> None:
        paid = [one for one in self.transactions() if one.kind is Kind.COMPLETION]
        if not paid:
            return
        one = paid[number % len(paid)]
        self.press("CANCEL")
        self.press("MENU", "9", "4", "246810", "ENTER", str(one.stan), "ENTER")
        self.press("ENTER")
        self.pay_again(one)

    def pay_again(self, of: Transaction) -> None:
        keys = self.stage.terminal.data.keys
        self.pay(self.stage.keeps_books.names_by_hash(keys.card)[of.card.hash])

    def pay(self, card: str) -> None:
        self.play("insert", card)
        if card in PINS:
            self.press(PINS[card], "ENTER")
        self.press("ENTER")
        self.play("remove")

    @rule()
    def undo(self) -> None:
        self.press("CANCEL")

    @rule()
    def settle(self) -> None:
        self.press("CANCEL")
        self.press("MENU", "6")
        self.press("ENTER")

    # --- what goes wrong ---

    @rule(fault=st.sampled_from(FAULTS))
    def break_something(self, fault: tuple[str, str]) -> None:
        self.play("fault", *fault)

    @rule(device=st.sampled_from(["host", "printer"]))
    def mend(self, device: str) -> None:
        self.play("clear", device)

    @rule(seconds=st.sampled_from(["500ms", "3s"]))
    def trip_over_the_readers_cable(self, seconds: str) -> None:
        self.play("fault", "reader", "unplugged")
        self.play("wait", seconds)
        self.play("clear", "reader")
        self.play("wait", "3s")

    @rule(amount=amounts, digits=st.integers(0, 5), more=st.integers(1, 6))
    def break_a_pin_off(self, amount: int, digits: int, more: int) -> None:
        """Somebody is interrupted at the PIN, and goes on keying."""
        self.press(str(amount), "ENTER")
        self.press("ENTER")
        self.play("insert", "unionpay-debit")
        self.press(*"123456"[:digits])
        self.play("fault", "display", "lost")
        self.press("1")  # a display is missed where something is to be shown on it
        self.play("wait", "3s")
        self.play("clear", "display")
        self.play("wait", "3s")
        self.press(*"123456"[:more])

    @rule(at=st.integers(1, 20))
    def pull_the_card(self, at: int) -> None:
        self.play("fault", "card", "pull-at", str(at))

    @rule()
    def cut_the_power(self) -> None:
        self.play("power cut")
        self.play("power on")

    @rule(seconds=st.sampled_from([1, 12, 70, 400]))
    def wait(self, seconds: int) -> None:
        self.play("wait", f"{seconds}s")

    # --- what must hold ---

    @invariant()
    def nothing_begins_without_enter_on_its_own_frame(self) -> None:
        journal = self.stage.terminal.data.journal
        for entry in journal.records(self.seen + 1):
            self.seen = entry.seq
            record = entry.record
            if isinstance(record, AmountAgreed):
                self.agreed = record
            elif isinstance(record, IntentRecorded):
                self.hold(record)

    def hold(self, intent: IntentRecorded) -> None:
        """What a person saw and pressed, against what the journal says that was agreed to."""
        assert self.cards.pays(intent), "a card that was not put in for it"
        agreed, self.agreed = self.agreed, None  # an agreement is good for one intent
        assert agreed is not None, "an intent that nobody agreed to"
        assert (agreed.kind, agreed.amount_minor) == (intent.kind, intent.amount_minor)
        assert agreed.frame_sha256 == intent.frame_sha256
        frames = self.frames_under(agreed)
        if agreed.key == "ENTER":
            assert frames == [agreed.frame_sha256]
            assert agreed.pressed_at_ms - agreed.shown_at_ms >= MIN_VIEW_MS
        else:  # CANCEL on the frame that offers it undoes the sale just made
            assert (agreed.key, intent.kind, intent.undo) == ("CANCEL", Kind.VOID, True)
            assert any(offer in self.texts[frame] for frame in frames for offer in UNDO_OFFERS)
        shown = self.stage.terminal.data.journal.frame(intent.frame_sha256)
        assert fingerprint(shown) == intent.frame_sha256
        assert amount_on(shown) == major(intent.amount_minor)
        assert intent.terminal in self.texts[intent.frame_sha256]
        self.charged[intent.batch, intent.stan] = amount_on(shown)
        self.kinds[intent.batch, intent.stan] = intent.kind

    def frames_under(self, agreed: AmountAgreed) -> list[str]:
        """The frame on the display as the key went down that the terminal says was pressed."""
        return [
            frame
            for at_ms, key, frame in self.pressed
            if key == agreed.key and 0 <= agreed.pressed_at_ms - at_ms <= KEY_MS
        ]

    @invariant()
    def no_digit_of_a_pin_or_password_comes_on_another_screen(self) -> None:
        assert not self.digits.leaked

    @invariant()
    def no_sale_gives_back_more_than_it_took(self) -> None:
        for one in self.transactions():
            assert 0 <= one.refunded_minor <= one.amount_minor
            assert not (one.voided_by and one.refunded_minor)
            assert not (one.voided_by and one.completed_by)

    def transactions(self) -> list[Transaction]:
        journal = self.stage.terminal.data.journal
        return journal.list_transactions(None, 10_000)

    def teardown(self) -> None:
        try:
            self.stand_still()
            assert unbalanced(self.stage.terminal.data, self.stage.keeps_books) == []
            self.hold_the_books()
            self.hold_the_papers()
        finally:
            self.player.close()
            shutil.rmtree(self.directory, ignore_errors=True)

    def stand_still(self) -> None:
        """Everything is mended, nobody is there, and the terminal has the time it needs."""
        for device in ("host", "printer", "card"):
            self.play("clear", device)
        self.play("remove")
        self.play("wait", "2m")
        self.play("power cut")  # papers that wait for a key go out, a settlement is ended
        self.play("power on")
        self.play("wait", "5m")

    def hold_the_books(self) -> None:
        """What the host booked is what stood on the display."""
        for one in self.stage.keeps_books.books():
            if one.state is Standing.STANDING:
                assert self.charged[one.batch, one.stan] == str(one.amount)

    def hold_the_papers(self) -> None:
        """Each receipt bears the amount that was seen; an approval has its two."""
        slips: dict[tuple[int, int], list[str]] = {}
        for batch, number, amount in _SLIP.findall(self.stage.bench.paper_printer.paper.text):
            slips.setdefault((int(batch), int(number)), []).append(amount)
        for number, amounts in slips.items():
            sign = "" if self.kinds[number] in GIVES_NOTHING_BACK else "-"
            assert set(amounts) == {sign + self.charged[number]}
        for one in self.transactions():
            if one.state is State.APPROVED:
                assert len(slips.get((one.batch, one.stan), [])) >= 2


@cache
def provisioned() -> Path:
    """What a terminal's disk holds whose people have their passwords; made once, for it is slow."""
    directory = Path(tempfile.mkdtemp(prefix="pos-property-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    Stage(directory).close()
    return directory


def fingerprint(pixels: bytes) -> str:
    return hashlib.sha256(pixels).hexdigest()


def major(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def run(examples: int, steps: int) -> None:
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(WholeTerminal, settings=how)


def test_what_is_charged_is_what_was_agreed_to_whatever_happens():
    run(examples=6, steps=80)


@pytest.mark.long
def test_what_is_charged_is_what_was_agreed_to_over_thousands_of_steps():
    run(examples=600, steps=80)
