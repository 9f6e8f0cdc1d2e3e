"""A till's void or refund at the display: the original's card, as at the keypad.

The token's scope stands for the supervisor's password; every other rule is the keypad's.
"""

from __future__ import annotations

from firmware.core.kinds import Kind
from firmware.flows.card import release_card
from firmware.flows.desk import Desk
from firmware.flows.steps import GivenUp
from firmware.flows.void import carry_out, present_with_pin
from firmware.journal.transactions import Transaction
from firmware.payments.order import Agreed
from firmware.payments.tills import LastStop, OrderStage, TellStage
from firmware.payments.transact import PaymentEnded


async def give_back(
    desk: Desk, agreed: Agreed, original: Transaction
) -> PaymentEnded | GivenUp | None:
    """Ask for the same card, its PIN if set, then the acquirer; None: money may not move yet."""
    settings = desk.config.void if agreed.kind is Kind.VOID else desk.config.refund
    met = await present_with_pin(desk, agreed, original, asked=settings.pin)
    if isinstance(met, GivenUp):
        await release_card()
        return met
    if await LastStop():
        await release_card()
        return GivenUp.CANCELLED
    await TellStage(agreed.order.order_id, OrderStage.AUTHORISING)
    return await carry_out(desk, agreed, *met)
