"""What must hold after every step of any day, whatever people and devices do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from firmware.acquirer.booking import Standing
from firmware.core.kinds import Kind, Totals
from firmware.core.money import CURRENCIES, Money
from firmware.flows import effects
from firmware.journal.enquiry_records import BalanceAsked
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import (
    AmountAgreed,
    IntentRecorded,
    OutcomeRecorded,
    SettlementCompleted,
)
from firmware.journal.transactions import State, Transaction
from firmware.journal.verify import verify_journal
from firmware.lab.scenario.audit import unbalanced
from firmware.payments import effects as payment_effects
from firmware.payments.tills import TillEvent
from firmware.ui.render import Frame
from firmware.ui.screens import Outcome
from firmware.ui.texts import Language, Text
from hw.events import DeviceEvent, Key, KeyPressed
from tests.crash.cuts import READY, slips
from tests.crash.rig import Rig
from tests.simulator.counter import CardsPutIn, MaskedDigits

READY_EN = tuple(
    said.in_language(Language.EN) for said in (Text.ENTER_AMOUNT, Text.OPERATOR_NUMBER)
)
_LIVE = (State.APPROVED, State.OPEN, State.REVERSING)


class Broken(AssertionError):  # noqa: N818 - what happened
    """A promise was broken, in words."""


@dataclass
class Witness:
    """Watches a rig from its first effect on; `look` raises Broken."""

    rig: Rig
    frames: dict[str, str] = field(default_factory=dict)  # what each frame on the display said
    shown: dict[tuple[str, Kind], int] = field(default_factory=dict)  # approved on the display
    seq: int = 0  # of the last record seen
    seen: Counter[str] = field(default_factory=Counter)  # what became of what people wanted
    _keys: Counter[tuple[Key, int]] = field(default_factory=Counter)
    _agreed: AmountAgreed | None = None
    _stan: dict[bool, int] = field(
        default_factory=dict
    )  # the last of training transactions, and of the others
    _paper_read: str = ""
    cards: CardsPutIn = field(default_factory=CardsPutIn)

    def __post_init__(self) -> None:
        self.digits = MaskedDigits(self.rig.bench.slot)
        self.rig.on_asked = self.digits.asked
        self.rig.on_given = self.digits.given
        self.rig.on_event = self._note_event
        self.rig.on_answered = self._note_effect
        self.rig.on_frame = self._note_frame

    # --- what is seen and pressed ---

    def _note_event(self, event: DeviceEvent | TillEvent) -> None:
        self.digits.came(event)
        if isinstance(event, KeyPressed):
            self._keys[event.key, event.at_ms] += 1

    def _note_effect(self, effect: payment_effects.Effect[Any] | None) -> None:
        match effect:
            case effects.Show(screen=Outcome() as screen) if screen.approved:
                if not screen.training:
                    self.shown[screen.voucher, screen.kind] = screen.amount.minor
            case payment_effects.Authorise():  # before the flow has heard of the answer
                self._hold_host()

    def _note_frame(self, frame: Frame) -> None:
        self.frames[frame.sha256] = frame.text

    # --- what must hold ---

    def look(self) -> None:
        """After each step. Raises Broken."""
        if self.digits.leaked:
            raise Broken("a digit of a PIN or a password came on a screen that is not masked")
        self.seen["key of a masked entry"] = self.digits.seen
        self.seen["digit after an entry was broken off"] = self.digits.broken_off
        terminal = self.rig.terminal
        if terminal is None or not terminal.data.at_hand:
            return
        journal = terminal.data.journal
        head, _ = journal.head()
        if head == self.seq:
            return
        for entry in journal.records(self.seq + 1, head):
            self._follow(entry.record)
        self.seq = head
        self._hold_originals()
        self._hold_host()
        self._hold_display()

    def rest(self) -> None:
        """When all is well and nothing is under way: nothing is open, every slip is out."""
        terminal = self.rig.terminal
        if terminal is None:
            raise Broken("the power was not put on again")
        found = unbalanced(terminal.data, self.rig.keeps_books)
        found += [
            f"{job.copy.value} of {job.stan} owed" for job in terminal.data.journal.print_jobs()
        ]
        panel = self.rig.display_text
        if not any(words in panel for words in (*READY, *READY_EN)):
            found.append(f"it stands still at: {' '.join(panel.split())}")
        if found:
            raise Broken("; ".join(found))
        self._hold_paper()

    def part(self) -> None:
        """At the end: the journal is whole, from its first record to its last. Raises Broken."""
        faults = verify_journal(self.rig.directory).faults
        if faults:
            raise Broken("; ".join(faults))

    def _follow(self, record: object) -> None:
        """Each intent rests on a frame that was displayed and on the key that agreed to it."""
        self.seen[_named(record)] += 1
        match record:
            case AmountAgreed():
                self._hold_agreed(record)
                self._agreed = record
            case IntentRecorded():
                self._hold_number(record)
                if not self.cards.pays(record):
                    raise Broken(f"{record.stan:06d} took a card that was not put in for it")
                agreed, self._agreed = self._agreed, None
                if agreed is None or (agreed.frame_sha256, agreed.kind, agreed.amount_minor) != (
                    record.frame_sha256,
                    record.kind,
                    record.amount_minor,
                ):
                    raise Broken(f"intent {record.stan:06d} without anybody's agreement")
            case BalanceAsked():
                self._hold_number(record)
            case SettlementCompleted():
                self._hold_settlement(record)

    def _hold_number(self, intent: IntentRecorded | BalanceAsked) -> None:
        """Voucher numbers have no gaps, and training has its own; an enquiry takes one."""
        before = self._stan.get(intent.training, 0)
        if intent.stan != before + 1:
            raise Broken(f"voucher {intent.stan:06d} follows {before:06d}")
        self._stan[intent.training] = intent.stan

    def _hold_settlement(self, settled: SettlementCompleted) -> None:
        """The slip's totals are those of the batch, and the host has the same."""
        sums: Counter[str] = Counter()
        for each in self._all():
            if each.batch == settled.batch and each.state is State.APPROVED:
                sums[f"{each.kind.value}s"] += 1
                sums[f"{each.kind.value}s_minor"] += each.amount_minor
        if any(getattr(settled.totals, name) != sums[name] for name in Totals.__struct_fields__):
            raise Broken(f"batch {settled.batch} is settled as {settled.totals}, and is {sums}")
        if not settled.balanced:
            raise Broken(f"batch {settled.batch} is not what the host has")

    def _hold_agreed(self, agreed: AmountAgreed) -> None:
        frame = self.frames.get(agreed.frame_sha256)
        if frame is None:
            raise Broken("agreed to a frame that never stood on the display")
        if str(Money(agreed.amount_minor, CURRENCIES["CNY"])) not in "".join(frame.split()):
            raise Broken(f"agreed to {agreed.amount_minor} on a frame that says {frame.split()}")
        if agreed.key == "CANCEL":
            return
        key = Key[agreed.key]
        if not self._keys[key, agreed.pressed_at_ms]:
            raise Broken("agreed to, and nobody had pressed the key")
        viewed_ms = agreed.pressed_at_ms - agreed.shown_at_ms
        if viewed_ms < self.rig.config.check.min_view_ms:
            raise Broken(f"agreed to after {viewed_ms} ms on the display")

    def _hold_originals(self) -> None:
        """No sale is refunded above its amount, nor voided and refunded."""
        transactions = self._all()
        undone: Counter[tuple[int, int]] = Counter()
        for each in transactions:
            if each.original is not None and each.state is State.APPROVED:
                undone[each.original.batch, each.original.stan] += each.amount_minor
        sales = {(each.batch, each.stan): each for each in transactions if each.kind is Kind.SALE}
        for number, minor in undone.items():
            if number not in sales or minor > sales[number].amount_minor:
                raise Broken(f"{minor} of sale {number} was given back, which is more than it was")

    def _hold_host(self) -> None:
        """What stands at the host is approved here, or known here to be in doubt."""
        ours = {(each.batch, each.stan): each for each in self._all()}
        for entry in self.rig.keeps_books.books():
            if entry.state is not Standing.STANDING:
                continue
            each = ours.get((entry.batch, entry.stan))
            if each is None or each.state not in _LIVE or each.amount != entry.amount:
                raise Broken(f"the host holds {entry.batch}/{entry.stan}, and the journal not")

    def _hold_display(self) -> None:
        """What was shown approved is approved, at that amount."""
        ours = {(f"{each.stan:06d}", each.kind): each for each in self._all()}
        for (voucher, kind), minor in self.shown.items():
            each = ours.get((voucher, kind))
            if each is None or (each.state, each.amount_minor) != (State.APPROVED, minor):
                raise Broken(f"{kind.value} {voucher} of {minor} was shown approved, and is not")

    def _hold_paper(self) -> None:
        """Every slip names a transaction of the journal and its amount."""
        printer = self.rig.bench.paper_printer
        self._paper_read += printer.paper.tear().text
        printed = slips(self._paper_read)
        ours = {
            (f"{each.stan:06d}", str(Money(each.amount_minor, CURRENCIES["CNY"]))): each
            for each in (*self._all(training=True), *self._all())
        }
        for copy, voucher, amount in printed:
            if (voucher, amount) not in ours:
                raise Broken(
                    f"a {copy} of {voucher} over {amount}, which the journal does not know"
                )
        for (voucher, amount), each in ours.items():
            if each.state is not State.APPROVED:
                continue
            for copy in ("MERCHANT COPY", "CARDHOLDER COPY"):
                if (copy, voucher, amount) not in printed:
                    raise Broken(f"{each.kind.value} {voucher} has no {copy.lower()}")

    def _all(self, *, training: bool = False) -> list[Transaction]:
        assert self.rig.terminal is not None
        journal = self.rig.terminal.data.journal
        return journal.list_transactions(None, 10_000, training=training)


def _named(record: object) -> str:
    """A record in the words of its outcome."""
    match record:
        case OutcomeRecorded(training=True):
            return "training transaction"
        case OutcomeRecorded(offline=True):
            return f"{record.kind.value} {record.result.value} offline"
        case OutcomeRecorded():
            return f"{record.kind.value} {record.result.value}"
        case IntentRecorded(undo=True):
            return "undo"
        case PrintQueued(duplicate=True):
            return "duplicate printed"
    return type(record).__name__
