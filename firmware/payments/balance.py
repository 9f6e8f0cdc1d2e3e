"""余额查询: what may be spent on a card's account. No money moves, so nothing is ever reversed.

The enquiry takes a voucher number, because acquirers identify requests by it. The answer's code is
recorded; the balance is shown, and is kept nowhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct

from firmware.core.kinds import CardFacts
from firmware.iso8583.messages import (
    Balance,
    BalanceRequest,
    CardPresented,
    HostAnswer,
    NoAnswer,
)
from firmware.journal.enquiry_records import BalanceAnswered, BalanceAsked
from firmware.journal.lookups import Lookups
from firmware.payments.context import Context, Progress, Stage
from firmware.payments.effects import Append, Authorise, Look, ReadClock
from firmware.payments.line import follow
from firmware.payments.refusals import Code, Refusal


class BalanceRefused(Struct, frozen=True):
    """The issuer does not say; `code` is field 39 of the answer."""

    code: str


class BalanceUnknown(Struct, frozen=True):
    """No answer, or the card was removed: no balance is shown."""

    card_gone: bool = False


BalanceEnded = Balance | BalanceRefused | BalanceUnknown | Refusal
CardStays = Callable[[HostAnswer], Awaitable[bool]]


async def enquire(
    context: Context, card: CardPresented, facts: CardFacts, end_with_card: CardStays
) -> BalanceEnded:
    """Ask for the balance; `end_with_card` gives the card the answer, and says if it is still in.

    A refusal, and nothing asked, where the batch has given out every voucher number there is.
    """
    moment, merchant = await ReadClock(), context.config.merchant
    numbers = await Look.of(Lookups.next_numbers, training=context.training)
    if numbers.used_up:
        return Refusal(Code.BATCH_FULL)
    asked = BalanceAsked(
        batch=numbers.batch,
        stan=numbers.stan,
        card=facts,
        operator=context.operator,
        merchant=merchant.number,
        terminal=merchant.terminal,
        date=moment.date,
        time=moment.time,
        training=context.training,
    )
    await context.progress(Progress(Stage.ENQUIRING))
    await Append.of(asked)
    request = BalanceRequest(
        terminal=merchant.terminal,
        merchant=merchant.number,
        batch=numbers.batch,
        stan=numbers.stan,
        card=card,
        currency=context.config.currency,
        date=moment.date,
        time=moment.time,
        training=context.training,
    )
    answer = await Authorise(request)
    stayed = await end_with_card(answer)
    await Append.of(_answered(asked, answer))
    await follow(context, answer)
    return _ended(answer, stayed=stayed)


def _answered(asked: BalanceAsked, answer: HostAnswer) -> BalanceAnswered:
    code, reference, reason = "", "", ""
    if isinstance(answer, NoAnswer):
        reason = answer.words
    else:
        code, reference = answer.response_code, answer.reference
    return BalanceAnswered(
        batch=asked.batch,
        stan=asked.stan,
        response_code=code,
        reference=reference,
        reason=reason,
        training=asked.training,
    )


def _ended(answer: HostAnswer, *, stayed: bool) -> BalanceEnded:
    if isinstance(answer, NoAnswer):
        return BalanceUnknown()
    if not answer.is_approval:
        return BalanceRefused(answer.response_code)
    if not stayed or answer.balance is None:  # without the card, another person may read it
        return BalanceUnknown(card_gone=not stayed)
    return answer.balance
