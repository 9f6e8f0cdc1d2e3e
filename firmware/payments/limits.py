"""Limits and guards of an amount: what is refused, and what is unusual enough to ask about.

A limit gives a `Refusal`. A guard gives what is unusual and the usual value: the display asks
whether to go on, and a yes is journaled as `GuardOverridden`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from firmware.core.kinds import CardFacts
from firmware.core.money import Money, percent_of
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import Transaction
from firmware.payments.context import Context
from firmware.payments.effects import Look, ReadClock
from firmware.payments.refusals import Code, Refusal
from firmware.payments.roles import Role, role_of

WhyNot = Callable[[Money], Refusal | None]


async def why_no_sale(context: Context) -> Refusal | None:
    """Why no sale may begin: the batch is full. Training transactions do not count."""
    if await Look.of(Lookups.numbers_used) >= context.config.batch.full_at and not context.training:
        return Refusal(Code.BATCH_FULL)
    return None


async def sale_limits(context: Context) -> WhyNot:
    """Why an amount is over a limit of the sale or of the day."""
    limits = context.config.sale
    sold_minor = await _sum_today(context, Lookups.sales_today, limits.day_limit)
    return _over(
        context,
        (Code.AMOUNT_OVER_LIMIT, limits.max_amount, 0),
        (Code.SALE_DAY_LIMIT, limits.day_limit, sold_minor),
    )


def completion_limits(context: Context, held: Money) -> WhyNot:
    """Why an amount cannot be completed of what is held: too far above it."""
    most_minor = percent_of(held.minor, context.config.preauth.completion_percent)
    return _over(context, (Code.AMOUNT_OVER_HOLD, most_minor, 0))


async def refund_limits(context: Context, left: Money | None) -> WhyNot:
    """Why an amount cannot be refunded: above what is left, or over a limit.

    `left` is None for another terminal's sale: only the acquirer knows what is left of it.
    """
    settings = context.config.refund
    refunded_minor = await _sum_today(context, Lookups.refunds_today, settings.day_limit)
    # the limit is that of the operator signed on: a supervisor's password alone does not raise it
    signed_on = role_of(context) is Role.SUPERVISOR
    one_limit = settings.supervisor_limit if signed_on else settings.cashier_limit

    over = _over(
        context,
        (Code.REFUND_LIMIT, one_limit, 0),
        (Code.REFUND_DAY_LIMIT, settings.day_limit, refunded_minor),
    )

    def why_not(amount: Money) -> Refusal | None:
        if left is not None and amount > left:
            return Refusal(Code.AMOUNT_OVER_LEFT, left)
        return over(amount)

    return why_not


async def charged_today(context: Context, card: CardFacts) -> int:
    """Minor units that this card was charged here today."""
    moment = await ReadClock()
    return await Look.of(Lookups.card_today, card.hash, moment.date, context.config.currency.alpha)


def card_limit(context: Context, amount: Money, charged_minor: int) -> Refusal | None:
    """Why `amount` may not be charged to a card that was charged `charged_minor` today, or None."""
    limit = 0 if context.training else context.config.sale.card_day_limit
    return _over(context, (Code.CARD_DAY_LIMIT, limit, charged_minor))(amount)


async def _sum_today(
    context: Context, look_up: Callable[[Lookups, str, str], int], limit_minor: int
) -> int:
    """Today's sum in minor units, for a limit of the day; training transactions do not count."""
    moment = await ReadClock()
    if not limit_minor or context.training:
        return 0
    return await Look.of(look_up, moment.date, context.config.currency.alpha)


def _over(context: Context, *limits: tuple[Code, int, int]) -> WhyNot:
    """Why an amount is over a limit: each is a code, the limit and what is used of it.

    Both are minor units, 0 is no limit. They are integers, because a day's sum may exceed Money.
    """

    def why_not(amount: Money) -> Refusal | None:
        for code, limit_minor, used_minor in limits:
            if limit_minor and amount > context.money(max(0, limit_minor - used_minor)):
                return Refusal(code, context.money(limit_minor))
        return None

    return why_not


async def usual_amount(context: Context, amount: Money) -> Money | None:
    """The merchant's usual amount when `amount` is far from it, else None.

    Far is `sale.unusual_factor` times the median of the last sales, or one digit longer than any.
    """
    settings = context.config.sale
    if not settings.unusual_factor:
        return None
    recent = await Look.of(
        Lookups.recent_sale_amounts, settings.unusual_history, amount.currency.alpha
    )
    if len(recent) < settings.unusual_min_history:
        return None
    usual_minor = sorted(recent)[len(recent) // 2]
    longer = len(str(amount.minor)) > len(str(max(recent)))
    if amount.minor < settings.unusual_factor * usual_minor and not longer:
        return None
    return context.money(usual_minor)


async def duplicate_of(context: Context, amount: Money, card: CardFacts) -> Transaction | None:
    """The sale that charged this card this amount within `sale.duplicate_window_s`."""
    moment = await ReadClock()
    since = moment.wall - timedelta(seconds=context.config.sale.duplicate_window_s)
    return await Look.of(
        Lookups.duplicate_of,
        card.hash,
        amount,
        since,
        psn=card.psn,
        training=context.training,
    )
