"""The sale that a void or refund is about, and every reason why it cannot be undone."""

from __future__ import annotations

from datetime import date

from firmware.core.kinds import Kind, OriginalRef
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import State, Transaction
from firmware.payments.effects import Look, Now
from firmware.payments.refusals import Code, Refusal
from firmware.payments.shift import Shift, is_on_a_line


def why_not_undone(shift: Shift, original: Transaction | None) -> Refusal | None:
    """What stands against both voiding and refunding `original`, or None."""
    if original is None:
        return Refusal(Code.NO_SUCH_VOUCHER)
    owner = shift.config.merchant
    if (original.terminal, original.store) != (owner.terminal, owner.store):
        return Refusal(Code.OTHER_TERMINAL, terminal=original.terminal, store=original.store)
    if original.merchant != owner.number:
        return Refusal(Code.OTHER_MERCHANT, merchant=original.merchant)
    if original.currency != shift.config.currency.alpha:
        return Refusal(Code.OTHER_CURRENCY, currency=original.currency)
    if original.kind is not Kind.SALE:
        return Refusal(Code.NOT_A_SALE)
    if original.state in (State.DECLINED, State.FAILED):
        return Refusal(Code.ORIGINAL_DECLINED)
    if original.state is State.REVERSED:
        return Refusal(Code.ORIGINAL_REVERSED)
    if original.state is not State.APPROVED:
        return Refusal(Code.ORIGINAL_IN_DOUBT)
    if original.voided_by:
        return Refusal(Code.ALREADY_VOIDED)
    return None


async def why_not_voided(shift: Shift, original: Transaction | None) -> Refusal | None:
    """Why `original` cannot be voided, or None: same batch, whole amount, once."""
    refusal = why_not_undone(shift, original)
    if refusal is not None or original is None:
        return refusal
    if original.settled or original.batch != await Look.of(Lookups.batch):
        return Refusal(Code.BATCH_SETTLED)
    if original.refunded_minor:
        return Refusal(Code.ALREADY_REFUNDED)
    return None


async def why_not_refunded(shift: Shift, original: Transaction | None) -> Refusal | None:
    """Why nothing of `original` can be refunded, or None: within the window, something left."""
    refusal = why_not_undone(shift, original)
    if refusal is not None or original is None:
        return refusal
    if not original.left.minor:
        return Refusal(Code.FULLY_REFUNDED)
    days = shift.config.refund.window_days
    today = (await Now()).wall.date()
    if (today - date_of(original.date)).days > days:
        return Refusal(Code.OUT_OF_WINDOW, days=days)
    return None


async def why_not_elsewhere(shift: Shift, reference: str, day: date) -> Refusal | None:
    """Why what another terminal may have sold cannot be refunded here, or None."""
    if not (is_on_a_line(shift) and shift.config.refund.other_terminals):
        return Refusal(Code.NO_SUCH_VOUCHER)
    # of another day, or of another kind: a sale of this terminal is found by both
    if await Look.of(Lookups.knows_reference, reference, training=shift.training):
        return Refusal(Code.NO_SUCH_VOUCHER)
    ago = ((await Now()).wall.date() - day).days
    if ago < 0:
        return Refusal(Code.NO_SUCH_VOUCHER)
    days = shift.config.refund.window_days
    return Refusal(Code.OUT_OF_WINDOW, days=days) if ago > days else None


def elsewhere(reference: str, day: str) -> OriginalRef:
    """How a refund names what another terminal sold."""
    return OriginalRef(
        batch=0, stan=0, reference=reference, date=day, amount_minor=0, elsewhere=True
    )


def date_of(digits: str) -> date:
    """The date that YYYYMMDD names. Raises ValueError for one that does not exist."""
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


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
