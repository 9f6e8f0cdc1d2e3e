"""预授权: money is held on a card, and later charged, or let go.

A pre-authorisation is named by its authorisation code, or reference number, and its date, as its
receipt has them. What it holds is released by its void, charged by its completion, and held again
by the completion's void.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from firmware.core.kinds import EntryStep, Kind
from firmware.flows.desk import Desk
from firmware.flows.elsewhere import carry_out_elsewhere
from firmware.flows.guards import may_sell
from firmware.flows.original import (
    REFERENCE_LENGTH,
    Named,
    agree_on_part,
    confirm_original,
    detail_of,
    enter_number_and_date,
    may_begin,
    named_by_voucher,
    refuse,
)
from firmware.flows.permissions import permitted
from firmware.flows.sale import agree_on_amount, charge
from firmware.flows.steps import GivenUp, abandon, choose_text
from firmware.flows.void import carry_out_on_same_card, take_back
from firmware.journal.lookups import Lookups
from firmware.payments.effects import Look
from firmware.payments.limits import completion_limits, sale_limits
from firmware.payments.originals import (
    date_of,
    held_elsewhere,
    reference_to,
    why_not_completed,
    why_not_held_elsewhere,
    why_not_undone,
    why_not_voided,
)
from firmware.payments.roles import Act
from firmware.payments.transact import PaymentEnded
from firmware.ui.texts import Text

CODE_LENGTH = 6


async def preauth(desk: Desk) -> PaymentEnded | None:
    """Choose what is to be done: hold, charge, let go, or take a charge back."""
    chosen = await choose_text(desk, Text.PREAUTH, ITEMS)
    if isinstance(chosen, GivenUp):
        return None
    kind, act, carry_out = ITEMS[chosen]
    if not await permitted(desk, act):
        await abandon(kind, EntryStep.PASSWORD, GivenUp.CANCELLED)
        return None
    return await carry_out(desk)


async def hold(desk: Desk) -> None:
    """预授权: amount, check, card and PIN as for a sale; the acquirer is asked always."""
    if not await may_sell(desk):
        return
    agreed = await agree_on_amount(desk, None, Kind.PREAUTH, Text.PREAUTH_AMOUNT)
    if not isinstance(agreed, GivenUp):
        await charge(desk, agreed)


async def complete(desk: Desk) -> PaymentEnded | None:
    """预授权完成: the pre-authorisation, how much of it, amount check, the same card."""
    # 1. Which pre-authorisation, and whether it can be completed.
    if not await may_sell(desk):
        return None
    named = await _find(desk, Kind.COMPLETION)
    if isinstance(named, GivenUp):
        return None
    if _may_be_elsewhere(named):
        return await _elsewhere(desk, Kind.COMPLETION, named)
    found = named.found
    refusal = await why_not_completed(desk, found)
    if refusal is not None or found is None:
        await refuse(desk, Kind.COMPLETION, refusal)
        return None
    # 2. The pre-authorisation on the display.
    if not await confirm_original(desk, Kind.COMPLETION, found):
        return None
    # 3. How much of it, checked as for a sale.
    agreed = await agree_on_part(
        desk,
        Kind.COMPLETION,
        Text.COMPLETION_AMOUNT,
        reference_to(found),
        detail_of(found),
        start=found.amount,
        why_not=completion_limits(desk, found.amount),
    )
    if isinstance(agreed, GivenUp):
        return None
    # 4. The same card, its PIN if the setting asks; intent, acquirer, outcome.
    return await carry_out_on_same_card(desk, agreed, found, pin=desk.config.preauth.pin)


async def release(desk: Desk) -> PaymentEnded | None:
    """预授权撤销: the pre-authorisation on the display, ENTER, the same card."""
    if not await may_begin(desk, Kind.PREAUTH_VOID):
        return None
    named = await _find(desk, Kind.PREAUTH_VOID)
    if isinstance(named, GivenUp):
        return None
    if _may_be_elsewhere(named):
        return await _elsewhere(desk, Kind.PREAUTH_VOID, named)
    found = named.found
    # at any time, where it was neither voided nor completed
    refusal, pin = why_not_undone(desk, found, (Kind.PREAUTH,)), desk.config.preauth.pin
    return await take_back(desk, Kind.PREAUTH_VOID, found, refusal, pin=pin)


async def give_back(desk: Desk) -> PaymentEnded | None:
    """预授权完成撤销: the completion by its voucher, ENTER, the same card."""
    if not await may_begin(desk, Kind.COMPLETION_VOID):
        return None
    found = await named_by_voucher(desk, Kind.COMPLETION_VOID)
    if isinstance(found, GivenUp):
        return None
    refusal, pin = await why_not_voided(desk, found, Kind.COMPLETION), desk.config.preauth.pin
    return await take_back(desk, Kind.COMPLETION_VOID, found, refusal, pin=pin)


# of each line: the payment kind, the act that must be permitted, and the function
ITEMS: dict[Text, tuple[Kind, Act, Callable[[Desk], Awaitable[PaymentEnded | None]]]] = {
    Text.PREAUTH: (Kind.PREAUTH, Act.PREAUTH, hold),
    Text.MENU_COMPLETION: (Kind.COMPLETION, Act.COMPLETION, complete),
    Text.MENU_PREAUTH_VOID: (Kind.PREAUTH_VOID, Act.PREAUTH_VOID, release),
    Text.MENU_COMPLETION_VOID: (Kind.COMPLETION_VOID, Act.COMPLETION_VOID, give_back),
}


def _may_be_elsewhere(named: Named) -> bool:
    """Another terminal's is named by its authorisation code alone."""
    return named.found is None and len(named.number) == CODE_LENGTH


async def _elsewhere(desk: Desk, kind: Kind, named: Named) -> PaymentEnded | None:
    """Complete or void what another terminal of this merchant holds: the acquirer decides."""
    refusal = await why_not_held_elsewhere(desk, kind, date_of(named.day))
    if refusal is not None:
        await refuse(desk, kind, refusal)
        return None
    completes = kind is Kind.COMPLETION
    return await carry_out_elsewhere(
        desk,
        kind,
        held_elsewhere(named.number, named.day),
        question=Text.HELD_ELSEWHERE,
        title=Text.COMPLETION_AMOUNT if completes else Text.HELD_AMOUNT,
        # the held amount is not known here: the limits of a sale apply
        why_not=await sale_limits(desk) if completes else lambda _amount: None,
        pin=desk.config.preauth.pin,
    )


async def _find(desk: Desk, kind: Kind) -> Named | GivenUp:
    """The pre-authorisation named by authorisation code or reference number, and its date."""
    lengths = (CODE_LENGTH, REFERENCE_LENGTH)
    keyed = await enter_number_and_date(desk, Text.AUTHORISATION_OR_REFERENCE, lengths)
    if isinstance(keyed, GivenUp):
        await abandon(kind, EntryStep.ORIGINAL, keyed)
        return keyed
    number, day = keyed
    lookup = Lookups.by_authorisation if len(number) == CODE_LENGTH else Lookups.by_reference
    return Named(number, day, await Look.of(lookup, number, day, training=desk.training))
