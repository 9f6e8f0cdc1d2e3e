"""Guards of a sale: what may be sold at all, and what makes a cashier look twice.

A limit refuses, with its reason. A guard warns, names what is unusual and the usual value, and
asks; who went on in spite of it goes to the journal.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from firmware.effects import Look, Now, Record
from firmware.flows.desk import Desk
from firmware.flows.parts import Agreed, GivenUp, confirm, tell
from firmware.flows.settle import may_move_money
from firmware.journal.queries import BatchCount, CardSoldToday, DuplicateOf, RecentSales, SoldToday
from firmware.journal.records import CardFacts, GuardOverridden
from firmware.money import Money
from firmware.ui.screens import Notice, Phrase
from firmware.ui.texts import Text


async def may_sell(desk: Desk) -> bool:
    """Whether a sale may begin: nothing is owed to the host, the batch has room. Says why not."""
    if not await may_move_money(desk, uploads=False):
        return False
    if await Look(BatchCount()) >= desk.config.batch.full_at and not desk.training:
        await tell(desk, Text.REFUSED, Text.BATCH_FULL)
        return False
    return True


async def sale_limits(desk: Desk) -> Callable[[Money], Phrase | None]:
    """Why an amount is over a limit of the sale or of the day, or None."""
    limits, moment = desk.config.sale, await Now()
    counts = limits.day_limit and not desk.training
    sold_minor = await Look(SoldToday(moment.date, desk.config.currency.alpha)) if counts else 0

    def refuse(amount: Money) -> Phrase | None:
        if limits.max_amount and amount.minor > limits.max_amount:
            return Phrase.of(Text.AMOUNT_OVER_LIMIT, limit=desk.money(limits.max_amount))
        if limits.day_limit and sold_minor + amount.minor > limits.day_limit:
            return Phrase.of(Text.SALE_DAY_LIMIT, limit=desk.money(limits.day_limit))
        return None

    return refuse


def card_limit(desk: Desk, agreed: Agreed, charged_minor: int) -> Phrase | None:
    """Why a card that was charged so much today may not be charged `agreed` as well, or None."""
    limit = desk.config.sale.card_day_limit
    if not limit or desk.training:
        return None
    if charged_minor + agreed.amount.minor <= limit:
        return None
    return Phrase.of(Text.CARD_DAY_LIMIT, limit=desk.money(limit))


async def charged_today(desk: Desk, card: CardFacts) -> int:
    """Minor units that this card was charged here today."""
    moment = await Now()
    return await Look(CardSoldToday(card.hash, moment.date, desk.config.currency.alpha))


async def agree_to_unusual(desk: Desk, amount: Money) -> bool:
    """Warn of an amount far from the merchant's own history; True to go on.

    Far is `unusual_factor` times the median, or one digit longer than any.
    """
    settings = desk.config.sale
    if not settings.unusual_factor:
        return True
    recent = await Look(RecentSales(settings.unusual_history, amount.currency.alpha))
    if len(recent) < settings.unusual_min_history:
        return True
    usual_minor = sorted(recent)[len(recent) // 2]
    longer = len(str(amount.minor)) > len(str(max(recent)))
    if amount.minor < settings.unusual_factor * usual_minor and not longer:
        return True
    usual = Phrase.of(Text.UNUSUAL_BODY, usual=desk.money(usual_minor))
    return await _go_on_anyway(desk, Text.UNUSUAL_TITLE, (usual,), amount, "unusual amount")


async def agree_to_duplicate(desk: Desk, agreed: Agreed, card: CardFacts) -> bool:
    """Warn when this card was charged this amount a moment ago; True to go on."""
    window_s = desk.config.sale.duplicate_window_s
    moment = await Now()
    since = moment.wall - timedelta(seconds=window_s)
    minor, currency = agreed.amount.minor, agreed.amount.currency.alpha
    asked = DuplicateOf(card.hash, minor, currency, since, desk.training, card.psn)
    earlier = await Look(asked)
    if earlier is None:
        return True
    body = (
        Phrase.of(Text.DUPLICATE_BODY, voucher=f"{earlier.stan:06d}"),
        Phrase.of(Text.DUPLICATE_WHEN, time=f"{earlier.time[:2]}:{earlier.time[2:4]}"),
    )
    return await _go_on_anyway(desk, Text.DUPLICATE_TITLE, body, agreed.amount, "duplicate")


async def _go_on_anyway(
    desk: Desk, title: Text, body: tuple[Phrase, ...], amount: Money, guard: str
) -> bool:
    question = Notice(
        Phrase.of(title),
        body,
        Phrase.of(Text.PRESS_ENTER_TO_GO_ON),
        amount,
        warning=True,
        training=desk.training,
    )
    answer = await confirm(desk, question)
    if isinstance(answer, GivenUp):
        return False
    shown = "; ".join(value for phrase in body for _, value in phrase.values)
    await Record.of(
        GuardOverridden(guard=guard, shown=shown, operator=desk.operator, amount_minor=amount.minor)
    )
    return True
