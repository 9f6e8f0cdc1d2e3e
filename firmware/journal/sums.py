"""Sums of days and cards, and the usual amounts: what limits and guards ask of the journal.

Every sum is of one currency: a day on which the terminal changed its currency has two.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from firmware.core.kinds import Kind
from firmware.journal.faults import DATABASE_ERRORS, JournalFault, Trouble, fault_of
from firmware.journal.rows import damage_is_a_fault

DAY_DIGITS = 8  # YYYYMMDD


@damage_is_a_fault
class Sums:
    """Reads sums through the one connection it is given; a lesson counts nowhere."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._db.row_factory = sqlite3.Row

    def recent_sale_amounts(self, limit: int, currency: str) -> list[int]:
        """Amounts in minor units of the last sales in `currency` that stand, newest first."""
        rows = self._all(
            "SELECT amount_minor FROM transactions WHERE kind = ? AND training = 0"
            " AND currency = ? AND state = 'approved' AND voided_by = 0"
            " ORDER BY intent DESC LIMIT ?",
            (Kind.SALE.value, currency, limit),
        )
        return [row["amount_minor"] for row in rows]

    def sales_today(self, date: str, currency: str) -> int:
        """Sum in minor units of the sales of a day that stand, voided ones left out."""
        return self._day_sum(date, Kind.SALE, currency)

    def refunds_today(self, date: str, currency: str, operator: str | None = None) -> int:
        """Sum in minor units of the approved refunds of a day, or of one operator's."""
        return self._day_sum(date, Kind.REFUND, currency, operator)

    def card_today(self, card_hash: str, date: str, currency: str) -> int:
        """Sum in minor units of a card's sales of a day that stand."""
        row = self._one(
            "SELECT coalesce(sum(amount_minor), 0) AS minor FROM transactions"
            " INDEXED BY transactions_card WHERE card = ? AND day = ? AND kind = ?"
            " AND state = 'approved' AND voided_by = 0 AND training = 0 AND currency = ?",
            (card_hash, self._day(date), Kind.SALE.value, currency),
        )
        return int(row["minor"])

    def _day_sum(self, date: str, kind: Kind, currency: str, operator: str | None = None) -> int:
        row = self._one(
            "SELECT coalesce(sum(minor), 0) AS minor FROM day_totals"
            " WHERE date = ? AND kind = ? AND currency = ? AND (? IS NULL OR operator = ?)",
            (self._day(date), kind.value, currency, operator, operator),
        )
        return int(row["minor"])

    def trading_day(self) -> str:
        """YYYYMMDD of the latest transaction since the clock was last vouched for, or ""."""
        day = str(self._one("SELECT day FROM terminal")["day"])
        if day and not (len(day) == DAY_DIGITS and day.isdecimal()):
            raise JournalFault(Trouble.CORRUPT, f"{day!r} is no day")
        return day

    def _day(self, date: str) -> str:
        """The day that a transaction of `date` counts to: a clock set back begins no new one."""
        return max(date, self.trading_day())

    # -- below --------------------------------------------------------------------------------

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        try:
            return self._db.execute(sql, values).fetchall()
        except DATABASE_ERRORS as error:
            raise fault_of(error) from error

    def _one(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row:
        rows = self._all(sql, values)
        if len(rows) != 1:
            raise JournalFault(Trouble.CORRUPT, f"{len(rows)} rows where one belongs: {sql[:60]}")
        return rows[0]
