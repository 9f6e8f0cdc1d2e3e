"""Field 48 of a settlement in the format of `wire.py`: count and sum of each kind, and a verdict.

Groups of count (6 digits) and sum (16), for sales, voids and refunds, and where there are any for
the other kinds of COUNTED, completions of pre-authorisations and their voids; then one digit: 0 in
a request, 1 when the acquirer's own totals are the same (对账平), 2 when they are not (对账不平).
"""

from __future__ import annotations

from firmware.core.kinds import COUNTED, TOLD_ALWAYS, Totals
from firmware.iso8583.codec import WireError

COUNT_DIGITS, SUM_DIGITS = 6, 16
GROUP_DIGITS = COUNT_DIGITS + SUM_DIGITS
ASKED, EQUAL, DIFFERENT = 0, 1, 2


def pack_totals(totals: Totals, verdict: int = ASKED) -> str:
    """67 digits, or 111 where there were completions."""
    groups = map(totals.of, COUNTED if totals.has_completions else TOLD_ALWAYS)
    return "".join(f"{number:06d}{minor:016d}" for number, minor in groups) + str(verdict)


def unpack_totals(digits: str) -> tuple[Totals, int]:
    """The totals and the verdict. Raises WireError."""
    lengths = [len(kinds) * GROUP_DIGITS + 1 for kinds in (TOLD_ALWAYS, COUNTED)]
    if len(digits) not in lengths:
        raise WireError("field 48: not 67 or 111 digits")
    sums: dict[str, int] = {}
    for kind, at in zip(COUNTED, range(0, len(digits) - 1, GROUP_DIGITS), strict=False):
        name, group = f"{kind.value}s", digits[at : at + GROUP_DIGITS]
        sums |= {name: int(group[:COUNT_DIGITS]), f"{name}_minor": int(group[COUNT_DIGITS:])}
    return Totals(**sums), int(digits[-1])
