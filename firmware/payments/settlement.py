"""Settlement: compare the batch's totals with the acquirer's, close it and open the next one."""

from __future__ import annotations

from msgspec import Struct

from firmware.core.kinds import Kind, Totals
from firmware.iso8583.messages import Answered, HostAnswer, SettlementRequest
from firmware.iso8583.responses import ANOTHER_BATCH, APPROVED
from firmware.journal.lookups import Lookups
from firmware.journal.records import BatchOpened, SettlementStarted
from firmware.journal.rules import batch_after
from firmware.payments.advice import send_advices
from firmware.payments.batch_upload import end_batch
from firmware.payments.context import Context, Progress, Stage, is_on_a_line
from firmware.payments.effects import (
    Append,
    Authorise,
    CheckClock,
    CheckSpace,
    Look,
    Moment,
    ReadClock,
)
from firmware.payments.line import closed, closed_as_it_is, open_there
from firmware.payments.refusals import Code, OwedVoucher, Refusal
from firmware.payments.reverse import send_reversals
from firmware.payments.scripts import send_scripts


class Settled(Struct, frozen=True):
    """The batch is closed; `balanced` tells whether the acquirer agrees with `totals`."""

    totals: Totals
    balanced: bool


async def clear_what_is_owed(context: Context, *, advice: bool = True) -> Refusal | None:
    """Send what is owed to the acquirer before money moves; the reason to refuse, or None.

    Reversals always; advices and scripts' results too, where `advice` says so. Disk and clock are
    checked last: what is owed is sent as long as a record can be written. Raises what CheckSpace
    and CheckClock raise.
    """
    if not await send_reversals(context):
        first = (await Look.of(Lookups.reversals))[0].transaction
        return Refusal(Code.REVERSAL_FIRST, owed=OwedVoucher(first.stan, first.amount))
    if advice and not await send_advices(context):
        first = (await Look.of(Lookups.advices))[0].transaction
        code = Code.REFUND_FIRST if first.kind is Kind.REFUND else Code.ADVICE_FIRST
        return Refusal(code, owed=OwedVoucher(first.stan, first.amount))
    if advice:
        await send_scripts(context)
    await CheckSpace()
    await CheckClock()
    return None


async def begin_settlement(context: Context) -> SettlementStarted:
    """Fix the totals of the open batch: from here on an interrupted settlement goes on."""
    batch = await Look.of(Lookups.batch)
    totals = await Look.of(Lookups.totals, batch)
    started = SettlementStarted(batch=batch, totals=totals, operator=context.operator)
    await Append.of(started)
    return started


async def close_batch(context: Context, started: SettlementStarted) -> Settled | None:
    """Compare the totals with the acquirer's and open the next batch; None where it stays open.

    On an acquirer's line the end of the batch is sent; where the totals differ, the batch is
    uploaded before. Each answer is recorded: after a power cut the next message is sent.
    """
    await context.progress(Progress(Stage.SETTLING, totals=started.totals))
    moment, numbers = await ReadClock(), await Look.of(Lookups.next_numbers, training=False)
    answer: HostAnswer | None = await _answered_before() if is_on_a_line(context) else None
    if answer is None:
        answer = await _ask(context, started, numbers.stan, moment)
    if not isinstance(answer, Answered) or answer.host_totals is None:
        return await _of_another_batch(context, started, answer)
    balanced = answer.host_totals == started.totals if answer.balanced is None else answer.balanced
    if is_on_a_line(context) and not await end_batch(
        context, started.batch, answer.host_totals, balanced=balanced
    ):
        return None
    opened = BatchOpened(batch=batch_after(started.batch))
    await Append.of(*await closed(started, opened, moment, answer.host_totals, balanced=balanced))
    return Settled(started.totals, balanced)


async def _of_another_batch(
    context: Context, started: SettlementStarted, answer: HostAnswer
) -> Settled | None:
    """Close a batch, not balanced, that the acquirer no longer has; None where it may have it.

    The acquirer says so by code 77: in this answer, or in that to the sign-on that 77 asks for.
    """
    if not isinstance(answer, Answered) or answer.response_code != ANOTHER_BATCH:
        return None
    batch = await open_there(context, answer)
    if batch in (0, started.batch):
        return None
    opened = BatchOpened(batch=batch, told=True)
    await Append.of(*await closed_as_it_is(started, opened))
    return Settled(started.totals, balanced=False)


async def _answered_before() -> Answered | None:
    """The acquirer's answer to this settlement, if it was recorded before a cut."""
    said = (await Look.of(Lookups.settlement_progress)).answered
    if said is None:
        return None
    return Answered(APPROVED, host_totals=said.host_totals, balanced=said.balanced)


async def _ask(
    context: Context, started: SettlementStarted, stan: int, moment: Moment
) -> HostAnswer:
    merchant = context.config.merchant
    return await Authorise(
        SettlementRequest(
            terminal=merchant.terminal,
            merchant=merchant.number,
            batch=started.batch,
            stan=stan,
            totals=started.totals,
            currency=context.config.currency,
            date=moment.date,
            time=moment.time,
        )
    )
