"""The original of a void, refund or completion, and every reason why it is refused."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

from firmware.core.kinds import CHARGES, Kind, OriginalRef
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import State, Transaction
from firmware.payments.context import Context, is_on_a_line
from firmware.payments.effects import Look, ReadClock
from firmware.payments.refusals import Code, Refusal

YEARS_BACK = 9  # so far apart two 29 Februaries may be
_NOT_IT = {  # what is said of an original of another kind
    Kind.SALE: Code.NOT_A_SALE,
    Kind.PREAUTH: Code.NO_SUCH_HOLD,
    Kind.COMPLETION: Code.NOT_A_COMPLETION,
}


def why_not_undone(
    context: Context, original: Transaction | None, kinds: tuple[Kind, ...] = (Kind.SALE,)
) -> Refusal | None:
    """Why nothing may be done to `original`, or None; its kind has to be one of `kinds`."""
    if original is None:
        hold = kinds == (Kind.PREAUTH,)
        return Refusal(Code.NO_SUCH_HOLD if hold else Code.NO_SUCH_VOUCHER)
    owner = context.config.merchant
    if (original.terminal, original.store) != (owner.terminal, owner.store):
        return Refusal(Code.OTHER_TERMINAL, terminal=original.terminal, store=original.store)
    if original.merchant != owner.number:
        return Refusal(Code.OTHER_MERCHANT, merchant=original.merchant)
    if original.currency != context.config.currency.alpha:
        return Refusal(Code.OTHER_CURRENCY, currency=original.currency)
    if original.kind not in kinds:
        return Refusal(_NOT_IT[kinds[0]])
    if original.state in (State.DECLINED, State.FAILED):
        return Refusal(Code.ORIGINAL_DECLINED)
    if original.state is State.REVERSED:
        return Refusal(Code.ORIGINAL_REVERSED)
    if original.state is not State.APPROVED:
        return Refusal(Code.ORIGINAL_IN_DOUBT)
    if original.voided_by:
        return Refusal(Code.ALREADY_VOIDED)
    if original.completed_by:
        return Refusal(Code.ALREADY_COMPLETED)
    return None


async def why_not_voided(
    context: Context, original: Transaction | None, kind: Kind = Kind.SALE
) -> Refusal | None:
    """Why a sale or completion cannot be voided, or None: same batch, whole amount, once.

    `original` has to be of this `kind`.
    """
    refusal = why_not_undone(context, original, (kind,))
    if refusal is not None or original is None:
        return refusal
    if original.settled or original.batch != await Look.of(Lookups.batch):
        return Refusal(Code.BATCH_SETTLED)
    if original.refunded_minor:
        return Refusal(Code.ALREADY_REFUNDED)
    return None


async def why_not_completed(context: Context, hold: Transaction | None) -> Refusal | None:
    """Why a pre-authorisation cannot be completed, or None: once, and not too late."""
    refusal = why_not_undone(context, hold, (Kind.PREAUTH,))
    if refusal is not None or hold is None:
        return refusal
    days = context.config.preauth.window_days
    late = await _days_since(date_of(hold.date)) > days
    return Refusal(Code.HOLD_IS_OLD, days=days) if late else None


async def why_not_refunded(context: Context, original: Transaction | None) -> Refusal | None:
    """Why nothing of `original` can be refunded, or None: within the window, something left."""
    refusal = why_not_undone(context, original, CHARGES)
    if refusal is not None or original is None:
        return refusal
    if not original.left.minor:
        return Refusal(Code.FULLY_REFUNDED)
    days = context.config.refund.window_days
    late = await _days_since(date_of(original.date)) > days
    return Refusal(Code.OUT_OF_WINDOW, days=days) if late else None


async def why_not_elsewhere(context: Context, reference: str, day: date) -> Refusal | None:
    """Why a sale that another terminal may have made cannot be refunded here, or None."""
    if not (is_on_a_line(context) and context.config.refund.other_terminals):
        return Refusal(Code.NO_SUCH_VOUCHER)
    # of another day, or of another kind: a sale of this terminal is found by both
    if await Look.of(Lookups.knows_reference, reference, training=context.training):
        return Refusal(Code.NO_SUCH_VOUCHER)
    ago = await _days_since(day)
    if ago < 0:
        return Refusal(Code.NO_SUCH_VOUCHER)
    days = context.config.refund.window_days
    return Refusal(Code.OUT_OF_WINDOW, days=days) if ago > days else None


def elsewhere(reference: str, day: str) -> OriginalRef:
    """How a refund names another terminal's sale."""
    return OriginalRef(batch=0, stan=0, reference=reference, date=day, elsewhere=True)


async def why_not_held_elsewhere(context: Context, kind: Kind, day: date) -> Refusal | None:
    """Why a pre-authorisation of another terminal cannot be completed or voided here, or None.

    Those of this terminal, in any state, were already looked for by code and day.
    """
    ago = await _days_since(day)
    if not context.config.preauth.other_terminals or ago < 0:
        return Refusal(Code.NO_SUCH_HOLD)
    days = context.config.preauth.window_days
    late = kind is Kind.COMPLETION and ago > days
    return Refusal(Code.HOLD_IS_OLD, days=days) if late else None


def held_elsewhere(code: str, day: str) -> OriginalRef:
    """How a completion or void names another terminal's pre-authorisation."""
    return OriginalRef(
        batch=0, stan=0, reference="", date=day, authorisation_code=code, elsewhere=True
    )


async def _days_since(day: date) -> int:
    """How many days ago `day` was; negative for a day in the future."""
    return ((await ReadClock()).wall.date() - day).days


def date_of(digits: str) -> date:
    """The date that YYYYMMDD names. Raises ValueError for one that does not exist."""
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def day_of(digits: str, today: date) -> date:
    """The date of YYYYMMDD, or the latest one of MMDD. Raises ValueError if there is none."""
    if len(digits) != 4:
        return date_of(digits)
    for year in range(today.year, today.year - YEARS_BACK, -1):
        with suppress(ValueError):  # 29 February of another year
            if (day := date(year, int(digits[:2]), int(digits[2:]))) <= today:
                return day
    raise ValueError(f"no day is {digits}")


def reference_to(original: Transaction) -> OriginalRef:
    """How the void or refund names its original."""
    return OriginalRef(
        batch=original.batch,
        stan=original.stan,
        reference=original.reference,
        date=original.date,
        amount_minor=original.amount_minor,
        authorisation_code=original.authorisation_code,
    )
