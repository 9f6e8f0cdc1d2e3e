"""Refunds, completions and voids of another terminal's payments: the acquirer decides."""

from __future__ import annotations

from firmware.core.kinds import EntryStep, Kind, OriginalRef
from firmware.flows.card import enter_pin, present_card
from firmware.flows.desk import Desk
from firmware.flows.original import agree_on_part
from firmware.flows.steps import GivenUp, abandon, ask_to_go_on
from firmware.flows.void import carry_out_if_met
from firmware.payments.limits import WhyNot
from firmware.payments.transact import PaymentEnded
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text


async def carry_out_elsewhere(
    desk: Desk,
    kind: Kind,
    original: OriginalRef,
    *,
    question: Text,
    title: Text,
    why_not: WhyNot,
    pin: bool,
    any_pin: bool = False,
) -> PaymentEnded | None:
    """Say that another terminal made it; then amount, amount check, card, PIN; intent, acquirer.

    `question` and `title` are what the display says of it and of the amount. With `pin` the PIN is
    asked for, with `any_pin` also that of a card that has none for the issuer to check.
    """
    number, day = original.number, original.date
    dashed = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    detail = (Phrase.of((number, number)), Phrase.of((dashed, dashed)))
    decides = Phrase.of(Text.ACQUIRER_DECIDES)
    if not await ask_to_go_on(desk, question, *detail, decides):
        await abandon(kind, EntryStep.ORIGINAL, GivenUp.CANCELLED)
        return None
    agreed = await agree_on_part(desk, kind, title, original, detail, start=None, why_not=why_not)
    if isinstance(agreed, GivenUp):
        return None
    presented = await present_card(desk, agreed, Text.INSERT_SAME_CARD)
    if isinstance(presented, GivenUp):
        return await carry_out_if_met(desk, agreed, presented)
    keyed = None
    # a card that asks for a signature, or checks its PIN by itself, has none for the issuer
    if pin and (any_pin or presented.card.online_pin):
        keyed = await enter_pin(desk, agreed.kind, agreed.amount, None)
    met = keyed if isinstance(keyed, GivenUp) else (presented, keyed)
    return await carry_out_if_met(desk, agreed, met)
