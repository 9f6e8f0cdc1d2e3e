"""Look-ups of sums: of batches, days and cards, and the usual amounts. Training counts nowhere.

Every sum of a day is of one currency: a day on which the terminal changed its currency has two.
"""

from __future__ import annotations

import msgspec

from firmware.core.kinds import CHARGES, Kind, Totals
from firmware.journal.transactions import State
from firmware.journal.vouchers import VoucherLookups

TRAINING_MAX = 10_000  # of one batch


class SumLookups(VoucherLookups):
    """What limits, checks and settlements count with, in minor units."""

    def totals(self, batch: int, *, serial: int | None = None) -> Totals:
        """Approved transactions of a batch: a voided sale is still a sale, its void a void."""
        names = ", ".join(Totals.__struct_fields__)
        found = self._values(
            lambda row: msgspec.convert(dict(row), Totals),
            f"SELECT {names} FROM batches WHERE serial = ?",  # noqa: S608 - names of ours
            (self.serial_of(batch) if serial is None else serial,),
        )
        return found[0] if found else Totals()

    def training_totals(self, batch: int) -> Totals:
        """The totals of a batch's training transactions."""
        sums = dict.fromkeys(Totals.__struct_fields__, 0)
        for one in self.list_transactions(batch, TRAINING_MAX, training=True):
            if one.state is State.APPROVED and one.kind.sign:
                sums[f"{one.kind.value}s"] += 1
                sums[f"{one.kind.value}s_minor"] += one.amount_minor
        return Totals(**sums)

    def recent_sale_amounts(self, limit: int, currency: str) -> list[int]:
        """Amounts in minor units of the last sales in `currency` that stand, newest first."""
        return self._numbers(
            "SELECT amount_minor FROM transactions WHERE kind = ? AND training = 0"
            " AND currency = ? AND state = 'approved' AND voided_by = 0"
            " ORDER BY intent DESC LIMIT ?",
            (Kind.SALE.value, currency, limit),
        )

    def sales_today(self, date: str, currency: str) -> int:
        """Sum in minor units of the sales and completions of a day that stand, no voided ones."""
        return sum(self._day_sum(date, kind, currency) for kind in CHARGES)

    def refunds_today(self, date: str, currency: str, operator: str | None = None) -> int:
        """Sum in minor units of the approved refunds of a day, or of one operator's."""
        return self._day_sum(date, Kind.REFUND, currency, operator)

    def card_today(self, card_hash: str, date: str, currency: str) -> int:
        """Sum in minor units of a card's sales and completions of a day that stand."""
        kinds = ", ".join("?" * len(CHARGES))
        return self._number(
            "SELECT coalesce(sum(amount_minor), 0) FROM transactions"  # noqa: S608 - question marks
            f" INDEXED BY transactions_card WHERE card = ? AND day = ? AND kind IN ({kinds})"
            " AND state = 'approved' AND voided_by = 0 AND training = 0 AND currency = ?",
            (card_hash, self._day(date), *(kind.value for kind in CHARGES), currency),
        )

    def _day_sum(self, date: str, kind: Kind, currency: str, operator: str | None = None) -> int:
        return self._number(
            "SELECT coalesce(sum(minor), 0) FROM day_totals"
            " WHERE date = ? AND kind = ? AND currency = ? AND (? IS NULL OR operator = ?)",
            (self._day(date), kind.value, currency, operator, operator),
        )

    def _day(self, date: str) -> str:
        """The day that a transaction of `date` counts to: a clock set back begins no new one."""
        return max(date, self.trading_day())
