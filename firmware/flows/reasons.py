"""Why a card or the terminal declined by itself, in words that a customer understands."""

from __future__ import annotations

from firmware.emv.codes import Tvr
from firmware.iso8583.responses import response_text
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


def why_declined(tvr_hex: str) -> Phrase:
    """The reason that the ten hex digits of a TVR give; "declined" when they give none."""
    tvr = int(tvr_hex or "0", 16)
    for bits, words in _REASONS:
        if tvr & bits:
            return words
    return Phrase.of(Text.DECLINED)
