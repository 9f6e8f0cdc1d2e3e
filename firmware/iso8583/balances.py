"""Field 54, the balance in an answer to an enquiry: one or more amounts of 20 characters each.

    account type 2 | amount type 2 | currency 3, ISO 4217 numeric | C or D | amount 12, minor units

Amount type 01 is what is booked, 02 what may be spent. D is an amount below zero.
"""

from __future__ import annotations

import re

from firmware.core.money import MINOR_MAX
from firmware.iso8583.codec import WireError
from firmware.iso8583.messages import Balance
from firmware.iso8583.request_parts import BY_NUMBER

AMOUNT_CHARACTERS, AMOUNTS_MOST = 20, 6
DEFAULT_ACCOUNT = "00"
BOOKED, AVAILABLE = "01", "02"
_AMOUNT = re.compile(r"[0-9]{2}([0-9]{2})([0-9]{3})([CD])([0-9]{12})", re.ASCII)


def pack_balance(balance: Balance) -> str:
    """What may be spent, as one amount. Raises WireError for one of more than 12 digits."""
    if abs(balance.minor) > MINOR_MAX:
        raise WireError("field 54: an amount of more than 12 digits")
    sign = "D" if balance.minor < 0 else "C"
    head = f"{DEFAULT_ACCOUNT}{AVAILABLE}{balance.currency.numeric}"
    return f"{head}{sign}{abs(balance.minor):012d}"


def unpack_balance(field: str) -> Balance:
    """What may be spent, or where that is not said what is booked. Raises WireError."""
    parts = [field[at : at + AMOUNT_CHARACTERS] for at in range(0, len(field), AMOUNT_CHARACTERS)]
    amounts = [_AMOUNT.fullmatch(part) for part in parts]
    found: dict[str, Balance] = {}
    for amount in amounts:
        if amount is None or len(amounts) > AMOUNTS_MOST:
            raise WireError("field 54: not one to six amounts of 20 characters")
        if amount[2] not in BY_NUMBER:
            raise WireError("field 54: no currency that is known")
        minor = int(amount[4]) * (-1 if amount[3] == "D" else 1)
        found.setdefault(amount[1], Balance(minor, BY_NUMBER[amount[2]]))
    if AVAILABLE not in found and BOOKED not in found:
        raise WireError("field 54: no balance among its amounts")
    return found.get(AVAILABLE) or found[BOOKED]
