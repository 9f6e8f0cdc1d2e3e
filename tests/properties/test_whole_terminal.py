"""Whatever keys, cards and faults come: what is charged is what was agreed to on its own frame.

A state machine over the whole terminal on the modelled hardware. After every step each intent of
the journal is held to the frame on the glass when ENTER was pressed; at the end the paper and the
host's books are held to the journal.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from firmware.journal.records import AmountAgreed, IntentRecorded, Kind
from firmware.journal.transactions import State, Transaction
from firmware.scenario.audit import unbalanced
from firmware.scenario.language import Step
from firmware.scenario.player import Player
from firmware.scenario.stage import STAGE_CONFIG, Stage
from firmware.ui.render import Frame

MIN_VIEW_MS = STAGE_CONFIG.check.min_view_ms
CARDS = ("unionpay-debit", "visa-credit", "offline-ok", "no-funds", "jcb", "visa-debit")
PINS = {"unionpay-debit": "123456", "no-funds": "123456", "visa-debit": "1234"}
KEYS = [*"0123456789", "00", "#", "ENTER", "CANCEL", "BACK", "MENU"]
FAULTS = (("host", "silent"), ("host", "down"), ("host", "garbage"), ("printer", "paper-out"))
_SLIP = re.compile(r"VOUCHER NO:\s*(\d{6}).*?AMOUNT:\s*RMB (\d+\.\d\d)", re.DOTALL)

cards = st.sampled_from(CARDS)
seldom_cards = st.one_of(st.none(), st.none(), st.none(), cards)
amounts = st.integers(1, 30_000)


class WholeTerminal(RuleBasedStateMachine):
    """A counter where anything may happen, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="pos-property-"))
        self.frames: dict[str, str] = {}
        self.seen = 0
        self.agreed: AmountAgreed | None = None
        self.papers: list[str] = []
        self.player = Player(self.directory, self.directory, make_stage=self.make_stage)
        self.stage = self.player.stage

    def make_stage(self, config):
        def note(frame: Frame) -> None:
            self.frames[frame.sha256] = frame.text

        return Stage(self.directory, config, on_frame=note)

    def play(self, verb: str, *words: str) -> None:
        self.player.play(Step(verb, words, "property"))

    # --- what people do, sensible and not ---

    @rule(keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=6))
    def fumble(self, keys: list[str]) -> None:
        self.play("press", *keys)

    @rule(amount=amounts)
    def key_an_amount(self, amount: int) -> None:
        self.play("press", str(amount), "ENTER")

    @rule()
    def agree(self) -> None:
        self.play("press", "ENTER")

    @rule(card=cards)
    def put_in(self, card: str) -> None:
        self.play("insert", card)

    @rule()
    def take_out(self) -> None:
        self.play("remove")

    @rule(card=cards, amount=amounts)
    def sell(self, card: str, amount: int) -> None:
        self.play("press", str(amount), "ENTER")
        self.play("press", "ENTER")
        self.play("insert", card)
        if card in PINS:
            self.play("press", PINS[card], "ENTER")
        self.play("press", "ENTER")
        self.play("remove")

    def chosen(self, wrong_card: str | None, number: int) -> tuple[str, int]:
        """A card and a voucher number: mostly of a sale that was made, with the card that paid."""
        sales = [one for one in self.transactions() if one.kind is Kind.SALE]
        if not sales:
            return wrong_card or CARDS[0], number
        sale = sales[number % len(sales)]
        keys = self.stage.terminal.ledger.keys
        return wrong_card or self.stage.host.names_by_hash(keys.card)[sale.card.hash], sale.stan

    @rule(wrong_card=seldom_cards, number=st.integers(0, 6))
    def void(self, wrong_card: str | None, number: int) -> None:
        card, stan = self.chosen(wrong_card, number)
        self.play("press", "CANCEL")
        self.play("press", "MENU", "2", "246810", "ENTER", str(stan), "ENTER")
        self.play("press", "ENTER")
        self.play("insert", card)
        if card in PINS:
            self.play("press", PINS[card], "ENTER")
        self.play("press", "ENTER")
        self.play("remove")

    @rule(wrong_card=seldom_cards, number=st.integers(0, 6), amount=amounts)
    def refund(self, wrong_card: str | None, number: int, amount: int) -> None:
        card, stan = self.chosen(wrong_card, number)
        self.play("press", "CANCEL")
        self.play("press", "MENU", "3", "246810", "ENTER", str(stan), "ENTER", "ENTER")
        self.play("press", "2")
        self.play("press", "ENTER")
        self.play("press", str(amount), "ENTER")
        self.play("press", "ENTER")
        self.play("insert", card)
        self.play("press", "ENTER")
        self.play("remove")

    @rule()
    def undo(self) -> None:
        self.play("press", "CANCEL")

    @rule()
    def settle(self) -> None:
        self.play("press", "CANCEL")
        self.play("press", "MENU", "6")
        self.play("press", "ENTER")

    # --- what goes wrong ---

    @rule(fault=st.sampled_from(FAULTS))
    def break_something(self, fault: tuple[str, str]) -> None:
        self.play("fault", *fault)

    @rule(device=st.sampled_from(["host", "printer"]))
    def mend(self, device: str) -> None:
        self.play("clear", device)

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
        journal = self.stage.terminal.ledger.journal
        for entry in journal.records(self.seen + 1):
            self.seen = entry.seq
            record = entry.record
            if isinstance(record, AmountAgreed):
                self.agreed = record
            elif isinstance(record, IntentRecorded):
                self.hold(record)

    def hold(self, intent: IntentRecorded) -> None:
        agreed, self.agreed = self.agreed, None  # an agreement is good for one intent
        assert agreed is not None, "an intent that nobody agreed to"
        assert (agreed.kind, agreed.amount_minor) == (intent.kind, intent.amount_minor)
        assert agreed.frame_sha256 == intent.frame_sha256
        if agreed.key == "ENTER":
            assert agreed.pressed_at_ms - agreed.shown_at_ms >= MIN_VIEW_MS
        else:  # CANCEL on the frame that offers it undoes the sale just made
            assert (agreed.key, intent.kind, intent.undo) == ("CANCEL", Kind.VOID, True)
        shown = self.frames[intent.frame_sha256]
        assert major(intent.amount_minor) in shown
        assert intent.terminal in shown

    @invariant()
    def no_sale_gives_back_more_than_it_took(self) -> None:
        for one in self.transactions():
            assert 0 <= one.refunded_minor <= one.amount_minor
            assert not (one.voided_by and one.refunded_minor)

    def transactions(self) -> list[Transaction]:
        journal = self.stage.terminal.ledger.journal
        return journal.list_transactions(None, 0, 10_000)

    def teardown(self) -> None:
        try:
            self.stand_still()
            assert unbalanced(self.stage.terminal.ledger, self.stage.host) == []
            self.hold_the_papers()
        finally:
            self.player.close()
            shutil.rmtree(self.directory, ignore_errors=True)

    def stand_still(self) -> None:
        """Everything is mended, nobody is there, and the terminal has the time it needs."""
        for device in ("host", "printer", "card"):
            self.play("clear", device)
        self.play("remove")
        self.play("wait", "3h")
        self.play("power cut")  # papers that wait for a key go out, a settlement is ended
        self.play("power on")
        self.play("wait", "10m")

    def hold_the_papers(self) -> None:
        """Each voucher bears its transaction's amount, and each approval has its two vouchers."""
        text = self.stage.bench.paper_printer.paper.text
        slips: dict[str, list[str]] = {}
        for number, amount in _SLIP.findall(text):
            slips.setdefault(number, []).append(amount)
        of_number: dict[str, set[str]] = {}
        for one in self.transactions():
            of_number.setdefault(f"{one.stan:06d}", set()).add(major(one.amount_minor))
            if one.state is State.APPROVED:
                assert slips.get(f"{one.stan:06d}", []).count(major(one.amount_minor)) >= 2
        for number, found in slips.items():
            assert set(found) <= of_number[number]


def major(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        WholeTerminal,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_what_is_charged_is_what_was_agreed_to_whatever_happens():
    run(examples=12, steps=25)


@pytest.mark.long
def test_what_is_charged_is_what_was_agreed_to_over_thousands_of_steps():
    run(examples=150, steps=50)
