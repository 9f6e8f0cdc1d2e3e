"""What a till may ask of the terminal, why it may not, and how it is answered.

A till's request is an event in the terminal's inbox, with a future for its answer. The terminal's
thread claims the future before it begins, so a request is either withdrawn or answered.
"""

from __future__ import annotations

import enum
from concurrent.futures import Future

from msgspec import Struct

from firmware.core.kinds import EndCause, Kind, ReversalCause
from firmware.journal.lookups import Lookups
from firmware.journal.order_records import OrderEnd, OrderEnded, OrderTaken
from firmware.journal.transactions import Transaction
from firmware.payments.context import Context
from firmware.payments.effects import Effect, Look
from firmware.payments.limits import refund_limits, sale_limits, why_no_sale
from firmware.payments.originals import why_not_refunded, why_not_voided
from firmware.payments.refusals import Code, Refusal
from firmware.payments.roles import Act, May, may


@enum.unique
class NotNow(enum.Enum):
    """Why a till's request is refused, other than by a `Refusal`. The value is sent to the till."""

    BUSY = "busy"
    OUT_OF_SERVICE = "out-of-service"
    SIGNED_OFF = "signed-off"
    SUPERVISOR = "supervisor-signed-on"
    TRAINING = "training"
    SETTLING = "settlement-open"
    OTHER_CURRENCY = "other-currency"
    TAKEN_BEFORE = "taken-before"
    BATCH_EMPTY = "batch-empty"
    NO_RECEIPT = "no-receipt"


class Done(enum.Enum):
    """The request is in the journal."""

    RECORDED = "recorded"


class Settle(Struct, frozen=True):
    """Close the open batch."""


class Reprint(Struct, frozen=True):
    """Print the receipt of an order's payment again, marked as a duplicate."""

    order_id: str


class AskLine(Struct, frozen=True):
    """Try whether the acquirer can be reached; the terminal's state says it afterwards."""


TillRequest = OrderTaken | Settle | Reprint | AskLine
TillAnswer = Done | NotNow | Refusal


class TillAsked(Struct, frozen=True):
    """A request of a till: it reaches the flow that waits, else is refused at once."""

    request: TillRequest
    answer: Future[TillAnswer]


class OrderStopped(Struct, frozen=True):
    """A till cancels an order: this has an effect only before the intent."""

    order_id: str


TillEvent = TillAsked | OrderStopped


@enum.unique
class OrderStage(enum.Enum):
    """How far the conversation about an order has come, where the journal does not say it."""

    TAKEN = "taken"
    SHOWN = "shown"
    AGREED = "agreed"
    CARD = "card"
    AUTHORISING = "authorising"


class AnswerTill(Effect[None], frozen=True):
    """Answer the request that was delivered last. Once only."""

    answer: TillAnswer


class TellStage(Effect[None], frozen=True):
    """Say how far an order's conversation has come; None: it is over."""

    order_id: str
    stage: OrderStage | None


class EndCancelling(Effect[bool], frozen=True):
    """Let no till cancel the order from now on; True where one has cancelled it already."""


async def why_no_order(context: Context, order: OrderTaken) -> NotNow | Refusal | None:
    """Why an order is not taken now, or None. Asks nothing of acquirer or people.

    The token's scope stands for the supervisor's password of a void or refund.
    """
    sells = order.kind is Kind.SALE
    if not context.operator:
        return NotNow.SIGNED_OFF
    if sells and may(context, Act.ORDER) is not May.YES:
        return NotNow.SUPERVISOR
    if context.training:
        return NotNow.TRAINING
    if sells and order.currency != context.config.currency.alpha:
        return NotNow.OTHER_CURRENCY
    if await Look.of(Lookups.pending_settlement) is not None:
        return NotNow.SETTLING
    return await (_why_not_sold if sells else _why_not_given_back)(context, order)


async def _why_not_sold(context: Context, order: OrderTaken) -> Refusal | None:
    refusal = await why_no_sale(context)
    if refusal is not None:
        return refusal
    return (await sale_limits(context))(order.amount)


async def _why_not_given_back(context: Context, order: OrderTaken) -> Refusal | None:
    original = await original_of(order)
    rule = why_not_voided if order.kind is Kind.VOID else why_not_refunded
    refusal = await rule(context, original)
    if refusal is not None or original is None:
        return refusal
    if order.kind is Kind.VOID:
        whole = order.amount == original.amount
        return None if whole else Refusal(Code.AMOUNT_OVER_LEFT, original.amount)
    return (await refund_limits(context, original.left))(order.amount)


async def original_of(order: OrderTaken) -> Transaction | None:
    """The sale that an order voids or refunds: named by its order, or by its numbers."""
    named = order.original
    if named is not None:
        return await Look.of(Lookups.transaction, named.batch, named.stan, date=named.date)
    found = await Look.of(Lookups.order, order.payment)
    return await Look.of(Lookups.by_intent, found.intent) if found and found.intent else None


async def why_no_settlement(context: Context) -> NotNow | None:
    """Why the batch is not closed for a till now, or None."""
    if context.training:
        return NotNow.TRAINING
    if await Look.of(Lookups.pending_settlement) is None and not await Look.of(
        Lookups.numbers_used
    ):
        return NotNow.BATCH_EMPTY
    return None


async def orders_cut_short(*, power_lost: bool) -> list[OrderEnded]:
    """The records that end the open orders, after a power cut or else a fault."""
    reason = ReversalCause.POWER_LOST if power_lost else ReversalCause.OUT_OF_SERVICE
    cause = EndCause.POWER_LOST if power_lost else EndCause.OUT_OF_SERVICE
    return [
        OrderEnded(id=each.taken.id, end=OrderEnd.CANCELLED, reason=reason.value, cause=cause)
        for each in await Look.of(Lookups.open_orders)
    ]
