"""Codes in words of the catalogue: why a payment is refused, what is owed, why no answer came."""

from __future__ import annotations

from firmware.core.money import Money
from firmware.iso8583.messages import NoAnswer, NoAnswerCause, NoAnswerReason
from firmware.payments.owed import Owed
from firmware.payments.refusals import Code, Refusal
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text


def why_refused(refusal: Refusal) -> Phrase:
    """A refusal as one phrase: the text has the name of the code, but for ADVICE_FIRST."""
    offline = refusal.code is Code.ADVICE_FIRST
    text = Text.OFFLINE_FIRST if offline else Text[refusal.code.name]
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
