"""Field 48 of a settlement: count and sum of each kind, and whether both sides agree.

Three groups of count (6 digits) and sum (16), for sales, voids and refunds, then one digit: 0 in a
request, 1 when the host's totals are the same (对账平), 2 when they are not (对账不平).
"""

from __future__ import annotations

from firmware.core.kinds import Totals
from firmware.iso8583.spec import WireError

COUNT_DIGITS, SUM_DIGITS = 6, 16
GROUP_DIGITS = COUNT_DIGITS + SUM_DIGITS
ASKED, EQUAL, DIFFERENT = 0, 1, 2


def pack_totals(totals: Totals, verdict: int = ASKED) -> str:
    """67 digits."""
    groups = (
        (totals.sales, totals.sales_minor),
        (totals.voids, totals.voids_minor),
        (totals.refunds, totals.refunds_minor),
    )
    return "".join(f"{count:06d}{minor:016d}" for count, minor in groups) + str(verdict)


def unpack_totals(digits: str) -> tuple[Totals, int]:
    """The totals and the verdict. Raises WireError."""
    if len(digits) != 3 * GROUP_DIGITS + 1:
        raise WireError("field 48: not 67 digits")
    groups = [digits[at : at + GROUP_DIGITS] for at in range(0, 3 * GROUP_DIGITS, GROUP_DIGITS)]
    (sales, sales_minor), (voids, voids_minor), (refunds, refunds_minor) = (
        (int(group[:COUNT_DIGITS]), int(group[COUNT_DIGITS:])) for group in groups
    )
    totals = Totals(
        sales=sales,
        sales_minor=sales_minor,
        voids=voids,
        voids_minor=voids_minor,
        refunds=refunds,
        refunds_minor=refunds_minor,
    )
    return totals, int(digits[-1])
