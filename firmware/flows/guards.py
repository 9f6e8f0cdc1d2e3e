"""Warnings before a sale on the display, and the record of who continued.

The limits and guards themselves are `firmware.payments.limits`.
"""

from __future__ import annotations

from firmware.core.kinds import CardFacts, GuardKind
from firmware.core.money import Money
from firmware.flows.desk import Desk
from firmware.flows.settle import may_move_money
from firmware.flows.steps import confirm, tell
from firmware.flows.words import why_refused
from firmware.journal.records import GuardOverridden
from firmware.payments.effects import Append
from firmware.payments.limits import duplicate_of, usual_amount, why_no_sale
from firmware.ui.screens import Notice, Phrase
from firmware.ui.texts import Text


async def may_sell(desk: Desk) -> bool:
    """Whether a sale may begin: nothing is owed, the batch has room; shows why not."""
    if not await may_move_money(desk, advice=False):
        return False
    refusal = await why_no_sale(desk)
    if refusal is not None:
        await tell(desk, Text.REFUSED, why_refused(refusal))
    return refusal is None


async def agree_to_unusual(desk: Desk, amount: Money) -> bool:
    """Warn of an amount far from the merchant's own history; True to go on."""
    usual = await usual_amount(desk, amount)
    if usual is None:
        return True
    words = Text.UNUSUAL_TITLE, Text.UNUSUAL_KEYS
    body = (Phrase.of(Text.UNUSUAL_BODY, usual=usual),)
    return await _go_on_anyway(desk, GuardKind.UNUSUAL_AMOUNT, amount, words, body)


async def agree_to_duplicate(desk: Desk, amount: Money, card: CardFacts) -> bool:
    """Warn when this card was charged this amount a moment ago; True to go on."""
    earlier = await duplicate_of(desk, amount, card)
    if earlier is None:
        return True
    body = (
        Phrase.of(Text.DUPLICATE_BODY, voucher=f"{earlier.stan:06d}"),
        Phrase.of(Text.DUPLICATE_WHEN, time=f"{earlier.time[:2]}:{earlier.time[2:4]}"),
    )
    words = Text.DUPLICATE_TITLE, Text.DUPLICATE_KEYS
    return await _go_on_anyway(desk, GuardKind.DUPLICATE, amount, words, body)


async def _go_on_anyway(
    desk: Desk, guard: GuardKind, amount: Money, words: tuple[Text, Text], body: tuple[Phrase, ...]
) -> bool:
    """Ask with `words`, the question and what its keys do, and record it; True to go on."""
    title, keys = map(Phrase.of, words)
    question = Notice(title, body, keys, amount, warning=True)
    if not await confirm(desk, question):
        return False
    shown = "; ".join(value for phrase in body for _, value in phrase.values)
    await Append.of(
        GuardOverridden(guard=guard, shown=shown, operator=desk.operator, amount_minor=amount.minor)
    )
    return True
