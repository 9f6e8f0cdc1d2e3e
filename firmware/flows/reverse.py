"""Reversals: whatever an intent did at the host is undone, and asked for until it is.

A reversal is recorded before it is sent, sent at once, then on a timer, before the next sale, the
settlement and the sign-off. It is never dropped.
"""

from __future__ import annotations

from functools import partial

from firmware.effects import Authorise, Look, Now, Record
from firmware.flows.delivery import deliver, stays_owed
from firmware.flows.desk import Desk
from firmware.flows.parts import show
from firmware.host.messages import Answered, HostAnswer, ReversalRequest
from firmware.journal.queries import Reversals
from firmware.journal.records import (
    IntentRecorded,
    ReversalAttempted,
    ReversalConfirmed,
    ReversalOpened,
)
from firmware.journal.transactions import Reversal, Transaction
from firmware.money import Money
from firmware.ui.screens import Phrase, Processing
from firmware.ui.texts import Text

# 00: undone. 25: the host knows no original, so nothing stands.
CONFIRMING_CODES = frozenset({"00", "25"})


async def reverse(
    desk: Desk, intent: IntentRecorded | Transaction, amount: Money, reason: str
) -> bool:
    """Open a reversal for an intent and try it at once; True when the host confirmed it."""
    await Record.of(
        ReversalOpened(
            batch=intent.batch, stan=intent.stan, reason=reason, training=intent.training
        )
    )
    await show(
        desk,
        Processing(
            intent.kind, amount, Phrase.of(Text.REVERSING), keep_card=False, training=desk.training
        ),
    )
    return await send_reversals(desk)


async def send_reversals(desk: Desk) -> bool:
    """Send every reversal that is owed; True when none is left."""
    return await deliver(await Look(Reversals()), partial(send_reversal, desk))


async def send_reversal(desk: Desk, reversal: Reversal) -> HostAnswer | None:
    """Send one reversal; None when the host confirms it, else the answer that leaves it owed."""
    owed = reversal.transaction
    answer = await Authorise(await _request(desk, reversal))
    if isinstance(answer, Answered) and answer.response_code in CONFIRMING_CODES:
        await Record.of(
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
    await stays_owed(desk, reversal, attempted)
    return answer


async def _request(desk: Desk, reversal: Reversal) -> ReversalRequest:
    owed, moment = reversal.transaction, await Now()
    return ReversalRequest(
        kind=owed.kind,
        terminal=owed.terminal,
        merchant=owed.merchant,
        batch=owed.batch,
        stan=owed.stan,
        amount_minor=owed.amount_minor,
        currency=desk.config.currency.numeric,
        date=moment.date,
        time=moment.time,
        reason=reversal.reason,
        original_date=owed.date,
        original_time=owed.time,
        original_last4=owed.card.last4,
        training=owed.training,
    )
