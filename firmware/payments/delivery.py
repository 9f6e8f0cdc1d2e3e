"""Sends what is owed to the acquirer; what is refused does not stop what comes after it.

A reversal or an advice that the acquirer answers with a refusal stays owed, and the next one is
sent all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from firmware.core.kinds import Copy
from firmware.iso8583.messages import HostAnswer, NoAnswer
from firmware.iso8583.responses import ANOTHER_BATCH, NEW_KEYS, WRONG_MAC
from firmware.journal.advice_records import AdviceAttempted
from firmware.journal.lookups import Lookups
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import ReversalAttempted
from firmware.journal.transactions import Advice, Reversal, ScriptResult, Transaction
from firmware.payments.context import Context
from firmware.payments.effects import Append, Look

# The acquirer did not process it, because batch, keys or MAC differ: sent again.
UNREAD = frozenset({ANOTHER_BATCH, NEW_KEYS, WRONG_MAC})
Due = TypeVar("Due", bound=Reversal | Advice | ScriptResult)


async def deliver(owed: Sequence[Due], send: Callable[[Due], Awaitable[HostAnswer | None]]) -> bool:
    """Send each, the least tried first; True when none is left.

    `send` gives None when one is owed no more, else the answer that leaves it owed. When one gets
    no answer at all, the rest is not sent: the line would fail for it, too.
    """
    refused = False
    for each in sorted(owed, key=lambda one: one.attempts):
        answer = await send(each)
        if isinstance(answer, NoAnswer):
            return False
        refused |= answer is not None
    return not refused


async def stays_owed(
    context: Context, owed: Reversal | Advice, attempted: ReversalAttempted | AdviceAttempted
) -> None:
    """Record a failed attempt; after `host.reversal_fault_after` of them queue one fault slip."""
    if attempted.attempt >= context.config.host.reversal_fault_after and not owed.told:
        await Append.of(attempted, await fault_slip(owed.transaction))
    else:
        await Append.of(attempted)


async def fault_slip(owed: Transaction) -> PrintQueued:
    """The fault slip that says what is owed; to be recorded with what made it necessary."""
    job = await Look.of(Lookups.next_job)
    return PrintQueued(
        job=job, copy=Copy.FAULT, batch=owed.batch, stan=owed.stan, training=owed.training
    )
