"""A till's void or refund at the display: the original's card, as at the keypad.

The token's scope stands for the supervisor's password; every other rule is the keypad's.
"""

from __future__ import annotations

from firmware.core.kinds import Kind
from firmware.flows.card import present_same_card, release_card
from firmware.flows.desk import Desk
from firmware.flows.parts import GivenUp
from firmware.flows.void import carry_out, original_pin
from firmware.journal.lookups import Lookups
from firmware.journal.order_records import OrderTaken
from firmware.journal.transactions import Transaction
from firmware.payments.effects import Look
from firmware.payments.limits import refund_limits
from firmware.payments.order import Agreed
from firmware.payments.originals import why_not_refunded, why_not_voided
from firmware.payments.refusals import Code, Refusal
from firmware.payments.tills import LastStop, NotNow, OrderStage, TellStage
from firmware.payments.transact import PaymentEnded


async def original_of(taken: OrderTaken) -> Transaction | None:
    """The sale that an order voids or refunds: an order's own, or one that has these numbers."""
    named = taken.original
    if named is not None:
        return await Look.of(Lookups.transaction, named.batch, named.stan, date=named.date)
    found = await Look.of(Lookups.order, taken.payment)
    return await Look.of(Lookups.by_intent, found.intent) if found and found.intent else None


async def why_not_undone(desk: Desk, taken: OrderTaken) -> NotNow | Refusal | None:
    """Why a void or refund is not taken now, or None."""
    if not desk.operator:
        return NotNow.SIGNED_OFF
    if desk.training:
        return NotNow.TRAINING
    if await Look.of(Lookups.pending_settlement) is not None:
        return NotNow.SETTLING
    original = await original_of(taken)
    if taken.kind is Kind.VOID:
        refusal = await why_not_voided(desk, original)
    else:
        refusal = await why_not_refunded(desk, original)
    if refusal is not None or original is None:
        return refusal
    if taken.kind is Kind.VOID:
        whole = taken.amount_minor == original.amount_minor
        return None if whole else Refusal(Code.AMOUNT_OVER_LEFT, desk.money(original.amount_minor))
    left = desk.money(original.amount_minor - original.refunded_minor)
    return (await refund_limits(desk, left))(desk.money(taken.amount_minor))


async def give_back(
    desk: Desk, agreed: Agreed, original: Transaction
) -> PaymentEnded | GivenUp | None:
    """The same card, its PIN if the setting asks, and the acquirer; None where it must not yet."""
    settings = desk.config.void if agreed.kind is Kind.VOID else desk.config.refund
    presented = await present_same_card(desk, agreed, original)
    pin = await original_pin(desk, agreed, presented, original, asked=settings.pin)
    if isinstance(presented, GivenUp):
        await release_card()
        return presented
    if isinstance(pin, GivenUp):
        await release_card()
        return pin
    if await LastStop():
        await release_card()
        return GivenUp.CANCELLED
    await TellStage(agreed.order.order_id, OrderStage.AUTHORISING)
    return await carry_out(desk, agreed, presented, pin)
