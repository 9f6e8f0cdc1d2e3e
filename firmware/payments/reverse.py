"""Reversals: undo what an intent did at the acquirer; sent until that is confirmed.

A reversal is recorded before it is sent, sent at once, then on a timer, before the next sale, the
settlement and the sign-off. It is never dropped.
"""

from __future__ import annotations

from functools import partial

from firmware.core.kinds import ReversalCause
from firmware.core.payment import Payment
from firmware.iso8583.messages import Answered, CardPresented, HostAnswer, ReversalRequest
from firmware.journal.lookups import Lookups
from firmware.journal.records import (
    ReversalAttempted,
    ReversalConfirmed,
    ReversalOpened,
)
from firmware.journal.transactions import Reversal
from firmware.payments.context import Context, Progress, Stage, is_on_a_line
from firmware.payments.delivery import deliver, stays_owed
from firmware.payments.effects import Append, Authorise, Look, ReadClock, Unseal


async def reverse(context: Context, payment: Payment, cause: ReversalCause) -> bool:
    """Open a reversal of a payment and try it at once; True when the acquirer confirmed it."""
    await Append.of(reversal_of(payment, cause))
    await context.progress(Progress(Stage.REVERSING, payment.kind, payment.amount))
    return await send_reversals(context)


def reversal_of(payment: Payment, cause: ReversalCause) -> ReversalOpened:
    """What records that a reversal of `payment` is owed."""
    batch, stan, training = payment.batch, payment.stan, payment.training
    return ReversalOpened(batch=batch, stan=stan, reason=cause.value, training=training)


async def send_reversals(context: Context) -> bool:
    """Send every reversal that is owed; True when none is left."""
    return await deliver(await Look.of(Lookups.reversals), partial(send_reversal, context))


async def send_reversal(context: Context, reversal: Reversal) -> HostAnswer | None:
    """Send one reversal; None when it is confirmed, else the answer that leaves it owed."""
    owed, asked_at = reversal.transaction, await ReadClock()
    card: CardPresented | None = None
    asks_for_it = is_on_a_line(context) and not owed.training
    if asks_for_it and await Look.of(Lookups.is_sealed, owed.batch, owed.stan):
        card = await Unseal(owed.batch, owed.stan)
    request = ReversalRequest(
        owed.payment,
        asked_at.date,
        asked_at.time,
        last4=owed.card.last4,
        card=card,
        cause=reversal.reason if isinstance(reversal.reason, ReversalCause) else None,
    )
    answer = await Authorise(request)
    if isinstance(answer, Answered) and answer.is_approval:
        await Append.of(
            ReversalConfirmed(
                batch=owed.batch,
                stan=owed.stan,
                response_code=answer.response_code,
                training=owed.training,
            )
        )
        return None
    attempted = ReversalAttempted(
        batch=owed.batch,
        stan=owed.stan,
        attempt=reversal.attempts + 1,
        detail=answer.words,
        training=owed.training,
    )
    await stays_owed(context, reversal, attempted)
    return answer
