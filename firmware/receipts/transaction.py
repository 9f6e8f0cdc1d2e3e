"""The slip of a sale, void or refund (签购单), in the order that UnionPay terminals print it."""

from __future__ import annotations

from typing import assert_never

from firmware.core.config import Merchant
from firmware.core.kinds import Copy, Kind, Verification
from firmware.core.money import currency_of
from firmware.iso8583.responses import response_text
from firmware.journal.transactions import State, Transaction
from firmware.receipts.sheet import Sheet, amount_text, card_text, date_text
from firmware.receipts.texts import COPIES, NAMES, STATEMENT, Label, Mark
from hw.ports import Document, Size

_Remark = tuple[str, str | None]  # a label and its value, or a mark that stands for itself
_SIGNED = (Verification.SIGNATURE, Verification.PIN_AND_SIGNATURE)
_PIN = (Verification.PIN, Verification.PIN_AND_SIGNATURE)


def transaction_slip(
    transaction: Transaction,
    merchant: Merchant,
    *,
    copy: Copy,
    columns: int,
    duplicate: bool,
    qr: str | None,
    left_minor: int | None = None,
) -> Document:
    """The merchant's or the cardholder's slip of `transaction`.

    `qr` is the signed essence of the record; `left_minor` what may still be refunded of the
    original, which only a refund says. What the journal recorded is printed, not what the settings
    say today; only phone, terms and the English name are `merchant`'s.
    """
    sheet = Sheet(columns)
    sheet.centred(Mark.TITLE, size=Size.LARGE, bold=True).centred(Mark.TITLE_EN)
    sheet.centred(COPIES[copy], bold=True).rule()
    sheet.owner(merchant, transaction.operator, transaction).rule()
    _card(sheet, transaction, copy)
    _numbers(sheet, transaction)
    _amount(sheet, transaction)
    _remarks(sheet, transaction, left_minor)
    _chip(sheet, transaction)
    test_keys = transaction.emv.test_keys
    sheet.marks(duplicate=duplicate, training=transaction.training, test_keys=test_keys)
    _verification(sheet, transaction, copy)
    sheet.qr(qr)
    _terms(sheet, merchant)
    return sheet.document()


def _card(sheet: Sheet, transaction: Transaction, copy: Copy) -> None:
    card = transaction.card
    number = card_text(card, show_first6=copy is Copy.MERCHANT)
    sheet.pair(Label.ISSUER, card.scheme)
    sheet.pair(Label.CARD_NUMBER, number, size=Size.TALL, bold=True)
    sheet.pair(Label.CARD_SEQUENCE, card.psn)
    sheet.pair(Label.TYPE, NAMES[transaction.kind], size=Size.LARGE, bold=True)
    sheet.pair(Label.APPLICATION, transaction.emv.label or card.label)


def _numbers(sheet: Sheet, transaction: Transaction) -> None:
    sheet.rule()
    sheet.pair(Label.BATCH, f"{transaction.batch:06d}")
    sheet.pair(Label.VOUCHER, f"{transaction.stan:06d}", bold=True)
    sheet.pair(Label.AUTHORISATION, transaction.authorisation_code)
    sheet.pair(Label.REFERENCE, transaction.reference)
    sheet.pair(Label.DATE, date_text(transaction.date, transaction.time))
    sheet.pair(Label.ORDER, transaction.order_reference)


def _amount(sheet: Sheet, transaction: Transaction) -> None:
    amount = amount_text(transaction.amount_minor, currency_of(transaction.currency))
    sheet.rule().pair(Label.AMOUNT, amount, size=Size.LARGE, bold=True).rule()


def _remarks(sheet: Sheet, transaction: Transaction, left_minor: int | None) -> None:
    """What this slip refers to, and what has become of its transaction since."""
    remarks = _references(transaction, left_minor) + _standing(transaction)
    if not remarks:
        return
    sheet.text(Label.REMARKS)
    for label, value in remarks:
        if value is None:
            sheet.text(label, bold=True)
        else:
            sheet.pair(label, value)
    sheet.rule()


def _references(transaction: Transaction, left_minor: int | None) -> list[_Remark]:
    original = transaction.original
    remarks: list[_Remark] = []
    if original:
        remarks.append((Label.ORIGINAL_VOUCHER, f"{original.stan:06d}"))
    if original and transaction.kind is Kind.REFUND:
        remarks.append((Label.ORIGINAL_REFERENCE, original.reference))
        remarks.append((Label.ORIGINAL_DATE, date_text(original.date)))
    if left_minor is not None and transaction.kind is Kind.REFUND:
        left = amount_text(left_minor, currency_of(transaction.currency))
        remarks.append((Label.LEFT, left))
    if transaction.undo:
        remarks.append((Mark.UNDO, None))
    return remarks


def _standing(transaction: Transaction) -> list[_Remark]:
    """Anything but a plain approval, so that no slip passes for money that did not move."""
    match transaction.state:
        case State.APPROVED:
            return _undone_since(transaction)
        case State.REVERSED:
            return [(Mark.REVERSED, None), (Mark.NOT_VALID, None)]
        case State.REVERSING:
            return [(Mark.REVERSING, None), (Mark.NOT_VALID, None)]
        case State.DECLINED:
            code = transaction.response_code
            why = f"{code} {' '.join(response_text(code))}" if code else transaction.reason
            return [(Mark.DECLINED, why or None), (Mark.NOT_VALID, None)]
        case State.FAILED:
            return [(Mark.FAILED, transaction.reason or None), (Mark.NOT_VALID, None)]
        case State.OPEN:
            return [(Mark.UNKNOWN, None)]
        case _ as never:
            assert_never(never)


def _undone_since(transaction: Transaction) -> list[_Remark]:
    remarks: list[_Remark] = []
    if transaction.offline:
        remarks.append((Mark.OFFLINE, None))
    if transaction.voided_by:
        remarks.append((Label.VOIDED_BY, f"{transaction.voided_by:06d}"))
    if transaction.refunded_minor:
        refunded = amount_text(transaction.refunded_minor, currency_of(transaction.currency))
        remarks.append((Label.REFUNDED, refunded))
    return remarks


def _chip(sheet: Sheet, transaction: Transaction) -> None:
    """The chip's data, for the bank: tags 9F06/84, 95, 9B, 9F36, 9F26 and 9F34."""
    emv = transaction.emv
    sheet.row(_named("AID", emv.aid or transaction.card.aid))
    sheet.row(_named("TVR", emv.tvr), _named("TSI", emv.tsi))
    sheet.row(_named("ATC", emv.atc), _named(emv.ac_type or "AC", emv.ac))
    sheet.row(_named("CVM", emv.cvm_results))


def _named(name: str, value: str) -> str:
    return f"{name}: {value}" if value else ""


def _verification(sheet: Sheet, transaction: Transaction, copy: Copy) -> None:
    if transaction.verification in _PIN:
        sheet.centred(Mark.PIN_VERIFIED, bold=True)
    if transaction.verification in _SIGNED and copy is Copy.MERCHANT:
        sheet.rule().both(STATEMENT).text(Label.SIGNATURE).line()


def _terms(sheet: Sheet, merchant: Merchant) -> None:
    sheet.rule().pair(Label.PHONE, merchant.phone)
    sheet.centred(merchant.terms).centred(merchant.terms_en)
