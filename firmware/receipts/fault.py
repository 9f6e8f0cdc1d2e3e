"""Slips that are no receipts: a reversal not delivered, an offline sale refused, a display gone."""

from __future__ import annotations

from firmware.core.config import Merchant
from firmware.journal.transactions import Reversal, Transaction
from firmware.receipts.sheet import Sheet, amount_text, card_text, date_text
from firmware.receipts.texts import (
    DISPLAY,
    DISPLAY_ADVICE,
    NAMES,
    REASONS,
    REVERSAL_ADVICE,
    REVERSAL_HAPPENED,
    UPLOAD_ADVICE,
    UPLOAD_HAPPENED,
    UPLOAD_WAITS,
    UPLOAD_WAITS_ADVICE,
    Label,
    Mark,
)
from hw.ports import Document, Size


def fault_slip(reversal: Reversal, merchant: Merchant, *, columns: int) -> Document:
    """The report of a reversal that the host has not confirmed, for the merchant to act on."""
    sheet = _head(columns)
    sheet.owner(merchant, reversal.transaction.operator, reversal.transaction).rule()
    sheet.text(Label.WHAT_HAPPENED, bold=True).both(REVERSAL_HAPPENED)
    sheet.pair(Label.REASON, REASONS.get(reversal.reason, reversal.reason))
    sheet.pair(Label.ATTEMPTS, str(reversal.attempts)).rule()
    return _what_to_do(sheet, reversal.transaction, REVERSAL_ADVICE)


def waiting_slip(transaction: Transaction, merchant: Merchant, *, columns: int) -> Document:
    """The report of an offline sale that the host still finds fault with, for the merchant."""
    sheet = _head(columns)
    sheet.owner(merchant, transaction.operator, transaction).rule()
    sheet.text(Label.WHAT_HAPPENED, bold=True).both(UPLOAD_WAITS).rule()
    return _what_to_do(sheet, transaction, UPLOAD_WAITS_ADVICE)


def refused_slip(transaction: Transaction, merchant: Merchant, *, columns: int) -> Document:
    """The report of an offline sale that the host refuses to pay, for the merchant to claim."""
    sheet = _head(columns)
    sheet.owner(merchant, transaction.operator, transaction).rule()
    sheet.text(Label.WHAT_HAPPENED, bold=True).both(UPLOAD_HAPPENED).rule()
    return _what_to_do(sheet, transaction, UPLOAD_ADVICE)


def _what_to_do(
    sheet: Sheet, transaction: Transaction, advices: tuple[tuple[str, str], ...]
) -> Document:
    sheet.pair(Label.TYPE, NAMES[transaction.kind])
    sheet.pair(Label.BATCH, f"{transaction.batch:06d}")
    sheet.pair(Label.VOUCHER, f"{transaction.stan:06d}", bold=True)
    sheet.pair(Label.CARD_NUMBER, card_text(transaction.card, show_first6=False))
    sheet.pair(Label.DATE, date_text(transaction.date, transaction.time))
    sheet.pair(Label.AMOUNT, amount_text(transaction.amount), size=Size.LARGE, bold=True).rule()
    sheet.text(Label.WHAT_TO_DO, bold=True)
    for advice in advices:
        sheet.both(advice)
    test_keys = transaction.emv.test_keys
    sheet.marks(duplicate=False, training=transaction.training, test_keys=test_keys)
    return _foot(sheet)


def display_slip(merchant: Merchant, *, date: str, time: str, columns: int) -> Document:
    """The report of a display that is gone, which cannot say so itself.

    `date` is YYYYMMDD and `time` HHMMSS.
    """
    sheet = _head(columns)
    sheet.text(Mark.STOPPED, bold=True)
    sheet.pair(Label.DEVICE, DISPLAY, bold=True)
    sheet.pair(Label.STORE, merchant.store).pair(Label.TERMINAL, merchant.terminal)
    sheet.pair(Label.DATE, date_text(date, time)).rule()
    sheet.text(Label.WHAT_TO_DO, bold=True).both(DISPLAY_ADVICE)
    return _foot(sheet)


def _head(columns: int) -> Sheet:
    sheet = Sheet(columns)
    sheet.centred(Mark.FAULT, size=Size.LARGE, bold=True).centred(Mark.FAULT_EN)
    return sheet.centred(Mark.NOT_A_RECEIPT, size=Size.TALL, bold=True).rule()


def _foot(sheet: Sheet) -> Document:
    return sheet.rule().centred(Mark.NOT_A_RECEIPT, size=Size.TALL, bold=True).document()
