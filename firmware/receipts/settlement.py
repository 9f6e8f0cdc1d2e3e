"""The settlement slip (结算单): the terminal's totals beside the acquirer's."""

from __future__ import annotations

from firmware.core.config import Merchant
from firmware.core.kinds import COUNTED, TOLD_ALWAYS, Kind, Totals
from firmware.core.money import CURRENCIES, Currency, major_text
from firmware.journal.records import SettlementCompleted
from firmware.receipts.sheet import Sheet, date_text, sum_text
from firmware.receipts.texts import AGREED, CALL_ACQUIRER, NAMES, Label, Mark
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
    """The slip of a closed batch: counts and sums by type, as terminal and acquirer have them.

    Where the two differ both stand, and by how much, type by type. `qr` is the signed record, with
    the head of the journal.
    """
    sheet = Sheet(columns)
    sheet.centred(Mark.SETTLEMENT, size=Size.LARGE, bold=True).centred(Mark.SETTLEMENT_EN)
    sheet.marks(duplicate=duplicate, training=training, test_keys=test_keys).rule()
    sheet.owner(merchant, settlement.operator)
    sheet.pair(Label.BATCH, f"{settlement.batch:06d}", bold=True)
    sheet.pair(Label.DATE, date_text(settlement.date, settlement.time)).rule()
    both = settlement.totals, settlement.host_totals
    completed = any(each.has_completions for each in both)
    ours, theirs = (_rows(each, completed=completed) for each in both)
    net = sum_text(settlement.totals.net_minor, currency)
    if settlement.balanced:
        _table(sheet, ours, currency)
        sheet.pair(Label.NET, net, bold=True).rule()
        sheet.centred(Mark.BALANCED, size=Size.LARGE, bold=True)
        for text in AGREED:
            sheet.centred(text)
    else:
        _table(sheet.text(Label.PER_TERMINAL, bold=True), ours, currency)
        sheet.pair(Label.NET, net, bold=True).rule()
        _table(sheet.text(Label.PER_HOST, bold=True), theirs, currency)
        sheet.rule().text(Label.DIFFERENCE, bold=True)
        _table(sheet, _difference(ours, theirs), currency)
        sheet.rule().centred(Mark.UNBALANCED, size=Size.LARGE, bold=True).both(CALL_ACQUIRER)
    if training:
        return sheet.centred(Mark.TRAINING, bold=True).document()
    return sheet.qr(qr).document()


def _rows(totals: Totals, *, completed: bool) -> _Rows:
    """By kind; completions of pre-authorisations and their voids where either side has any."""
    return {kind: totals.of(kind) for kind in COUNTED if kind in TOLD_ALWAYS or completed}


def _difference(ours: _Rows, theirs: _Rows) -> _Rows:
    """Terminal minus acquirer, for the types that differ."""
    return {
        kind: (count - theirs[kind][0], minor - theirs[kind][1])
        for kind, (count, minor) in ours.items()
        if (count, minor) != theirs[kind]
    }


def _table(sheet: Sheet, rows: _Rows, currency: Currency) -> None:
    heading = f"{Label.SUM}/{currency.label}"
    sheet.pair(Label.TYPE_SHORT, f"{Label.COUNT} {heading}")
    for kind, (count, minor) in rows.items():
        sheet.pair(NAMES[kind], f"{count:>4} {major_text(minor, currency):>12}")
