"""Look-ups of transactions: by their numbers, by day, by card, in lists."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from firmware.core.kinds import Kind
from firmware.core.money import Money
from firmware.journal.numbers import NumberLookups
from firmware.journal.rows import TABLES, TRANSACTION, transaction_of
from firmware.journal.transactions import State, Transaction

NEVER = 2**62  # a record number that no journal reaches
LATELY = 64  # transactions


class VoucherLookups(NumberLookups):
    """Transactions, each as its records tell it. Those of training only if asked for."""

    def transaction(
        self, batch: int, stan: int, *, training: bool = False, date: str = ""
    ) -> Transaction | None:
        """The latest transaction with this batch and voucher number, the one of `date` first."""
        return self._first(
            "t.stan = ? AND t.batch = ? AND t.training = +?"
            " ORDER BY t.date = ? DESC, t.serial DESC",
            (stan, batch, training, date),
        )

    def by_voucher(self, stan: int, *, training: bool = False) -> Transaction | None:
        """The latest transaction with this voucher number, so the open batch's if it has one."""
        where = "t.stan = ? AND t.training = +? ORDER BY t.serial DESC"
        return self._first(where, (stan, training))

    def by_voucher_and_date(
        self, stan: int, date: str, *, training: bool = False
    ) -> Transaction | None:
        """The transaction with this voucher number on the day YYYYMMDD."""
        where = "t.stan = ? AND t.date = ? AND t.training = +? ORDER BY t.serial DESC"
        return self._first(where, (stan, date, training))

    def by_intent(self, intent: int) -> Transaction | None:
        """The transaction whose intent has this record number."""
        return self._first("t.intent = ?", (intent,))

    def by_reference(
        self, reference: str, date: str, *, training: bool = False
    ) -> Transaction | None:
        """The transaction to which the acquirer gave this reference number, on the day YYYYMMDD."""
        return self._first(
            "t.reference = ? AND t.reference <> '' AND t.date = ? AND t.training = +?"
            " ORDER BY t.intent DESC",
            (reference, date, training),
        )

    def by_authorisation(
        self, code: str, date: str, *, training: bool = False
    ) -> Transaction | None:
        """The pre-authorisation with this authorisation code, on the day YYYYMMDD."""
        return self._first(
            "t.authorisation = ? AND t.authorisation <> '' AND t.date = ? AND t.training = +?"
            " ORDER BY t.intent DESC",
            (code, date, training),
        )

    def knows_reference(self, reference: str, *, training: bool = False) -> bool:
        """Whether the acquirer gave this reference number to a transaction of this terminal."""
        where = "t.reference = ? AND t.reference <> '' AND t.training = +?"
        return self._first(where, (reference, training)) is not None

    def last_transaction(self, *, training: bool = False) -> Transaction | None:
        """The latest transaction, however it ended."""
        return next(iter(self.list_transactions(None, 1, training=training)), None)

    def last_answered(self, since: int) -> Transaction | None:
        """The latest that has a reference number and ended after the record `since`.

        Looked for among the last transactions alone: a start costs the same in a long journal.
        """
        return self._first(
            "t.intent IN (SELECT intent FROM transactions WHERE training = 0"
            " ORDER BY intent DESC LIMIT ?)"
            " AND t.reference <> '' AND t.ended > ? ORDER BY t.intent DESC",
            (LATELY, since),
        )

    def list_transactions(
        self,
        batch: int | None,
        limit: int,
        *,
        training: bool = False,
        states: Collection[State] = tuple(State),
        date: str | None = None,
        serial: int | None = None,
    ) -> list[Transaction]:
        """The last `limit` transactions of a batch, or of all, newest first; of a day, in `states`.

        `date` is YYYYMMDD. The batch is the latest of its number, or the one with `serial`.
        """
        values: list[int | str] = []
        where = f"t.training = {int(training)}"  # spelt out: few are training, indexed
        if batch is not None:
            serial = self.serial_of(batch)
        if serial is not None:  # a batch is a stretch of the log: from its opening to the next's
            where += " AND t.intent > (SELECT opened FROM batches WHERE serial = ?)"
            where += " AND t.intent < coalesce((SELECT opened FROM batches WHERE serial = ?), ?)"
            values += [serial, serial + 1, NEVER]
        if date is not None:  # looks at every row, but unpacks none of another day
            where += " AND t.date = ?"
            values.append(date)
        if len(states) < len(State):
            where += f" AND t.state IN ({', '.join(repr(each.value) for each in states)})"
        where += " ORDER BY t.intent DESC LIMIT ?"
        return self._transactions(where, (*values, limit))

    def serials_between(self, since: str, until: str) -> list[int]:
        """The batches with a transaction dated from `since` to `until` (YYYYMMDD), by serial."""
        sql = "SELECT DISTINCT serial FROM transactions WHERE date BETWEEN ? AND ? ORDER BY serial"
        return self._numbers(sql, (since, until))

    def duplicate_of(
        self,
        card_hash: str,
        amount: Money,
        since: datetime,
        *,
        psn: str = "",
        training: bool = False,
    ) -> Transaction | None:
        """A sale that stands, on this card, of this amount, at or after a moment.

        Moments are those of the clock without its corrections: a sale that a wrong clock dated into
        the future or long into the past counts by the time that really passed.
        """
        sale = Kind.SALE.value
        since_s = int(since.timestamp()) - self._number("SELECT jumped_s FROM terminal")
        return self._first(
            "t.card = ? AND t.clock_s >= ? AND t.psn = ? AND t.amount_minor = ?"
            " AND t.kind = ? AND t.state = 'approved' AND t.voided_by = 0 AND t.training = +?"
            " AND t.currency = ? ORDER BY t.intent DESC",
            (card_hash, since_s, psn, amount.minor, sale, training, amount.currency.alpha),
        )

    # -- below --------------------------------------------------------------------------------

    def _first(self, where: str, values: Sequence[Any]) -> Transaction | None:
        found = self._transactions(where + " LIMIT 1", values)
        return found[0] if found else None

    def _transactions(self, where: str, values: Sequence[Any] = ()) -> list[Transaction]:
        sql = f"SELECT {TRANSACTION} FROM {TABLES} WHERE {where}"  # noqa: S608 - names of ours
        return self._values(self._transaction_of, sql, values)

    def _transaction_of(self, row: sqlite3.Row) -> Transaction:
        return transaction_of(row, believing=not self.believes_hashes_only)
