"""Codes in words of the catalogue: why a payment is refused, what is owed, why no answer came."""

from __future__ import annotations

from firmware.core.money import Money
from firmware.iso8583.messages import NoAnswer, NoAnswerCause, NoAnswerReason
from firmware.payments.owed import Owed
from firmware.payments.refusals import Code, Refusal
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text

REFUSALS: dict[Code, Text] = {
    Code.NO_SUCH_VOUCHER: Text.NO_SUCH_VOUCHER,
    Code.OTHER_TERMINAL: Text.OTHER_TERMINAL,
    Code.OTHER_MERCHANT: Text.OTHER_MERCHANT,
    Code.OTHER_CURRENCY: Text.OTHER_CURRENCY,
    Code.NOT_A_SALE: Text.NOT_A_SALE,
    Code.NO_SUCH_HOLD: Text.NO_SUCH_HOLD,
    Code.NOT_A_COMPLETION: Text.NOT_A_COMPLETION,
    Code.ALREADY_COMPLETED: Text.ALREADY_COMPLETED,
    Code.HOLD_IS_OLD: Text.HOLD_IS_OLD,
    Code.AMOUNT_OVER_HOLD: Text.AMOUNT_OVER_HOLD,
    Code.ORIGINAL_DECLINED: Text.ORIGINAL_DECLINED,
    Code.ORIGINAL_REVERSED: Text.ORIGINAL_REVERSED,
    Code.ORIGINAL_IN_DOUBT: Text.ORIGINAL_IN_DOUBT,
    Code.ALREADY_VOIDED: Text.ALREADY_VOIDED,
    Code.BATCH_SETTLED: Text.BATCH_SETTLED,
    Code.ALREADY_REFUNDED: Text.ALREADY_REFUNDED,
    Code.FULLY_REFUNDED: Text.FULLY_REFUNDED,
    Code.OUT_OF_WINDOW: Text.OUT_OF_WINDOW,
    Code.AMOUNT_OVER_LIMIT: Text.AMOUNT_OVER_LIMIT,
    Code.SALE_DAY_LIMIT: Text.SALE_DAY_LIMIT,
    Code.CARD_DAY_LIMIT: Text.CARD_DAY_LIMIT,
    Code.AMOUNT_OVER_LEFT: Text.AMOUNT_OVER_LEFT,
    Code.REFUND_LIMIT: Text.REFUND_LIMIT,
    Code.REFUND_DAY_LIMIT: Text.REFUND_DAY_LIMIT,
    Code.BATCH_FULL: Text.BATCH_FULL,
    Code.REVERSAL_FIRST: Text.REVERSAL_FIRST,
    Code.ADVICE_FIRST: Text.OFFLINE_FIRST,
    Code.REFUND_FIRST: Text.REFUND_FIRST,
}


def why_refused(refusal: Refusal) -> Phrase:
    """A refusal as one phrase."""
    text = REFUSALS[refusal.code]
    match refusal.code:
        case Code.OTHER_TERMINAL:
            return Phrase.of(text, terminal=refusal.terminal, store=refusal.store)
        case Code.OTHER_MERCHANT:
            return Phrase.of(text, merchant=refusal.merchant)
        case Code.OTHER_CURRENCY:
            return Phrase.of(text, currency=refusal.currency)
        case Code.OUT_OF_WINDOW | Code.HOLD_IS_OLD:
            return Phrase.of(text, days=refusal.days)
        case Code.AMOUNT_OVER_LEFT:
            return Phrase.of(text, left=refusal.limit)
    return Phrase.of(text) if refusal.limit is None else Phrase.of(text, limit=refusal.limit)


def voucher_line(stan: int, amount: Money) -> str:
    """Voucher number and amount, by which people find a transaction among their papers."""
    return f"{stan:06d} {amount}"


def why_no_answer(answer: NoAnswer) -> tuple[Phrase, ...]:
    """What may be wrong with a line whose acquirer does not answer, or not as it should.

    An acquirer that gets a wrong TPDU or header does not answer, so silence may mean both.
    """
    match answer.cause:
        case NoAnswerCause.NO_MASTER:
            return (Phrase.of(Text.MASTER_MISSING),)
        case NoAnswerCause.KEY_CHECK:
            return (Phrase.of(Text.KEY_CHECK_DIFFERS),)
    match answer.reason:
        case NoAnswerReason.TIMED_OUT:
            tpdu, header = answer.tpdu, answer.header or "-"
            shape = (
                Phrase.of(Text.LINE_TPDU, tpdu=tpdu),
                Phrase.of(Text.LINE_HEADER, header=header),
            )
            return (Phrase.of(Text.LINE_SILENT), *(shape if tpdu else ()))
        case NoAnswerReason.NO_LINE:
            return (Phrase.of(Text.LINE_GONE), Phrase.of(Text.LINE_ADDRESS))
        case NoAnswerReason.GARBLED:
            return (Phrase.of(Text.LINE_GARBLED),)


def what_is_owed(owed: Owed) -> Phrase | None:
    """What is owed to the acquirer, reversals first; None when nothing is."""
    if owed.reversals:
        return Phrase.of(Text.REVERSALS_PENDING, count=owed.reversals)
    if owed.refunds:
        return Phrase.of(Text.REFUNDS_PENDING, count=owed.refunds)
    return Phrase.of(Text.OFFLINE_PENDING, count=owed.sales) if owed.sales else None
