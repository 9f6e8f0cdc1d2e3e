"""Questions to the journal, as values that a flow can await and a script can compare."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from firmware.core.kinds import Totals
from firmware.journal.records import (
    SettingChanged,
    SettingsRecorded,
    SettlementCompleted,
    SettlementStarted,
)
from firmware.journal.rules import STAN_MAX
from firmware.journal.store import Journal
from firmware.journal.transactions import PrintJob, Reversal, Transaction, Upload


class Numbers(Struct, frozen=True):
    """The numbers that the next transaction takes."""

    batch: int
    stan: int
    used_up: bool = False  # the open batch has given out every voucher number there is


class NextNumbers(Struct, frozen=True):
    """The batch and STAN that the next transaction takes."""

    training: bool

    def read(self, journal: Journal) -> Numbers:
        return Numbers(
            journal.batch(),
            journal.next_stan(training=self.training),
            journal.numbers_used_up(training=self.training),
        )


class NextJob(Struct, frozen=True):
    """The number of the next print job."""

    def read(self, journal: Journal) -> int:
        return journal.next_job()


class OpenBatch(Struct, frozen=True):
    """The batch that takes transactions."""

    def read(self, journal: Journal) -> int:
        return journal.batch()


class BatchCount(Struct, frozen=True):
    """How many voucher numbers of the open batch are used: all, once the next one is."""

    def read(self, journal: Journal) -> int:
        return STAN_MAX if journal.numbers_used_up() else journal.count(journal.batch())


class BatchTotals(Struct, frozen=True):
    """The approved transactions of a batch, counted and summed."""

    batch: int

    def read(self, journal: Journal) -> Totals:
        return journal.totals(self.batch)


class LessonTotals(Struct, frozen=True):
    """What a batch's lessons would come to, if they counted."""

    batch: int

    def read(self, journal: Journal) -> Totals:
        return journal.lesson_totals(self.batch)


class TransactionByNumber(Struct, frozen=True):
    """The transaction of this batch and STAN."""

    batch: int
    stan: int
    training: bool

    def read(self, journal: Journal) -> Transaction | None:
        return journal.transaction(self.batch, self.stan, training=self.training)


class TransactionByIntent(Struct, frozen=True):
    """The transaction whose intent has this record number."""

    intent: int

    def read(self, journal: Journal) -> Transaction | None:
        return journal.by_intent(self.intent)


class TransactionByVoucher(Struct, frozen=True):
    """The latest transaction with this voucher number, the open batch first."""

    stan: int
    training: bool

    def read(self, journal: Journal) -> Transaction | None:
        return journal.by_voucher(self.stan, training=self.training)


class TransactionOnDate(Struct, frozen=True):
    """The transaction with this voucher number on the day YYYYMMDD."""

    stan: int
    date: str
    training: bool

    def read(self, journal: Journal) -> Transaction | None:
        return journal.by_voucher_and_date(self.stan, self.date, training=self.training)


class TransactionByReference(Struct, frozen=True):
    """The transaction with the host's reference number, on the day YYYYMMDD."""

    reference: str
    date: str
    training: bool

    def read(self, journal: Journal) -> Transaction | None:
        return journal.by_reference(self.reference, self.date, training=self.training)


class LastTransaction(Struct, frozen=True):
    """The latest transaction."""

    training: bool

    def read(self, journal: Journal) -> Transaction | None:
        return journal.last_transaction(training=self.training)


class TransactionList(Struct, frozen=True):
    """Transactions of a batch, newest first."""

    batch: int
    offset: int
    limit: int
    training: bool

    def read(self, journal: Journal) -> list[Transaction]:
        return journal.list_transactions(
            self.batch, self.offset, self.limit, training=self.training
        )


class OpenIntents(Struct, frozen=True):
    """Intents that have no outcome: their fate is unknown."""

    def read(self, journal: Journal) -> list[Transaction]:
        return journal.open_intents()


class Reversals(Struct, frozen=True):
    """Reversals that the host has not confirmed, oldest first."""

    def read(self, journal: Journal) -> list[Reversal]:
        return journal.reversals()


class Uploads(Struct, frozen=True):
    """Offline approvals that the host has not answered for, oldest first."""

    def read(self, journal: Journal) -> list[Upload]:
        return journal.uploads()


class OpenPrintJobs(Struct, frozen=True):
    """Paper that is owed: queued or sending."""

    def read(self, journal: Journal) -> list[PrintJob]:
        return journal.print_jobs()


class OpenSettlement(Struct, frozen=True):
    """A settlement whose totals are fixed and which is not completed."""

    def read(self, journal: Journal) -> SettlementStarted | None:
        return journal.pending_settlement()


class LastSettlement(Struct, frozen=True):
    """The latest settlement."""

    def read(self, journal: Journal) -> SettlementCompleted | None:
        return journal.last_settlement()


class RecentSales(Struct, frozen=True):
    """Amounts in minor units of the last `limit` approved sales in a currency (letters)."""

    limit: int
    currency: str

    def read(self, journal: Journal) -> list[int]:
        return journal.recent_sale_amounts(self.limit, self.currency)


class DuplicateOf(Struct, frozen=True):
    """An approved sale on the same card, of the same amount, since `since`."""

    card_hash: str
    amount_minor: int
    currency: str
    since: datetime
    training: bool
    psn: str = ""  # card sequence number

    def read(self, journal: Journal) -> Transaction | None:
        return journal.duplicate_of(
            self.card_hash,
            self.amount_minor,
            self.currency,
            self.since.isoformat(),
            psn=self.psn,
            training=self.training,
        )


class RefundedToday(Struct, frozen=True):
    """Minor units of a currency (letters) refunded on the day YYYYMMDD."""

    date: str
    currency: str

    def read(self, journal: Journal) -> int:
        return journal.refunds_today(self.date, self.currency)


class SoldToday(Struct, frozen=True):
    """Minor units of a currency (letters) sold on the day YYYYMMDD."""

    date: str
    currency: str

    def read(self, journal: Journal) -> int:
        return journal.sales_today(self.date, self.currency)


class CardSoldToday(Struct, frozen=True):
    """Minor units of a currency (letters) charged to a card on the day YYYYMMDD."""

    card_hash: str
    date: str
    currency: str

    def read(self, journal: Journal) -> int:
        return journal.card_today(self.card_hash, self.date, self.currency)


class TrainingOn(Struct, frozen=True):
    """Whether training mode is on, whatever the power did since."""

    def read(self, journal: Journal) -> bool:
        return journal.training()


class SignedOn(Struct, frozen=True):
    """The operator who is signed on, "" when nobody is."""

    def read(self, journal: Journal) -> str:
        return journal.signed_on()


class SettingsToRecord(Struct, frozen=True):
    """What the journal is to be told of these settings, by key: nothing where none has changed."""

    settings: dict[str, str]
    by: str

    def read(self, journal: Journal) -> tuple[SettingsRecorded | SettingChanged, ...]:
        known = journal.settings()
        if not (known or self.settings):
            return ()
        if not known:
            return (SettingsRecorded(settings=self.settings),)
        return tuple(
            SettingChanged(key=key, before=before, after=after, by=self.by)
            for key in sorted(known.keys() | self.settings.keys())
            if (before := known.get(key, "")) != (after := self.settings.get(key, ""))
        )
