"""How a payment ended, in words of the catalogue: why it was declined, or is not known."""

from __future__ import annotations

from firmware.core.kinds import ReversalCause
from firmware.emv.codes import Tvr
from firmware.iso8583.responses import response_text
from firmware.payments.transact import (
    DECLINED_OFFLINE,
    NO_ANSWER,
    PaymentDeclined,
    PaymentUndecided,
)
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text

# What the TVR says, the gravest first. See EMV 4.4 Book 3, Annex C5.
_REASONS: tuple[tuple[Tvr, Phrase], ...] = (
    (Tvr.SDA_FAILED | Tvr.DDA_FAILED | Tvr.CDA_FAILED, Phrase.of(Text.CARD_NOT_GENUINE)),
    (Tvr.CARD_ON_EXCEPTION_FILE, Phrase.of(response_text("62"))),
    (Tvr.EXPIRED_APPLICATION, Phrase.of(Text.CARD_EXPIRED)),
    (Tvr.SERVICE_NOT_ALLOWED, Phrase.of(response_text("57"))),
    (Tvr.PIN_TRY_LIMIT_EXCEEDED, Phrase.of(response_text("75"))),
    (Tvr.PIN_NOT_ENTERED, Phrase.of(Text.PIN_MISSING)),
)


def why_declined(ended: PaymentDeclined) -> Phrase:
    """Why acquirer, card or terminal declined, in words that a customer understands."""
    if ended.code != DECLINED_OFFLINE:
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
