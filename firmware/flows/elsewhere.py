"""Refunds, completions and voids of what another terminal sold or holds: the acquirer decides."""

from __future__ import annotations

from msgspec import Struct

from firmware.core.kinds import EntryStep, Kind, OriginalRef
from firmware.flows.card import enter_pin, present_card
from firmware.flows.desk import Desk
from firmware.flows.original import agree_on_part
from firmware.flows.steps import GivenUp, abandon, confirm
from firmware.flows.void import carry_out_if_met
from firmware.payments.limits import WhyNot
from firmware.payments.transact import PaymentEnded
from firmware.ui.screens import Notice, Phrase
from firmware.ui.texts import Text


class Elsewhere(Struct, frozen=True):
    """What is to be done to it: how it is named, what the display says, and what is asked for."""

    kind: Kind
    original: OriginalRef
    question: Text
    amount: Text
    why_not: WhyNot
    pin: bool
    any_pin: bool = False  # also of a card that has none for the issuer to check


async def carry_out_elsewhere(desk: Desk, asked: Elsewhere) -> PaymentEnded | None:
    """Say that another terminal made it; then amount, amount check, card, PIN; intent, acquirer."""
    number, day = asked.original.number, asked.original.date
    dashed = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    detail = (Phrase.of((number, number)), Phrase.of((dashed, dashed)))
    question = Notice(
        Phrase.of(asked.question),
        (*detail, Phrase.of(Text.ACQUIRER_DECIDES)),
        Phrase.of(Text.PRESS_ENTER_TO_GO_ON),
        training=desk.training,
    )
    if isinstance(await confirm(desk, question), GivenUp):
        await abandon(asked.kind, EntryStep.ORIGINAL, GivenUp.CANCELLED)
        return None
    agreed = await agree_on_part(
        desk,
        asked.kind,
        asked.amount,
        asked.original,
        detail,
        start=None,
        why_not=asked.why_not,
    )
    if isinstance(agreed, GivenUp):
        return None
    presented = await present_card(desk, agreed, Text.INSERT_SAME_CARD)
    if isinstance(presented, GivenUp):
        return await carry_out_if_met(desk, agreed, presented)
    pin = None
    # a card that asks for a signature, or checks its PIN by itself, has none for the issuer
    if asked.pin and (asked.any_pin or presented.card.online_pin):
        pin = await enter_pin(desk, agreed.kind, agreed.amount, None)
    met = pin if isinstance(pin, GivenUp) else (presented, pin)
    return await carry_out_if_met(desk, agreed, met)
