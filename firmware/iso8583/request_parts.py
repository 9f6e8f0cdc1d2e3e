"""The codes of each kind of request, who asks and in which batch, and the fields of a card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.core.kinds import Kind
from firmware.core.masked import Pan, Pin, Track2
from firmware.core.money import CURRENCIES, Currency
from firmware.iso8583.codec import Fields, WireError
from firmware.iso8583.messages import CardPresented, FinancialRequest
from firmware.iso8583.profile import MessageShape

CODES = {  # processing code (field 3) and type code (60.1)
    Kind.SALE: ("000000", "22"),
    Kind.VOID: ("200000", "23"),
    Kind.REFUND: ("200000", "25"),
    Kind.PREAUTH: ("030000", "10"),
    Kind.PREAUTH_VOID: ("200000", "11"),
    Kind.COMPLETION: ("000000", "20"),
    Kind.COMPLETION_VOID: ("200000", "21"),
}
BALANCE = ("310000", "01")  # of a balance enquiry
_HOLD_ALONE = (Kind.PREAUTH, Kind.PREAUTH_VOID)
_OF_PREAUTHS = (*_HOLD_ALONE, Kind.COMPLETION, Kind.COMPLETION_VOID)
OFFLINE = "36"  # the type code of a sale that the card approved
SETTLE = "201"  # network management code (60.3)
TRADE = "000"
BY_NUMBER = {currency.numeric: currency for currency in CURRENCIES.values()}
UNREADABLE_PIN = Pin("0" * 13)
"""What an unreadable PIN block is taken for: longer than any PIN, so it equals none."""


class UnknownCurrencyError(WireError):
    """A currency that no terminal here has."""


def currency_of(fields: Fields) -> Currency:
    """The currency of field 49. Raises UnknownCurrencyError, and KeyError without the field."""
    return currency_numbered(fields["49"], "49")


def currency_numbered(number: str, field: str) -> Currency:
    """The currency that `field` names by its ISO 4217 number. Raises UnknownCurrencyError."""
    if number not in BY_NUMBER:
        raise UnknownCurrencyError(f"field {field}: no currency that is known")
    return BY_NUMBER[number]


def batch_of(fields: Fields) -> int:
    """The batch in field 60. Raises KeyError without one, WireError for one that is too short."""
    if len(fields["60"]) < 11:
        raise WireError("field 60: less than 11 digits")
    return int(fields["60"][2:8])


def numbers_of(fields: Fields) -> dict[str, Any]:
    """Who asks, in which batch and under which STAN, by the names of a request's fields.

    Raises KeyError with the number of a field that is missing, and WireError.
    """
    return {
        "terminal": fields["41"],
        "merchant": fields["42"],
        "batch": batch_of(fields),
        "stan": int(fields["11"]),
    }


def financial_type(request: FinancialRequest) -> str:
    """0220 for an advice, 0200 for a request that moves money, 0100 for one that only holds."""
    if request.payment.kind in _HOLD_ALONE:
        return "0100"
    return "0220" if request.offline or request.payment.kind is Kind.REFUND else "0200"


def add_card(
    fields: Fields, card: CardPresented, shape: MessageShape, kind: Kind | None = None
) -> None:
    """Set the fields of the card, how it was read and what for; the PIN is set elsewhere.

    Raises WireError.
    """
    fields["2"], fields["14"] = card.pan.reveal(), card.expiry
    fields["22"] = shape.entry_mode(with_pin=bool(card.pin))
    fields["25"] = "06" if kind in _OF_PREAUTHS else "00"
    if card.psn:
        fields["23"] = card.psn.rjust(3, "0")
    if card.track2:
        fields["35"] = card.track2.reveal().replace("=", "D")
        if "D" not in fields["35"]:
            raise WireError("field 35: no separator")
    if card.de55:
        fields["55"] = card.de55.hex().upper()


def card_of(fields: Fields, expiry: str, pin_of: Callable[[Pan], Pin | None]) -> CardPresented:
    """The card that a request names; `pin_of` reads its PIN. Raises WireError."""
    try:
        pan = Pan(fields["2"])
    except ValueError:
        raise WireError("field 2: not 8 to 19 digits") from None
    pin = pin_of(pan)
    track2 = Track2(fields["35"]) if "35" in fields else None
    if track2 is not None and not track2.is_of(pan):
        raise WireError("fields 2 and 35: two accounts")
    return CardPresented(
        pan=pan,
        psn=fields["23"][1:] if "23" in fields else "",
        expiry=expiry,
        track2=track2,
        pin=pin,
        de55=bytes.fromhex(fields.get("55", "")),
    )
