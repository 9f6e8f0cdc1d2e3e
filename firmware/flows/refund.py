"""退货: part or all of a sale of any batch goes back to the card it came from."""

from __future__ import annotations

from firmware.core.kinds import EntryStep, Kind
from firmware.flows.desk import Desk
from firmware.flows.elsewhere import carry_out_elsewhere
from firmware.flows.original import (
    REFERENCE_LENGTH,
    VOUCHER_LENGTHS,
    Named,
    agree_on_part,
    confirm_original,
    detail_of,
    enter_number_and_date,
    may_begin,
    refuse,
)
from firmware.flows.permissions import permitted
from firmware.flows.steps import GivenUp, abandon, choose_text
from firmware.flows.void import carry_out_on_same_card, void_original
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import Transaction
from firmware.payments.effects import Look
from firmware.payments.limits import refund_limits
from firmware.payments.originals import (
    date_of,
    elsewhere,
    reference_to,
    why_not_elsewhere,
    why_not_refunded,
    why_not_voided,
)
from firmware.payments.roles import Act
from firmware.payments.transact import PaymentEnded
from firmware.ui.texts import Text


async def refund(desk: Desk) -> PaymentEnded | None:
    """Refund: supervisor, original and its date, what is left, amount, check, the same card."""
    # 1. Who may, and which sale.
    if not await permitted(desk, Act.REFUND):
        await abandon(Kind.REFUND, EntryStep.PASSWORD, GivenUp.CANCELLED)
        return None
    if not await may_begin(desk, Kind.REFUND):
        return None
    named = await _find(desk)
    if isinstance(named, GivenUp):
        await abandon(Kind.REFUND, EntryStep.ORIGINAL, named)
        return None
    original = named.found
    if original is None and len(named.number) == REFERENCE_LENGTH:
        return await _refund_elsewhere(desk, named.number, named.day)
    refusal = await why_not_refunded(desk, original)
    if refusal is not None or original is None:
        await refuse(desk, Kind.REFUND, refusal)
        return None
    # 2. A sale of the open batch is better voided: nothing ever shows on the cardholder's account.
    if await why_not_voided(desk, original) is None:
        items = Text.CHOOSE_VOID, Text.CHOOSE_REFUND
        chosen = await choose_text(desk, Text.VOID_INSTEAD, items)
        if isinstance(chosen, GivenUp):
            await abandon(Kind.REFUND, EntryStep.VOID_INSTEAD, chosen)
            return None
        if chosen is Text.CHOOSE_VOID:
            return await void_original(desk, original)
    return await _refund_original(desk, original)


async def _refund_original(desk: Desk, original: Transaction) -> PaymentEnded | None:
    # 3. The original on the display, with what is left.
    left = original.left
    if not await confirm_original(desk, Kind.REFUND, original, left):
        return None
    # 4. The amount, checked as for a sale.
    agreed = await agree_on_part(
        desk,
        Kind.REFUND,
        Text.REFUND_AMOUNT,
        reference_to(original),
        detail_of(original),
        start=left,
        why_not=await refund_limits(desk, left),
    )
    if isinstance(agreed, GivenUp):
        return None
    # 5–6. The same card, its PIN if the setting asks; intent, acquirer, outcome.
    return await carry_out_on_same_card(desk, agreed, original, pin=desk.config.refund.pin)


async def _refund_elsewhere(desk: Desk, reference: str, day: str) -> PaymentEnded | None:
    """Refund what another terminal of this merchant sold: the acquirer knows it and decides."""
    refusal = await why_not_elsewhere(desk, reference, date_of(day))
    if refusal is not None:
        await refuse(desk, Kind.REFUND, refusal)
        return None
    return await carry_out_elsewhere(
        desk,
        Kind.REFUND,
        elsewhere(reference, day),
        question=Text.SOLD_ELSEWHERE,
        title=Text.REFUND_AMOUNT,
        why_not=await refund_limits(desk, None),
        pin=desk.config.refund.pin,
        any_pin=True,
    )


async def _find(desk: Desk) -> Named | GivenUp:
    """The sale named by voucher or reference number and full date."""
    title, lengths = Text.ORIGINAL_VOUCHER_OR_REFERENCE, (*VOUCHER_LENGTHS, REFERENCE_LENGTH)
    keyed = await enter_number_and_date(desk, title, lengths)
    if isinstance(keyed, GivenUp):
        return keyed
    number, day = keyed
    if len(number) == REFERENCE_LENGTH:
        sale = await Look.of(Lookups.by_reference, number, day, training=desk.training)
    else:
        asked = int(number), day
        sale = await Look.of(Lookups.by_voucher_and_date, *asked, training=desk.training)
    return Named(number, day, sale)
