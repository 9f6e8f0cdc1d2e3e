"""Between card and acquirer: the card as a request names it, the answer as the card gets it."""

from __future__ import annotations

from firmware.core.masked import Pin
from firmware.emv import tlv
from firmware.emv.outcomes import CardData, OnlineAnswer, UnableToGoOnline
from firmware.emv.tags import Tag
from firmware.iso8583.messages import Answered, CardPresented, HostAnswer

_SCRIPT_TAGS = frozenset(
    {
        Tag.APPLICATION_CRYPTOGRAM,
        Tag.ISSUER_APPLICATION_DATA,
        Tag.UNPREDICTABLE_NUMBER,
        Tag.APPLICATION_TRANSACTION_COUNTER,
        Tag.TERMINAL_VERIFICATION_RESULTS,
        Tag.TRANSACTION_DATE,
        Tag.APPLICATION_INTERCHANGE_PROFILE,
        Tag.TERMINAL_COUNTRY_CODE,
        Tag.TERMINAL_CAPABILITIES,
        Tag.IFD_SERIAL_NUMBER,
    }
)


def card_presented(card: CardData, *, pin: Pin | None, de55: bytes = b"") -> CardPresented:
    """The card for a request; `de55` only where the card itself decided."""
    return CardPresented(
        pan=card.pan,
        psn=card.psn,
        expiry=card.expiry[:4],  # the card says YYMMDD
        track2=card.track2,
        pin=pin,
        de55=de55,
    )


def answer_for_card(
    answer: HostAnswer | None, *, training: bool = False, scripts: bool = True
) -> OnlineAnswer | UnableToGoOnline:
    """The acquirer's answer in the form that the card gets; None when nobody was asked.

    Without an answer the card must not approve: the acquirer may have approved, and will get a
    reversal. In training no issuer has answered, so none can authenticate itself: the card is
    given no approval, which leaves its counters as they were.
    """
    if training or not isinstance(answer, Answered):
        return UnableToGoOnline(decline=True)
    return OnlineAnswer(
        answer.card_code,
        answer.issuer_authentication_data,
        answer.scripts if scripts else b"",
    )


def script_data(de55: bytes, results: bytes) -> bytes:
    """Field 55 of a script's result; b"" where no script was delivered."""
    if not results:
        return b""
    kept = b"".join(one.raw for one in tlv.parse(de55) if one.tag in _SCRIPT_TAGS)
    return kept + tlv.encode(Tag.SCRIPT_RESULTS_UNIONPAY, results)
