"""The receipt of a payment of any kind (签购单), in the order that UnionPay terminals print it."""

from __future__ import annotations

from typing import assert_never

from firmware.core.config import Merchant
from firmware.core.kinds import CHARGES, USES_A_HOLD, Copy, Kind, Verification
from firmware.core.money import Money
from firmware.iso8583.responses import response_text
from firmware.journal.transactions import State, Transaction
from firmware.receipts.columns import plain
from firmware.receipts.sheet import Sheet, amount_text, card_text, date_text, sum_text
from firmware.receipts.texts import COPIES, NAMES, REPEATED, STATEMENT, Label, Mark, reason_text
from hw.ports import Document, Size

_Remark = tuple[str, str | None]  # a label and its value, or a mark that stands for itself
_SIGNED = (Verification.SIGNATURE, Verification.PIN_AND_SIGNATURE)
_MAY_COUNT = (State.APPROVED, State.OPEN, State.PENDING)
_PIN = (Verification.PIN, Verification.PIN_AND_SIGNATURE)


def transaction_receipt(
    transaction: Transaction,
    merchant: Merchant,
    *,
    copy: Copy,
    columns: int,
    duplicate: bool,
    qr: str | None,
    left: Money | None = None,
) -> Document:
    """The merchant's or the cardholder's receipt of `transaction`.

    `qr` is its signed record; `left` is what may still be refunded of the original, and is printed
    for a refund alone. What the journal recorded is printed, not what the settings say today; only
    acquirer, phone, terms and the English name are `merchant`'s.
    """
    sheet = Sheet(columns)
    sheet.centred(Mark.TITLE, size=Size.LARGE, bold=True).centred(COPIES[copy], bold=True)
    training, test_keys = transaction.training, transaction.emv.test_keys
    sheet.marks(duplicate=duplicate, training=training, test_keys=test_keys)
    if transaction.state not in _MAY_COUNT:
        sheet.centred(Mark.NOT_VALID, bold=True)
    sheet.rule().text(Label.MERCHANT_NAME)
    sheet.owner(merchant, transaction.operator, transaction).rule()
    _card(sheet, transaction, merchant, copy)
    _numbers(sheet, transaction)
    _remarks(sheet, transaction, left)
    _chip(sheet, transaction, copy)
    if training:  # without signature, QR code and terms
        return sheet.centred(Mark.TRAINING, bold=True).document()
    if transaction.state in _MAY_COUNT:
        _verification(sheet, transaction, copy)
    sheet.qr(qr)
    _terms(sheet, transaction, merchant, copy)
    return sheet.document()


def _card(sheet: Sheet, transaction: Transaction, merchant: Merchant, copy: Copy) -> None:
    card = transaction.card
    number = card_text(card, show_first6=copy is Copy.MERCHANT)
    sheet.pair(Label.ACQUIRER, merchant.acquirer)
    sheet.pair(Label.ISSUER, transaction.issuer)
    sheet.pair(Label.SCHEME, card.scheme)
    sheet.pair(Label.CARD_NUMBER, number, size=Size.TALL, bold=True)
    sheet.pair(Label.TYPE, NAMES[transaction.kind], size=Size.LARGE, bold=True)


def _numbers(sheet: Sheet, transaction: Transaction) -> None:
    sheet.pair(Label.BATCH, f"{transaction.batch:06d}")
    sheet.pair(Label.VOUCHER, f"{transaction.stan:06d}", bold=True)
    sheet.pair(Label.AUTHORISATION, transaction.authorisation_code)
    sheet.pair(Label.REFERENCE, transaction.reference)
    sheet.pair(Label.DATE, date_text(transaction.date, transaction.time))
    sheet.pair(Label.ORDER, transaction.order_reference)
    sign = -1 if transaction.kind.gives_back else 1
    paid = transaction.amount
    amount = sum_text(sign * paid.minor, paid.currency)
    sheet.pair(Label.AMOUNT, amount, size=Size.LARGE, bold=True).rule()


def _remarks(sheet: Sheet, transaction: Transaction, left: Money | None) -> None:
    """What this receipt refers to, and what has become of its transaction since."""
    remarks = _references(transaction, left) + _standing(transaction)
    for label, value in remarks:
        if value is None:
            sheet.text(label, bold=True)
        else:
            sheet.pair(label, value)
    if remarks:
        sheet.rule()


def _references(transaction: Transaction, left: Money | None) -> list[_Remark]:
    original = transaction.original
    remarks: list[_Remark] = []
    if original and original.elsewhere:
        holds = transaction.kind in USES_A_HOLD
        remarks.append((Mark.HELD_ELSEWHERE if holds else Mark.ELSEWHERE, None))
    elif original:
        remarks.append((Label.ORIGINAL_VOUCHER, f"{original.stan:06d}"))
    if original and transaction.kind in USES_A_HOLD:
        remarks.append((Label.ORIGINAL_AUTHORISATION, original.authorisation_code))
        remarks.append((Label.ORIGINAL_DATE, date_text(original.date)))
    if original and transaction.kind is Kind.REFUND:
        remarks.append((Label.ORIGINAL_REFERENCE, original.reference))
        remarks.append((Label.ORIGINAL_DATE, date_text(original.date)))
    if left is not None and transaction.kind is Kind.REFUND:
        remarks.append((Label.LEFT, amount_text(left)))
    if transaction.kind is Kind.PREAUTH:
        remarks.append((Mark.HELD, None))
    if transaction.undo:
        remarks.append((Mark.UNDO, None))
    return remarks


def _standing(transaction: Transaction) -> list[_Remark]:
    """What is printed of anything but a plain approval: no paper may look like one."""
    match transaction.state:
        case State.APPROVED:
            return _undone_since(transaction)
        case State.REVERSED:
            return [(Mark.REVERSED, None)]
        case State.REVERSING:
            return [(Mark.REVERSING, None)]
        case State.DECLINED:
            code = transaction.response_code
            why = f"{code} {' '.join(response_text(code))}" if code else ""
            return [(Mark.DECLINED, why or reason_text(transaction.reason) or None)]
        case State.FAILED:
            return [(Mark.FAILED, reason_text(transaction.reason) or None)]
        case State.OPEN:
            return [(Mark.UNKNOWN, None)]
        case State.PENDING:
            return [(Mark.UNCONFIRMED, None), *((words, None) for words in REPEATED)]
        case _ as never:
            assert_never(never)


def _undone_since(transaction: Transaction) -> list[_Remark]:
    remarks: list[_Remark] = []
    if transaction.offline:
        remarks.append((Mark.OFFLINE, None))
    if transaction.ask_issuer:
        remarks.append((Mark.ASK_ISSUER, None))
    if transaction.voided_by:
        remarks.append((Label.VOIDED_BY, f"{transaction.voided_by:06d}"))
    if transaction.completed_by:
        remarks.append((Label.COMPLETED_BY, f"{transaction.completed_by:06d}"))
    if transaction.refunded_minor:
        remarks.append((Label.REFUNDED, amount_text(transaction.refunded)))
    return remarks


def _chip(sheet: Sheet, transaction: Transaction, copy: Copy) -> None:
    """The chip's data, for the bank: tags 5F34, 9F06/84, 95, 9B, 9F36, 9F26 and 9F34.

    The cardholder's copy has what names the card's application, and the cryptogram.
    """
    emv, card = transaction.emv, transaction.card
    aid, cryptogram = _named("AID", emv.aid or card.aid), _named(emv.ac_type or "AC", emv.ac)
    if transaction.training:
        sheet.text(aid)
        return
    label = _value(Label.APPLICATION, emv.label or card.label)
    if copy is Copy.CARDHOLDER:
        sheet.text(label).text(aid).text(cryptogram)
        return
    sheet.row(label, _value(Label.CARD_SEQUENCE, card.psn)).text(aid)
    sheet.row(_named("TVR", emv.tvr), _named("TSI", emv.tsi))
    sheet.row(_named("ATC", emv.atc), cryptogram)
    sheet.text(_named("CVM", emv.cvm_results))


def _named(name: str, value: str) -> str:
    return _value(f"{name}:", value)


def _value(label: str, value: str) -> str:
    return f"{label} {plain(value)}" if plain(value).strip() else ""


def _verification(sheet: Sheet, transaction: Transaction, copy: Copy) -> None:
    signs = transaction.verification in _SIGNED
    if transaction.verification in _PIN:
        sheet.centred(Mark.PIN_AND_SIGNED if signs else Mark.PIN_VERIFIED, bold=True)
    if signs and copy is Copy.MERCHANT:
        sheet.rule().text(Label.SIGNATURE).line().both(STATEMENT)


def _terms(sheet: Sheet, transaction: Transaction, merchant: Merchant, copy: Copy) -> None:
    """Phone number; the merchant's terms on a cardholder copy of a charge that stands."""
    stands = transaction.state is State.APPROVED and not transaction.voided_by
    terms = transaction.kind in CHARGES and stands and copy is Copy.CARDHOLDER
    said = [merchant.terms, merchant.terms_en] if terms else []
    if merchant.phone or any(said):
        sheet.rule().pair(Label.PHONE, merchant.phone)
    for text in said:
        sheet.centred(text)
