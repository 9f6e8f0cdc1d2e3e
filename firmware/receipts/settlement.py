"""The settlement slip (结算单): the terminal's totals held against the host's."""

from __future__ import annotations

from firmware.core.config import Merchant
from firmware.core.kinds import Kind, Totals
from firmware.core.money import CURRENCIES, Currency, major_text
from firmware.journal.records import SettlementCompleted
from firmware.receipts.columns import width
from firmware.receipts.sheet import Sheet, date_text, sum_text
from firmware.receipts.texts import CALL_ACQUIRER, NAMES, Label, Mark
from hw.ports import Document, Size

_Rows = dict[Kind, tuple[int, int]]  # count and sum in minor units


def settlement_slip(
    settlement: SettlementCompleted,
    merchant: Merchant,
    *,
    columns: int,
    duplicate: bool,
    qr: str | None,
    currency: Currency = CURRENCIES["CNY"],
    training: bool = False,
    test_keys: bool = False,
) -> Document:
    """The slip of a closed batch: counts and sums by type, as the terminal and the host have them.

    Where the two differ the slip says by how much, type by type. `qr` is the signed essence, with
    the head of the journal.
    """
    sheet = Sheet(columns)
    sheet.centred(Mark.SETTLEMENT, size=Size.LARGE, bold=True).centred(Mark.SETTLEMENT_EN).rule()
    sheet.owner(merchant, settlement.operator)
    sheet.pair(Label.BATCH, f"{settlement.batch:06d}", bold=True)
    sheet.pair(Label.DATE, date_text(settlement.date, settlement.time)).rule()
    ours, theirs = _rows(settlement.totals), _rows(settlement.host_totals)
    _table(sheet, Label.PER_TERMINAL, ours, currency)
    sheet.pair(Label.NET, sum_text(_net(settlement.totals), currency), bold=True).rule()
    _table(sheet, Label.PER_HOST, theirs, currency)
    sheet.rule()
    if not settlement.balanced:
        _table(sheet, Label.DIFFERENCE, _difference(ours, theirs), currency)
        sheet.rule()
    verdict = Mark.BALANCED if settlement.balanced else Mark.UNBALANCED
    sheet.centred(verdict, size=Size.LARGE, bold=True)
    if not settlement.balanced:
        sheet.both(CALL_ACQUIRER)
    sheet.marks(duplicate=duplicate, training=training, test_keys=test_keys)
    return sheet.qr(qr).document()


def _rows(totals: Totals) -> _Rows:
    return {
        Kind.SALE: (totals.sales, totals.sales_minor),
        Kind.VOID: (totals.voids, totals.voids_minor),
        Kind.REFUND: (totals.refunds, totals.refunds_minor),
    }


def _net(totals: Totals) -> int:
    return totals.sales_minor - totals.voids_minor - totals.refunds_minor


def _difference(ours: _Rows, theirs: _Rows) -> _Rows:
    """Terminal minus host, for the types that differ."""
    return {
        kind: (count - theirs[kind][0], minor - theirs[kind][1])
        for kind, (count, minor) in ours.items()
        if (count, minor) != theirs[kind]
    }


def _table(sheet: Sheet, title: str, rows: _Rows, currency: Currency) -> None:
    sheet.text(title, bold=True)
    heading = f"{currency.label} {Label.SUM}"
    sheet.pair(Label.TYPE_SHORT, f"{Label.COUNT} {' ' * (12 - width(heading))}{heading}")
    for kind, (count, minor) in rows.items():
        sheet.pair(NAMES[kind], f"{count:>4} {major_text(minor, currency):>12}")
