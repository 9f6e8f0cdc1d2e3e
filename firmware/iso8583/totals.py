"""Field 48 of a settlement: the totals, and in an answer whether the acquirer's are the same.

As sides, 62 digits, where the profile has no other:

    debit amount 12 | debit count 3 | credit amount 12 | credit count 3 | result 1

for domestic cards, then the same for foreign ones. Debit is sales and completions of
pre-authorisations; credit is refunds and, unless the acquirer counts them as debit, voids of both.

As kinds, 67 or 111 digits: count 6 and sum 16 for sales, voids and refunds, and where there are any
for completions and their voids; then one result.

The result is 0 in a request; 1 balanced (对账平), 2 not (对账不平), 3 error.
"""

from __future__ import annotations

from firmware.core.kinds import COUNTED, TOLD_ALWAYS, Totals
from firmware.iso8583.codec import WireError
from firmware.iso8583.profile import BY_SIDES_MAX, SettlementShape

AMOUNT_DIGITS, COUNT_DIGITS = 12, 3
AMOUNT_MAX = 10**AMOUNT_DIGITS - 1
HALF_DIGITS = 2 * (AMOUNT_DIGITS + COUNT_DIGITS) + 1
KIND_COUNT_DIGITS, KIND_SUM_DIGITS = 6, 16
GROUP_DIGITS = KIND_COUNT_DIGITS + KIND_SUM_DIGITS
ASKED, BALANCED, NOT_BALANCED = 0, 1, 2


def comparable(totals: Totals, shape: SettlementShape) -> Totals:
    """What a line can say of `totals`, which both ends compare.

    As sides it has debit as sales, credit as refunds, and no voids: they are counted with the side
    that `void_is` names.
    """
    if shape.totals == "kinds":
        return totals
    debit, credit = [0, 0], [0, 0]
    for kind in COUNTED:
        count, minor = totals.of(kind)
        side = debit if kind.sign > 0 or (kind.is_void and shape.void_is == "debit") else credit
        side[0] += count
        side[1] += minor
    return Totals(sales=debit[0], sales_minor=debit[1], refunds=credit[0], refunds_minor=credit[1])


def pack_totals(totals: Totals, shape: SettlementShape, result: int = ASKED) -> str:
    """The field's digits, as sides all of domestic cards.

    Raises WireError for more than the digits hold.
    """
    if shape.totals == "kinds":
        groups = map(totals.of, COUNTED if totals.has_completions else TOLD_ALWAYS)
        return "".join(f"{number:06d}{minor:016d}" for number, minor in groups) + str(result)
    told = comparable(totals, shape)
    if max(told.sales, told.refunds) > BY_SIDES_MAX:
        raise WireError(f"field 48: more than {BY_SIDES_MAX} transactions")
    if max(told.sales_minor, told.refunds_minor) > AMOUNT_MAX:
        raise WireError("field 48: an amount of more than 12 digits")
    debit = f"{told.sales_minor:012d}{told.sales:03d}"
    half = f"{debit}{told.refunds_minor:012d}{told.refunds:03d}"
    return f"{half}{result}{'0' * (HALF_DIGITS - 1)}{result}"


def unpack_totals(digits: str, shape: SettlementShape) -> tuple[Totals, int]:
    """The totals and the result; of sides both halves together, and the worse of their results.

    Raises WireError.
    """
    if shape.totals == "kinds":
        return _kinds(digits)
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


def _kinds(digits: str) -> tuple[Totals, int]:
    lengths = [len(kinds) * GROUP_DIGITS + 1 for kinds in (TOLD_ALWAYS, COUNTED)]
    if len(digits) not in lengths:
        raise WireError("field 48: not 67 or 111 digits")
    sums: dict[str, int] = {}
    for kind, at in zip(COUNTED, range(0, len(digits) - 1, GROUP_DIGITS), strict=False):
        name, group = f"{kind.value}s", digits[at : at + GROUP_DIGITS]
        sums[name] = int(group[:KIND_COUNT_DIGITS])
        sums[f"{name}_minor"] = int(group[KIND_COUNT_DIGITS:])
    return Totals(**sums), int(digits[-1])
