"""Makes the document of a print job from the journal: any paper can be made again."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from firmware.core.config import Config
from firmware.core.kinds import Copy, Kind
from firmware.core.money import Currency, Money, currency_of
from firmware.journal.keys import TerminalKeys
from firmware.journal.lookups import Lookups
from firmware.journal.records import SettlementCompleted
from firmware.journal.signed_record import settlement_record, signed_record
from firmware.journal.transactions import PrintJob, State, Transaction
from firmware.receipts.fault import display_slip, fault_slip, refused_slip, waiting_slip
from firmware.receipts.settlement import settlement_slip
from firmware.receipts.transaction import transaction_receipt
from hw.ports import Document, TextLine


class PaperSource(Protocol):
    """What receipts are made from: the data directory in use, or a journal that is only read."""

    @property
    def journal(self) -> Lookups: ...

    @property
    def signer(self) -> TerminalKeys:
        """The keys that sign now."""
        ...


class Papers:
    """Composes slips for one merchant and one paper width in half-width columns."""

    def __init__(self, data: PaperSource, config: Config, columns: int) -> None:
        self._data = data
        self._config = config
        self._columns = columns

    def compose(self, job: PrintJob) -> Document:
        """The document of `job`."""
        match job.copy:
            case Copy.SETTLEMENT:
                return self._settlement(job)
            case Copy.FAULT:
                return self._fault(job)
            case Copy.DISPLAY:
                return self._display(job)
            case Copy.MERCHANT | Copy.CARDHOLDER:
                return self._transaction(job)

    def _transaction(self, job: PrintJob) -> Document:
        journal = self._data.journal
        transaction = journal.transaction(job.batch, job.stan, training=job.training)
        if transaction is None:
            return _lost(job)
        return self.receipt(transaction, job.copy, duplicate=job.duplicate)

    def receipt(self, transaction: Transaction, copy: Copy, *, duplicate: bool) -> Document:
        """A copy of the receipt of `transaction`, for the printer or for a screen."""
        return transaction_receipt(
            transaction,
            self._config.merchant,
            copy=copy,
            columns=self._columns,
            duplicate=duplicate,
            qr=signed_record(transaction, self._data.signer),
            left=self._left(transaction),
        )

    def _left(self, transaction: Transaction) -> Money | None:
        """What is left to refund of the sale that a refund is about."""
        original = transaction.original
        if original is None:
            return None
        sale = self._data.journal.transaction(
            original.batch,
            original.stan,
            training=transaction.training,
            date=original.date,
        )
        return None if sale is None else sale.left

    def _settlement(self, job: PrintJob) -> Document:
        journal, merchant, training = self._data.journal, self._config.merchant, job.training
        settlement = self._rehearsed(job) if training else journal.settlement(job.batch)
        if settlement is None:
            return _lost(job)
        currency = self._currency_of(job)
        record = settlement_record(
            settlement,
            self._data.signer,
            merchant=merchant.number,
            terminal=merchant.terminal,
            currency=currency.alpha,
            head=journal.head(),  # as it is when the slip is made
            training=training,
        )
        return settlement_slip(
            settlement,
            merchant,
            columns=self._columns,
            duplicate=job.duplicate,
            qr=record,
            currency=currency,
            training=training,
            test_keys=self._config.emv.test_keys,
        )

    def _currency_of(self, job: PrintJob) -> Currency:
        """The currency of a batch: its slip may be printed again after the setting has changed."""
        journal = self._data.journal
        for one in journal.list_transactions(job.batch, 1, training=job.training):
            return currency_of(one.currency)
        return self._config.currency

    def _rehearsed(self, job: PrintJob) -> SettlementCompleted | None:
        """The settlement of a batch's training transactions so far; no acquirer sees it."""
        journal = self._data.journal
        last, totals = journal.last_transaction(training=True), journal.training_totals(job.batch)
        if last is None:
            return None
        return SettlementCompleted(
            batch=job.batch,
            totals=totals,
            host_totals=totals,
            balanced=True,
            operator=last.operator,
            date=last.date,
            time=last.time,
        )

    def _fault(self, job: PrintJob) -> Document:
        journal = self._data.journal
        for reversal in journal.reversals():
            owed = reversal.transaction
            if (owed.batch, owed.stan, owed.training) == (job.batch, job.stan, job.training):
                return fault_slip(reversal, self._config.merchant, columns=self._columns)
        told = journal.transaction(job.batch, job.stan, training=job.training)
        if told is not None and _was_advice(told):
            waits = any(advice.transaction == told for advice in journal.advices())
            slip = waiting_slip if waits else refused_slip
            return slip(told, self._config.merchant, columns=self._columns)
        return _lost(job)  # delivered since: the reversal is no fault any more

    def _display(self, job: PrintJob) -> Document:
        queued = datetime.fromisoformat(job.queued_at)
        return display_slip(
            self._config.merchant,
            date=queued.strftime("%Y%m%d"),
            time=queued.strftime("%H%M%S"),
            columns=self._columns,
        )


def _was_advice(told: Transaction) -> bool:
    """Whether a fault slip tells of its advice: an offline sale, or a refund that was refused."""
    if told.kind is Kind.REFUND:
        return told.state in (State.PENDING, State.DECLINED)
    return told.offline and told.state is State.APPROVED


def _lost(job: PrintJob) -> Document:
    """What is printed in place of a paper that can no longer be made: which one it was."""
    return (TextLine(f"{job.copy.value} {job.batch:06d} {job.stan:06d} ---"),)
