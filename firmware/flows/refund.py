"""退货: part or all of a sale of any batch goes back to the card it came from."""

from __future__ import annotations

from collections.abc import Callable

from firmware.effects import Look, Now
from firmware.flows.card import present_same_card, release_card
from firmware.flows.desk import Desk
from firmware.flows.originals import (
    date_of,
    original_screen,
    reference_to,
    refuse,
    why_not_refunded,
    why_not_voided,
)
from firmware.flows.parts import (
    Agreed,
    GivenUp,
    abandon,
    check_amount,
    choose,
    confirm,
    enter_amount,
    enter_digits,
)
from firmware.flows.permissions import Act, Role, permitted, role_of
from firmware.flows.settle import may_move_money
from firmware.flows.transact import Ended
from firmware.flows.void import carry_out, original_pin, refusal_word, void_original
from firmware.journal.queries import RefundedToday, TransactionByReference, TransactionOnDate
from firmware.journal.records import Kind
from firmware.journal.transactions import Transaction
from firmware.money import Money
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text

VOUCHER_LENGTHS = tuple(range(1, 7))
REFERENCE_LENGTH = 12


async def refund(desk: Desk) -> Ended | None:
    """Refund: supervisor, original and its date, what is left, amount, check, the same card."""
    # 1. Who may, and which sale.
    if not await permitted(desk, Act.REFUND):
        await abandon(Kind.REFUND, "password", GivenUp.CANCELLED)
        return None
    if not await may_move_money(desk):
        await abandon(Kind.REFUND, "owed", GivenUp.CANCELLED)
        return None
    original = await _find(desk)
    if isinstance(original, GivenUp):
        await abandon(Kind.REFUND, "original", original)
        return None
    refusal = await why_not_refunded(desk, original)
    if refusal is not None or original is None:
        await refuse(desk, original, refusal)
        await abandon(Kind.REFUND, "original", refusal_word(refusal))
        return None
    # 2. A sale of the open batch is better voided: nothing ever shows on the cardholder's account.
    if await why_not_voided(desk, original) is None:
        items = (Phrase.of(Text.CHOOSE_VOID), Phrase.of(Text.CHOOSE_REFUND))
        chosen = await choose(desk, Phrase.of(Text.VOID_INSTEAD), items)
        if isinstance(chosen, GivenUp):
            await abandon(Kind.REFUND, "void instead", chosen)
            return None
        if chosen == 0:
            return await void_original(desk, original)
    return await _refund_original(desk, original)


async def _refund_original(desk: Desk, original: Transaction) -> Ended | None:
    # 3. The original on the glass, with what is left.
    left = desk.money(original.amount_minor - original.refunded_minor)
    screen = original_screen(desk, Kind.REFUND, original, left_minor=left.minor)
    given_up = await confirm(desk, screen)
    if given_up is not None:
        await abandon(Kind.REFUND, "original", given_up)
        return None
    # 4. The amount, checked as for a sale.
    agreed = await _agree_on_amount(desk, original, left)
    if isinstance(agreed, GivenUp):
        return None
    # 5. The same card, its PIN if the setting asks.
    presented = await present_same_card(desk, agreed, original)
    pin = await original_pin(desk, agreed, presented, original, asked=desk.config.refund.pin)
    if isinstance(presented, GivenUp) or isinstance(pin, GivenUp):
        await release_card()
        given_up = presented if isinstance(presented, GivenUp) else GivenUp.CANCELLED
        await abandon(Kind.REFUND, "card", given_up, agreed.amount)
        return None
    # 6. Intent, host, outcome.
    return await carry_out(desk, agreed, presented, reference_to(original), pin)


async def _find(desk: Desk) -> Transaction | GivenUp | None:
    """The sale named by voucher or reference number and full date."""
    number = await enter_digits(
        desk,
        Phrase.of(Text.ORIGINAL_VOUCHER_OR_REFERENCE),
        lengths=(*VOUCHER_LENGTHS, REFERENCE_LENGTH),
        hint=Phrase.of(Text.SIX_OR_TWELVE),
    )
    if isinstance(number, GivenUp):
        return number
    notice: Phrase | None = None
    while True:
        day = await enter_digits(
            desk,
            Phrase.of(Text.ORIGINAL_DATE),
            lengths=(8,),
            hint=Phrase.of(Text.DATE_HINT),
            notice=notice,
            start=(await Now()).date,
        )
        if isinstance(day, GivenUp):
            return day
        try:
            date_of(day)
        except ValueError:
            notice = Phrase.of(Text.DATE_WRONG)
            continue
        if len(number) == REFERENCE_LENGTH:
            return await Look(TransactionByReference(number, day, training=desk.training))
        return await Look(TransactionOnDate(int(number), day, training=desk.training))


async def _agree_on_amount(desk: Desk, original: Transaction, left: Money) -> Agreed | GivenUp:
    refuse = await _limits(desk, left)
    detail = (
        Phrase.of(Text.ORIGINAL_OF, voucher=f"{original.stan:06d}"),
        Phrase.of(Text.CARD_TAIL, tail=original.card.last4),
    )
    amount = left
    while True:
        title = Phrase.of(Text.REFUND_AMOUNT)
        keyed = await enter_amount(desk, Kind.REFUND, title, start=amount, refuse=refuse)
        if isinstance(keyed, GivenUp):
            await abandon(Kind.REFUND, "amount", keyed)
            return keyed
        amount = keyed
        agreed = await check_amount(desk, Kind.REFUND, amount, detail)
        if isinstance(agreed, Agreed):
            return agreed
        await abandon(Kind.REFUND, "amount check", agreed, amount)
        if agreed is GivenUp.TIMED_OUT:
            return agreed


async def _limits(desk: Desk, left: Money) -> Callable[[Money], Phrase | None]:
    """Why an amount cannot be refunded, or None."""
    settings, moment = desk.config.refund, await Now()
    counts = settings.day_limit and not desk.training
    refunded_minor = await Look(RefundedToday(moment.date, left.currency.alpha)) if counts else 0
    # whose shift it is: to give more back than a cashier may, the supervisor signs on
    signed_on = role_of(desk) is Role.SUPERVISOR
    one_limit = settings.supervisor_limit if signed_on else settings.cashier_limit

    def why_not(amount: Money) -> Phrase | None:
        if amount.minor > left.minor:
            return Phrase.of(Text.AMOUNT_OVER_LEFT, left=left)
        if one_limit and amount.minor > one_limit:
            return Phrase.of(Text.REFUND_LIMIT, limit=desk.money(one_limit))
        if settings.day_limit and refunded_minor + amount.minor > settings.day_limit:
            return Phrase.of(Text.REFUND_DAY_LIMIT, limit=desk.money(settings.day_limit))
        return None

    return why_not
