"""Records as the flows write them, with everything that a test does not care about filled in."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from firmware.core.kinds import CardFacts, Kind, Result
from firmware.core.masked import SecretKey
from firmware.journal.head import HeadFile
from firmware.journal.keys import TerminalKeys
from firmware.journal.order_records import OrderTaken
from firmware.journal.records import (
    AmountAgreed,
    BatchOpened,
    IntentRecorded,
    OutcomeRecorded,
    ReversalConfirmed,
    ReversalOpened,
    SettlementStarted,
)
from firmware.journal.rules import batch_after
from firmware.journal.storage import SYSTEM_DISK, Storage
from firmware.journal.store import Journal
from firmware.journal.transactions import Transaction
from tests.payment import closed_batch, original_of, payment, yuan

CHINA = timezone(timedelta(hours=8))
CARD = CardFacts(hash="a1" * 32, first6="622848", last4="0012", pan_length=19)
OTHER_CARD = CardFacts(hash="b2" * 32, first6="476173", last4="0119", pan_length=16)
FRAME = bytes(range(256)) * 4
FRAME_SHA256 = hashlib.sha256(FRAME).hexdigest()
KEYS = TerminalKeys(SecretKey(b"s" * 32), SecretKey(b"c" * 32), SecretKey(b"p" * 32))


@dataclass
class Clock:
    """A wall clock that a test moves."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 3, 2, 10, tzinfo=CHINA))

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass
class Noting(Storage):
    """Another disk, and the connection that it gave."""

    disk: Storage
    connection: sqlite3.Connection | None = None

    def connect(self, path: Path) -> sqlite3.Connection:
        self.connection = self.disk.connect(path)
        return self.connection

    def open_head(self, directory: Path) -> HeadFile:
        return self.disk.open_head(directory)


@dataclass
class Shop:
    """A journal and shorthand for what happens in a shop.

    `db` is the connection of the journal, for what no journal does by itself.
    """

    journal: Journal
    clock: Clock
    directory: Path
    db: sqlite3.Connection | None = None

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        clock: Clock | None = None,
        keys: TerminalKeys = KEYS,
        storage: Storage = SYSTEM_DISK,
    ) -> Shop:
        clock = clock or Clock()
        noting = Noting(storage)
        journal = Journal.open(directory, keys, clock, noting)
        return cls(journal, clock, directory, noting.connection)

    def reopen(self) -> None:
        self.journal.close()
        again = Shop.open(self.directory, clock=self.clock, keys=self.journal.keys)
        self.journal, self.db = again.journal, again.db

    def intent(
        self,
        kind: Kind = Kind.SALE,
        amount_minor: int = 12_850,
        *,
        card: CardFacts = CARD,
        original: Transaction | None = None,
        operator: str = "01",
        training: bool = False,
        stan: int | None = None,
        batch: int | None = None,
        order_id: str = "",
    ) -> IntentRecorded:
        """The next intent, not yet written."""
        paid = payment(
            kind=kind,
            batch=self.journal.batch() if batch is None else batch,
            stan=self.journal.next_stan(training=training) if stan is None else stan,
            amount=yuan(amount_minor),
            operator=operator,
            date=self.clock().strftime("%Y%m%d"),
            time=self.clock().strftime("%H%M%S"),
            original=original_of(original) if original else None,
            training=training,
            order_id=order_id,
            order_reference="table 7" if order_id else "",
        )
        return IntentRecorded.of(paid, card, frame_sha256=FRAME_SHA256)

    def agree(self, amount_minor: int = 12_850, kind: Kind = Kind.SALE) -> None:
        agreed = AmountAgreed(
            kind=kind,
            amount_minor=amount_minor,
            currency="CNY",
            frame_sha256=FRAME_SHA256,
            shown_at_ms=1000,
            pressed_at_ms=2000,
        )
        self.journal.append(agreed, blobs={FRAME_SHA256: FRAME})

    def end(self, intent: IntentRecorded, result: Result = Result.APPROVED) -> Transaction:
        """The intent and then its outcome, each in its own commit."""
        self.journal.append(intent)
        self.journal.append(outcome_of(intent, result))
        return self.find(intent)

    def sale(
        self,
        amount_minor: int = 12_850,
        *,
        card: CardFacts = CARD,
        operator: str = "01",
        training: bool = False,
    ) -> Transaction:
        intent = self.intent(
            Kind.SALE, amount_minor, card=card, operator=operator, training=training
        )
        return self.end(intent)

    def sell_many(self, count: int) -> None:
        """Approved sales, all in one commit."""
        first = self.journal.next_stan()
        intents = [self.intent(stan=first + n, amount_minor=100 + n) for n in range(count)]
        self.journal.append(*(r for i in intents for r in (i, outcome_of(i))))

    def void(self, original: Transaction, result: Result = Result.APPROVED) -> Transaction:
        return self._give_back(Kind.VOID, original, original.amount_minor, result)

    def refund(
        self, original: Transaction, amount_minor: int, result: Result = Result.APPROVED
    ) -> Transaction:
        return self._give_back(Kind.REFUND, original, amount_minor, result)

    def _give_back(
        self, kind: Kind, original: Transaction, amount_minor: int, result: Result
    ) -> Transaction:
        card, training = original.card, original.training
        intent = self.intent(kind, amount_minor, card=card, original=original, training=training)
        return self.end(intent, result)

    def find(self, of: IntentRecorded | Transaction) -> Transaction:
        found = self.journal.transaction(of.batch, of.stan, training=of.training)
        assert found is not None
        return found

    def settle(self) -> None:
        batch = self.journal.batch()
        totals = self.journal.totals(batch)
        started = SettlementStarted(batch=batch, totals=totals, operator="01")
        self.journal.append(started)
        self.complete(started)

    def complete(self, started: SettlementStarted) -> None:
        """The host agrees with the totals: the batch is closed and the next one opened."""
        self.journal.append(
            closed_batch(started.totals, batch=started.batch, date="20260302"),
            BatchOpened(batch=batch_after(started.batch)),
        )


def outcome_of(intent: IntentRecorded, result: Result = Result.APPROVED) -> OutcomeRecorded:
    approved = result is Result.APPROVED
    return OutcomeRecorded(
        kind=intent.kind,
        batch=intent.batch,
        stan=intent.stan,
        result=result,
        response_code="00" if approved else "51",
        authorisation_code="123456" if approved else "",
        reference=f"{intent.batch:06d}{intent.stan:06d}" if approved else "",
        training=intent.training,
    )


def order(name: str, amount_minor: int = 12_850) -> OrderTaken:
    return OrderTaken(
        id=name,
        digest="d" * 64,
        amount_minor=amount_minor,
        currency="CNY",
        till="kiosk",
        reference="table 7",
    )


def opened(of: IntentRecorded | Transaction) -> ReversalOpened:
    return ReversalOpened(batch=of.batch, stan=of.stan, reason="no answer", training=of.training)


def confirmed(of: IntentRecorded | Transaction) -> ReversalConfirmed:
    return ReversalConfirmed(batch=of.batch, stan=of.stan, response_code="00", training=of.training)
