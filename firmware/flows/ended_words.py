"""How a payment that was not approved ended, in words of the catalogue, and its screen."""

from __future__ import annotations

from typing import assert_never

from firmware.core.kinds import Kind, ReversalCause
from firmware.emv.codes import Tvr
from firmware.flows.desk import Desk
from firmware.iso8583.responses import (
    CARD_NOT_ALLOWED,
    RESTRICTED_CARD,
    TOO_MANY_WRONG_PINS,
    response_text,
)
from firmware.payments.transact import (
    NO_ANSWER,
    PaymentDeclined,
    PaymentPending,
    PaymentUndecided,
    PaymentUnsent,
)
from firmware.ui.screens import Outcome, Phrase
from firmware.ui.texts import Text

# What the TVR says, the gravest first. See EMV 4.4 Book 3, Annex C5.
_REASONS: tuple[tuple[Tvr, Phrase], ...] = (
    (Tvr.SDA_FAILED | Tvr.DDA_FAILED | Tvr.CDA_FAILED, Phrase.of(Text.CARD_NOT_GENUINE)),
    (Tvr.CARD_ON_EXCEPTION_FILE, Phrase.of(response_text(RESTRICTED_CARD))),
    (Tvr.EXPIRED_APPLICATION, Phrase.of(Text.CARD_EXPIRED)),
    (Tvr.SERVICE_NOT_ALLOWED, Phrase.of(response_text(CARD_NOT_ALLOWED))),
    (Tvr.PIN_TRY_LIMIT_EXCEEDED, Phrase.of(response_text(TOO_MANY_WRONG_PINS))),
    (Tvr.PIN_NOT_ENTERED, Phrase.of(Text.PIN_MISSING)),
)


# What a payment that was not approved leaves, and one that was reversed.
STANDS = {
    Kind.SALE: Text.NOT_CHARGED,
    Kind.VOID: Text.NOT_VOIDED,
    Kind.REFUND: Text.NOT_REFUNDED,
    Kind.PREAUTH: Text.NOT_HELD,
    Kind.PREAUTH_VOID: Text.NOT_RELEASED,
    Kind.COMPLETION: Text.NOT_CHARGED,
    Kind.COMPLETION_VOID: Text.NOT_GIVEN_BACK,
}
_STANDS_REVERSED = {
    Kind.SALE: Text.FAILED_REVERSED,
    Kind.VOID: Text.VOID_REVERSED,
    Kind.REFUND: Text.REFUND_REVERSED,
    Kind.PREAUTH: Text.PREAUTH_REVERSED,
    Kind.PREAUTH_VOID: Text.RELEASE_REVERSED,
    Kind.COMPLETION: Text.FAILED_REVERSED,
    Kind.COMPLETION_VOID: Text.GIVEN_BACK_REVERSED,
}

NotApproved = PaymentDeclined | PaymentPending | PaymentUnsent | PaymentUndecided


def not_approved(desk: Desk, ended: NotApproved) -> Outcome:
    """The screen that says why not, and what stands."""
    kind, code, undecided = ended.transaction.kind, "", False
    match ended:
        case PaymentDeclined():
            why, stands, code = why_declined(ended), STANDS[kind], ended.code
        case PaymentPending():
            why, stands = Phrase.of(Text.REFUND_UNCONFIRMED), Text.REFUND_REPEATED
            undecided = True
        case PaymentUnsent():
            why, stands = Phrase.of(Text.NOT_SENT), STANDS[kind]
        case PaymentUndecided():
            stands = _STANDS_REVERSED[kind] if ended.reversed else Text.FAILED_REVERSAL_DUE
            why = why_undecided(ended)
            if desk.customer and why.text is Text.NO_ANSWER:
                why = Phrase.of(Text.NOT_COMPLETED)
        case _ as never:
            assert_never(never)
    return Outcome(
        kind,
        ended.transaction.amount,
        approved=False,
        text=why,
        code=code,
        prompt=Phrase.of(stands),
        training=desk.training,
        undecided=undecided,
    )


def why_declined(ended: PaymentDeclined) -> Phrase:
    """Why acquirer, card or terminal declined, in words that a customer understands."""
    if not ended.transaction.offline:
        return Phrase.of(response_text(ended.code))
    tvr = int(ended.transaction.emv.tvr or "0", 16)
    return next((words for bits, words in _REASONS if tvr & bits), Phrase.of(Text.DECLINED))


def why_undecided(ended: PaymentUndecided) -> Phrase:
    """What made a payment's outcome unknown."""
    if ended.cause in NO_ANSWER.values():
        return Phrase.of(Text.NO_ANSWER)
    if ended.cause is ReversalCause.PART:
        return Phrase.of(Text.PART_APPROVED)
    gone = ended.cause is ReversalCause.CARD_GONE
    return Phrase.of(Text.CARD_PULLED if gone else Text.DECLINED)
