"""The batch's totals, held against the acquirer's; the batch closed and the next one opened."""

from __future__ import annotations

from msgspec import Struct

from firmware.core.kinds import Copy, Totals
from firmware.iso8583.messages import Answered, SettlementRequest
from firmware.journal.lookups import Lookups
from firmware.journal.records import (
    BatchOpened,
    PrintQueued,
    SettlementCompleted,
    SettlementStarted,
)
from firmware.journal.rules import batch_after
from firmware.payments.advice import send_uploads
from firmware.payments.delivery import named
from firmware.payments.effects import Authorise, CheckClock, CheckSpace, Look, Now, Record
from firmware.payments.refusals import Code, Refusal
from firmware.payments.reverse import send_reversals
from firmware.payments.shift import Progress, Shift, Stage


class Settled(Struct, frozen=True):
    """The batch is closed; `balanced` tells whether the acquirer agrees with `totals`."""

    totals: Totals
    balanced: bool


async def clear_what_is_owed(shift: Shift, *, advice: bool = True) -> Refusal | None:
    """Send what the acquirer must hear of before money moves; why it may not move yet, or None.

    Reversals always; advice of offline sales too, unless nothing builds on it. Raises (through
    `CheckSpace`) when the disk has no room, after what is owed: that goes out as long as it can
    be written at all.
    """
    if not await send_reversals(shift):
        owed = await Look.of(Lookups.reversals)
        return Refusal(Code.REVERSAL_FIRST, owed=named(owed[0].transaction))
    if advice and not await send_uploads(shift):
        waiting = await Look.of(Lookups.uploads)
        return Refusal(Code.ADVICE_FIRST, owed=named(waiting[0].transaction))
    await CheckSpace()
    await CheckClock()
    return None


async def begin_settlement(shift: Shift) -> SettlementStarted:
    """Fix the totals of the open batch: from here on an interrupted settlement goes on."""
    batch = await Look.of(Lookups.batch)
    totals = await Look.of(Lookups.totals, batch)
    started = SettlementStarted(batch=batch, totals=totals, operator=shift.operator)
    await Record.of(started)
    return started


async def close_batch(shift: Shift, started: SettlementStarted) -> Settled | None:
    """Hold the totals against the acquirer's and open the next batch; None without an answer."""
    await shift.progress(Progress(Stage.SETTLING, totals=started.totals))
    moment, numbers = await Now(), await Look.of(Lookups.next_numbers, training=False)
    merchant = shift.config.merchant
    answer = await Authorise(
        SettlementRequest(
            terminal=merchant.terminal,
            merchant=merchant.number,
            batch=started.batch,
            stan=numbers.stan,
            totals=started.totals,
            currency=shift.config.currency,
            date=moment.date,
            time=moment.time,
        )
    )
    if not isinstance(answer, Answered) or answer.host_totals is None:
        return None
    balanced = answer.host_totals == started.totals
    completed = SettlementCompleted(
        batch=started.batch,
        totals=started.totals,
        host_totals=answer.host_totals,
        balanced=balanced,
        operator=started.operator,
        date=moment.date,
        time=moment.time,
    )
    job = await Look.of(Lookups.next_job)
    slip = PrintQueued(job=job, copy=Copy.SETTLEMENT, batch=started.batch, stan=0)
    await Record.of(completed, BatchOpened(batch=batch_after(started.batch)), slip)
    return Settled(started.totals, balanced)
