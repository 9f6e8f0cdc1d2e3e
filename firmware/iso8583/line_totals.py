"""Field 48 of a settlement on an acquirer's line, 62 digits.

    debit amount 12 | debit count 3 | credit amount 12 | credit count 3 | result 1

for domestic cards, then the same for foreign ones. Debit is sales and completions of
pre-authorisations; credit is refunds and, unless the acquirer counts them as debit, voids of both.
The result is 0 in a request; 1 balanced, 2 not, 3 error.
"""

from __future__ import annotations

from typing import Literal

from firmware.core.kinds import COUNTED, Totals
from firmware.iso8583.codec import WireError

AMOUNT_DIGITS, COUNT_DIGITS = 12, 3
COUNT_MAX, AMOUNT_MAX = 10**COUNT_DIGITS - 1, 10**AMOUNT_DIGITS - 1
HALF_DIGITS = 2 * (AMOUNT_DIGITS + COUNT_DIGITS) + 1
ASKED, BALANCED, NOT_BALANCED = 0, 1, 2


def folded(totals: Totals, void_is: Literal["credit", "debit"]) -> Totals:
    """What a line can say of `totals`: debit as sales, credit as refunds, and no voids.

    Both ends compare folded totals: the line does not tell a void from what it is counted with.
    """
    debit, credit = [0, 0], [0, 0]
    for kind in COUNTED:
        count, minor = totals.of(kind)
        side = debit if kind.sign > 0 or (kind.is_void and void_is == "debit") else credit
        side[0] += count
        side[1] += minor
    return Totals(sales=debit[0], sales_minor=debit[1], refunds=credit[0], refunds_minor=credit[1])


def pack_sides(totals: Totals, result: int = ASKED) -> str:
    """Folded totals, all of domestic cards. Raises WireError for more than the digits hold."""
    if max(totals.sales, totals.refunds) > COUNT_MAX:
        raise WireError(f"field 48: more than {COUNT_MAX} transactions")
    if max(totals.sales_minor, totals.refunds_minor) > AMOUNT_MAX:
        raise WireError("field 48: an amount of more than 12 digits")
    debit = f"{totals.sales_minor:012d}{totals.sales:03d}"
    half = f"{debit}{totals.refunds_minor:012d}{totals.refunds:03d}"
    return f"{half}{result}{'0' * (HALF_DIGITS - 1)}{result}"


def unpack_sides(digits: str) -> tuple[Totals, int]:
    """Folded totals of both halves together, and the worse of their results. Raises WireError."""
    if len(digits) != 2 * HALF_DIGITS:
        raise WireError("field 48: not 62 digits")
    sales = sales_minor = refunds = refunds_minor = result = 0
    for half in (digits[:HALF_DIGITS], digits[HALF_DIGITS:]):
        sales_minor += int(half[:12])
        sales += int(half[12:15])
        refunds_minor += int(half[15:27])
        refunds += int(half[27:30])
        result = max(result, int(half[30]))
    totals = Totals(
        sales=sales, sales_minor=sales_minor, refunds=refunds, refunds_minor=refunds_minor
    )
    return totals, result
