"""预授权: money is held on a card, and later charged, or let go.

A pre-authorisation is named by its authorisation code, or reference number, and its date, as its
receipt has them. What it holds is released by its void, charged by its completion, and held again
by the completion's void.
"""

from __future__ import annotations

from msgspec.structs import replace

from firmware.core.kinds import Kind
from firmware.core.money import Money
from firmware.flows.card import present_same_card
from firmware.flows.desk import Desk
from firmware.flows.guards import in_words, may_sell
from firmware.flows.original import original_screen, refuse
from firmware.flows.outcome import finish
from firmware.flows.parts import (
    GivenUp,
    abandon,
    check_amount,
    check_original,
    choose,
    confirm_in_turns,
    enter_amount,
    enter_digits,
)
from firmware.flows.permissions import permitted
from firmware.flows.refund import enter_date
from firmware.flows.sale import agree_on_amount, charge
from firmware.flows.settle import may_move_money
from firmware.flows.void import VOUCHER_LENGTHS, carry_out_if_presented, original_pin
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import Transaction
from firmware.payments.effects import Look
from firmware.payments.limits import completion_limits
from firmware.payments.order import Agreed, Order
from firmware.payments.originals import (
    reference_to,
    why_not_completed,
    why_not_given_back,
    why_not_released,
)
from firmware.payments.refusals import Refusal
from firmware.payments.roles import Act
from firmware.payments.transact import PaymentEnded
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text

ITEMS = {  # what each does, and has to be permitted
    Text.PREAUTH: (Kind.PREAUTH, Act.PREAUTH),
    Text.MENU_COMPLETION: (Kind.COMPLETION, Act.COMPLETION),
    Text.MENU_PREAUTH_VOID: (Kind.PREAUTH_VOID, Act.PREAUTH_VOID),
    Text.MENU_COMPLETION_VOID: (Kind.COMPLETION_VOID, Act.COMPLETION_VOID),
}
CODE_LENGTH, REFERENCE_LENGTH = 6, 12


async def preauth(desk: Desk) -> None:
    """Choose what is to be done: hold, charge, let go, or take a charge back."""
    chosen = await choose(desk, Phrase.of(Text.PREAUTH), tuple(map(Phrase.of, ITEMS)))
    if isinstance(chosen, GivenUp):
        return
    kind, act = list(ITEMS.values())[chosen]
    if not await permitted(desk, act):
        await abandon(kind, "password", GivenUp.CANCELLED)
        return
    ended: PaymentEnded | None = None
    match kind:
        case Kind.PREAUTH:
            await hold(desk)
        case Kind.COMPLETION:
            ended = await complete(desk)
        case Kind.PREAUTH_VOID:
            ended = await release(desk)
        case _:
            ended = await give_back(desk)
    if ended is not None:
        await finish(desk, ended)


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
    found = await _find(desk, Kind.COMPLETION)
    if isinstance(found, GivenUp):
        return None
    refusal = await why_not_completed(desk, found)
    if refusal is not None or found is None:
        await refuse(desk, Kind.COMPLETION, refusal)
        return None
    # 2. The pre-authorisation on the display.
    screen = original_screen(desk, Kind.COMPLETION, found)
    seen = await confirm_in_turns(desk, lambda phase: replace(screen, phase=phase))
    if isinstance(seen, GivenUp):
        await abandon(Kind.COMPLETION, "original", seen)
        return None
    # 3. How much of it, checked as for a sale.
    agreed = await _agree_on_amount(desk, found)
    if isinstance(agreed, GivenUp):
        return None
    # 4. The same card, its PIN if the setting asks; intent, acquirer, outcome.
    return await _carry_out(desk, agreed, found)


async def release(desk: Desk) -> PaymentEnded | None:
    """预授权撤销: the pre-authorisation on the display, ENTER, the same card."""
    if not await _may_begin(desk, Kind.PREAUTH_VOID):
        return None
    found = await _find(desk, Kind.PREAUTH_VOID)
    if isinstance(found, GivenUp):
        return None
    return await _void(desk, Kind.PREAUTH_VOID, found, why_not_released(desk, found))


async def give_back(desk: Desk) -> PaymentEnded | None:
    """预授权完成撤销: the completion by its voucher, ENTER, the same card."""
    if not await _may_begin(desk, Kind.COMPLETION_VOID):
        return None
    title, hint = Phrase.of(Text.ORIGINAL_VOUCHER), Phrase.of(Text.SIX_DIGITS)
    number = await enter_digits(desk, title, lengths=VOUCHER_LENGTHS, hint=hint)
    if isinstance(number, GivenUp):
        await abandon(Kind.COMPLETION_VOID, "voucher number", number)
        return None
    found = await Look.of(Lookups.by_voucher, int(number), training=desk.training)
    refusal = await why_not_given_back(desk, found)
    return await _void(desk, Kind.COMPLETION_VOID, found, refusal)


async def _may_begin(desk: Desk, kind: Kind) -> bool:
    if await may_move_money(desk):
        return True
    await abandon(kind, "owed", GivenUp.CANCELLED)
    return False


async def _find(desk: Desk, kind: Kind) -> Transaction | GivenUp | None:
    """The pre-authorisation named by authorisation code or reference number, and its date."""
    number = await enter_digits(
        desk,
        Phrase.of(Text.AUTHORISATION_OR_REFERENCE),
        lengths=(CODE_LENGTH, REFERENCE_LENGTH),
        hint=Phrase.of(Text.SIX_OR_TWELVE),
    )
    day = number if isinstance(number, GivenUp) else await enter_date(desk)
    if isinstance(number, GivenUp) or isinstance(day, GivenUp):
        await abandon(kind, "original", number if isinstance(number, GivenUp) else day)
        return GivenUp.CANCELLED
    by_code = len(number) == CODE_LENGTH
    lookup = Lookups.by_authorisation if by_code else Lookups.by_reference
    return await Look.of(lookup, number, day, training=desk.training)


async def _agree_on_amount(desk: Desk, held: Transaction) -> Agreed | GivenUp:
    refuse_amount = in_words(completion_limits(desk, held.amount))
    detail = (
        Phrase.of(Text.ORIGINAL_OF, voucher=f"{held.stan:06d}"),
        Phrase.of(Text.CARD_TAIL, tail=held.card.last4),
    )
    amount: Money = held.amount
    while True:
        keyed = await enter_amount(
            desk,
            Kind.COMPLETION,
            Phrase.of(Text.COMPLETION_AMOUNT),
            start=amount,
            refuse=refuse_amount,
        )
        if isinstance(keyed, GivenUp):
            await abandon(Kind.COMPLETION, "amount", keyed)
            return keyed
        amount = keyed
        order = Order(Kind.COMPLETION, amount, original=reference_to(held))
        agreed = await check_amount(desk, order, detail)
        if isinstance(agreed, Agreed):
            return agreed
        await abandon(Kind.COMPLETION, "amount check", agreed, amount)
        if agreed is GivenUp.TIMED_OUT:
            return agreed


async def _void(
    desk: Desk, kind: Kind, found: Transaction | None, refusal: Refusal | None
) -> PaymentEnded | None:
    """Take the whole of `found` back after showing it; ENTER there binds it to that frame."""
    if refusal is not None or found is None:
        await refuse(desk, kind, refusal)
        return None
    screen = original_screen(desk, kind, found)
    order = Order(kind, found.amount, original=reference_to(found))
    agreed = await check_original(desk, order, screen)
    if isinstance(agreed, GivenUp):
        await abandon(kind, "original", agreed, found.amount)
        return None
    return await _carry_out(desk, agreed, found)


async def _carry_out(desk: Desk, agreed: Agreed, original: Transaction) -> PaymentEnded | None:
    presented = await present_same_card(desk, agreed, original)
    asked = desk.config.preauth.pin
    pin = await original_pin(desk, agreed, presented, original, asked=asked)
    return await carry_out_if_presented(desk, agreed, presented, pin)
