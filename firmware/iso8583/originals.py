"""How a request names another transaction: fields 37, 38 and 61, as the profile has them.

    short   batch 6 | STAN 6, then MMDD where the original may be of another day
    full    batch 6 | STAN 6 | YYYYMMDD; a reversal names what it reverses: then time 6 | card 4

Zeros stand for what is not known.
"""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from firmware.core.kinds import USES_A_HOLD, Kind, OriginalRef
from firmware.core.payment import Payment
from firmware.iso8583.codec import Fields, WireError
from firmware.iso8583.messages import ReversalRequest
from firmware.iso8583.profile import MessageShape
from firmware.iso8583.request_parts import CODES

NUMBERS_DIGITS = 12  # batch and STAN
LENGTHS = {"short": (12, 16), "full": (20,)}
REVERSED_DIGITS = 30
_BY_CODE = frozenset(CODES[kind] for kind in USES_A_HOLD)
_SAYS_THE_DAY = (Kind.REFUND, *USES_A_HOLD)  # of its original
_YEARS_BACK = 5


def add_original(fields: Fields, original: OriginalRef, kind: Kind, shape: MessageShape) -> None:
    """Name the original of a `kind`."""
    numbers = f"{original.batch:06d}{original.stan:06d}"
    if shape.original == "full":
        named = numbers + (original.date or "0" * 8)
        if int(named):
            fields["61"] = named
    else:
        fields["61"] = numbers + (original.date[4:] if kind in _SAYS_THE_DAY else "")
    if original.reference:
        fields["37"] = original.reference
    if original.authorisation_code:
        fields["38"] = original.authorisation_code


def add_reversed(fields: Fields, request: ReversalRequest, shape: MessageShape) -> None:
    """Name what a reversal means beyond its numbers: itself, or only the original of it."""
    meant = request.payment
    if shape.original == "full":
        if meant.date:
            numbers = f"{meant.batch:06d}{meant.stan:06d}"
            fields["61"] = f"{numbers}{meant.date}{meant.time}{request.last4}"
    elif meant.original is not None:
        add_original(fields, meant.original, meant.kind, shape)


def original_of(fields: Fields, today: date, shape: MessageShape) -> OriginalRef | None:
    """The original that a message names; None if it names none. Raises WireError."""
    numbers, reference, code = (fields.get(key, "") for key in ("61", "37", "38"))
    if not numbers:
        by_code = (fields["3"], fields["60"][:2]) in _BY_CODE and code
        if not (by_code or (reference and shape.original == "full")):
            return None
        numbers = "0" * LENGTHS[shape.original][0]
    if len(numbers) not in LENGTHS[shape.original]:
        raise WireError("field 61: not batch, STAN and date")
    day = numbers[NUMBERS_DIGITS:]
    return OriginalRef(
        batch=int(numbers[:6]),
        stan=int(numbers[6:12]),
        reference=reference,
        date=_day_of(day, today) if int(day or 0) else "",
        authorisation_code=code,
    )


def reversed_in(
    fields: Fields, paid: Payment, today: date, shape: MessageShape
) -> tuple[Payment, str]:
    """`paid`, to be reversed, completed by what the message says of it; and its card's last digits.

    The short shape says its original; the full one its date and time, and the digits.
    Raises WireError.
    """
    if shape.original == "short":
        return replace(paid, original=original_of(fields, today, shape)), ""
    if "61" not in fields:
        return paid, ""
    named = fields["61"]
    if len(named) != REVERSED_DIGITS or named[:12] != fields["60"][2:8] + fields["11"]:
        raise WireError("field 61: not batch, STAN, date, time and card of what is reversed")
    return replace(paid, date=named[12:20], time=named[20:26]), named[26:]


def nearest(mmdd: str, today: date) -> str:
    """The date YYYYMMDD with this month and day that is nearest to `today`. Raises WireError."""
    near = [day for year in (-1, 0, 1) if (day := _day(today.year + year, mmdd)) is not None]
    if not near:
        raise WireError("field 13: no date")
    return min(near, key=lambda day: abs(day - today)).strftime("%Y%m%d")


def _day_of(digits: str, today: date) -> str:
    """The whole date of an original: of MMDD the latest one, tomorrow at most: clocks differ."""
    if len(digits) == len("YYYYMMDD"):
        return digits
    for year in range(today.year + 1, today.year - _YEARS_BACK, -1):
        day = _day(year, digits)
        if day is not None and (day - today).days <= 1:
            return day.strftime("%Y%m%d")
    raise WireError("field 61: no date")


def _day(year: int, mmdd: str) -> date | None:
    try:
        return date(year, int(mmdd[:2]), int(mmdd[2:]))
    except ValueError:  # 29 February of another year, or no date at all
        return None
