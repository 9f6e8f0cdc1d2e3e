"""A day's trade as the flows record it, and the promises that it makes to people on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware.core.kinds import Copy, Kind
from firmware.journal.faults import DATABASE_ERRORS, fault_of
from firmware.journal.paper_records import PrintQueued, PrintSending, PrintSent
from firmware.journal.records import IntentRecorded
from firmware.journal.store import Journal
from firmware.journal.transactions import State, Transaction
from tests.journal.story import Shop, confirmed, opened, outcome_of


@dataclass(frozen=True, slots=True)
class Sent:
    """The host was asked: whatever happens, the journal must know of it."""

    batch: int
    stan: int


@dataclass(frozen=True, slots=True)
class Shown:
    """The people at the counter saw how it ended: so it did."""

    batch: int
    stan: int
    state: State


@dataclass(frozen=True, slots=True)
class Committed:
    """An append returned: its last record is there for good."""

    seq: int
    hash_hex: str


Promise = Sent | Shown | Committed
Tell = Callable[[Promise], None]
# what may follow upon what was shown
FOLLOWING = {
    State.APPROVED: {State.APPROVED, State.REVERSING, State.REVERSED},
    State.REVERSING: {State.REVERSING, State.REVERSED},
    State.REVERSED: {State.REVERSED},
}


def broken(journal: Journal, promise: Promise) -> bool:
    """Whether a journal after a power cut no longer holds a promise."""
    if isinstance(promise, Committed):
        entry = next(journal.records(promise.seq, promise.seq), None)
        return entry is None or entry.hash.hex() != promise.hash_hex
    found = journal.transaction(promise.batch, promise.stan)
    if found is None:
        return True
    return isinstance(promise, Shown) and found.state not in FOLLOWING[promise.state]


@dataclass
class Counter:
    """Somebody trading at the counter. `naive` tells people first and writes it down later."""

    shop: Shop
    tell: Tell
    naive: bool = False

    def carry_out(self, intent: IntentRecorded) -> Transaction:
        """Intent, host, outcome with the slip that is owed, slip."""
        journal = self.shop.journal
        number = (intent.batch, intent.stan)
        if self.naive:
            self.tell(Sent(*number))
            self.tell(Shown(*number, State.APPROVED))
            journal.append(intent)
        else:
            journal.append(intent)
            self._committed()
            self.tell(Sent(*number))
        job = journal.next_job()
        slip = PrintQueued(job=job, copy=Copy.MERCHANT, batch=intent.batch, stan=intent.stan)
        journal.append(outcome_of(intent), slip)
        self._committed()
        self.tell(Shown(*number, State.APPROVED))
        journal.append(PrintSending(job=job))
        journal.append(PrintSent(job=job))
        self._committed()
        return self.shop.find(intent)

    def sale(self, amount_minor: int) -> Transaction:
        self.shop.agree(amount_minor)
        self._committed()
        return self.carry_out(self.shop.intent(Kind.SALE, amount_minor))

    def undo(self, original: Transaction) -> Transaction:
        return self.carry_out(self.shop.intent(Kind.VOID, original.amount_minor, original=original))

    def refund(self, original: Transaction, amount_minor: int) -> Transaction:
        return self.carry_out(self.shop.intent(Kind.REFUND, amount_minor, original=original))

    def no_answer(self) -> None:
        """A sale whose host is silent: reversed."""
        intent = self.shop.intent()
        self.shop.journal.append(intent)
        self.tell(Sent(intent.batch, intent.stan))
        self.shop.journal.append(opened(intent))
        self.tell(Shown(intent.batch, intent.stan, State.REVERSING))
        self.shop.journal.append(confirmed(intent))
        self.tell(Shown(intent.batch, intent.stan, State.REVERSED))

    def settle(self) -> None:
        self.shop.settle()
        self._committed()

    def _committed(self) -> None:
        self.tell(Committed(*self.shop.journal.head()))


def checkpoint(shop: Shop) -> None:
    """Move the log into the database now, as SQLite does by itself every thousand pages.

    Raises JournalFault, as a journal does whose own commit brings it about.
    """
    assert shop.db is not None
    try:
        shop.db.execute("PRAGMA wal_checkpoint(PASSIVE)")
    except DATABASE_ERRORS as error:
        raise fault_of(error) from error


def trade(counter: Counter, rounds: int) -> None:
    """Sales, refunds in parts, undone sales, a silent host; a settlement every third round."""
    for number in range(1, rounds + 1):
        sale = counter.sale(1_000 + number)
        counter.refund(sale, 400)
        counter.undo(counter.sale(99_900))
        counter.no_answer()
        if number % 2 == 0:
            checkpoint(counter.shop)
        if number % 3 == 0:
            counter.settle()
            counter.refund(sale, 600)
        counter.shop.clock.advance(minutes=3)
