"""Slips that are no receipts: a reversal not confirmed, an advice not accepted, a display lost."""

from __future__ import annotations

from firmware.core.config import Merchant
from firmware.core.kinds import Kind
from firmware.journal.transactions import Reversal, Transaction
from firmware.receipts.sheet import Sheet, amount_text, card_text, date_text
from firmware.receipts.texts import (
    DISPLAY,
    DISPLAY_ADVICE,
    NAMES,
    OFFLINE_REFUSED,
    OFFLINE_REFUSED_ADVICE,
    OFFLINE_WAITS,
    OFFLINE_WAITS_ADVICE,
    REFUND_REFUSED,
    REFUND_REFUSED_ADVICE,
    REFUND_WAITS,
    REFUND_WAITS_ADVICE,
    REVERSAL_ADVICE,
    REVERSAL_AT_THE_TILL,
    VOUCHER_SHORT,
    Label,
    Mark,
    reason_text,
)
from hw.ports import Document, Size


def fault_slip(reversal: Reversal, merchant: Merchant, *, columns: int) -> Document:
    """The report of a reversal that the acquirer has not confirmed, for the merchant to act on."""
    owed = reversal.transaction
    sheet = _about(owed, merchant, columns)
    sheet.text(Mark.REVERSAL_NOT_DONE, bold=True)
    sheet.pair(Label.REASON, reason_text(reversal.reason))
    sheet.pair(Label.ATTEMPTS, str(reversal.attempts))
    return _what_to_do(sheet, owed, (REVERSAL_AT_THE_TILL[owed.kind], *REVERSAL_ADVICE))


def waiting_slip(transaction: Transaction, merchant: Merchant, *, columns: int) -> Document:
    """The report of an advice that the acquirer answers with an error, for the merchant."""
    sheet = _about(transaction, merchant, columns)
    if transaction.kind is Kind.REFUND:
        return _what_to_do(sheet.both(REFUND_WAITS), transaction, REFUND_WAITS_ADVICE)
    return _what_to_do(sheet.both(OFFLINE_WAITS), transaction, OFFLINE_WAITS_ADVICE)


def refused_slip(transaction: Transaction, merchant: Merchant, *, columns: int) -> Document:
    """The report of an advice that the acquirer refuses: a sale to claim, a refund to make good."""
    sheet = _about(transaction, merchant, columns)
    if transaction.kind is Kind.REFUND:
        return _what_to_do(sheet.both(REFUND_REFUSED), transaction, REFUND_REFUSED_ADVICE)
    return _what_to_do(sheet.both(OFFLINE_REFUSED), transaction, OFFLINE_REFUSED_ADVICE)


def _what_to_do(
    sheet: Sheet, transaction: Transaction, advices: tuple[tuple[str, str], ...]
) -> Document:
    sheet.row(NAMES[transaction.kind], f"{VOUCHER_SHORT} {transaction.stan:06d}")
    sheet.pair(Label.CARD_NUMBER, card_text(transaction.card, show_first6=False))
    sheet.pair(Label.DATE, date_text(transaction.date, transaction.time))
    amount = amount_text(transaction.amount)
    sheet.pair(Label.AMOUNT, amount, size=Size.LARGE, bold=True).rule()
    for advice in advices:
        sheet.both(advice)
    return _foot(sheet)


def display_slip(merchant: Merchant, *, date: str, time: str, columns: int) -> Document:
    """The report that the display is lost, on paper because no screen can show it.

    `date` is YYYYMMDD and `time` HHMMSS.
    """
    sheet = _head(columns).rule()
    sheet.text(Mark.STOPPED, bold=True)
    sheet.pair(Label.DEVICE, DISPLAY, bold=True)
    sheet.pair(Label.STORE, merchant.store).pair(Label.TERMINAL, merchant.terminal)
    sheet.pair(Label.DATE, date_text(date, time)).rule()
    return _foot(sheet.both(DISPLAY_ADVICE))


def _head(columns: int) -> Sheet:
    sheet = Sheet(columns).centred(Mark.FAULT, size=Size.LARGE, bold=True)
    return sheet.centred(Mark.NOT_A_RECEIPT, bold=True)


def _about(owed: Transaction, merchant: Merchant, columns: int) -> Sheet:
    """The head of a slip about a payment, and whose terminal it was made at."""
    sheet = _head(columns)
    sheet.marks(duplicate=False, training=owed.training, test_keys=owed.emv.test_keys).rule()
    return sheet.owner(merchant, owed.operator, owed).rule()


def _foot(sheet: Sheet) -> Document:
    return sheet.rule().centred(Mark.NOT_A_RECEIPT, bold=True).document()
