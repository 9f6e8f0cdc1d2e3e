"""What an acquirer's line needs besides payments: a sign-on, and the batch that is open there."""

from __future__ import annotations

from firmware.core.kinds import Copy, Totals
from firmware.iso8583.messages import Answered, Control, ControlRequest, HostAnswer
from firmware.iso8583.responses import APPROVED
from firmware.journal.lookups import Lookups
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import BatchOpened, SettlementCompleted, SettlementStarted
from firmware.payments.context import Context, is_on_a_line
from firmware.payments.effects import Append, Authorise, Look, Moment, ReadClock


async def follow(context: Context, answer: HostAnswer) -> None:
    """Do what an answer asks for, once its payment is recorded: sign on, or take the open batch.

    If the acquirer does not answer now, it is asked again before the next request.
    """
    if not isinstance(answer, Answered) or not is_on_a_line(context) or context.training:
        return
    if batch := await open_there(context, answer):
        await take_batch(context, batch)


async def sign_on(context: Context) -> HostAnswer:
    """Ask the acquirer for working keys, and go on with the batch that is open there."""
    answer = await Authorise(await _control(context, Control.SIGN_ON))
    if batch := _told(answer):
        await take_batch(context, batch)
    return answer


async def open_there(context: Context, answer: Answered) -> int:
    """The batch that is open at the acquirer, as an answer says; 0 where none says it.

    If the answer asks for a sign-on, the sign-on's answer counts first: it is the later one.
    """
    told = answer.batch or 0
    if not answer.sign_on_again:
        return told
    return _told(await Authorise(await _control(context, Control.SIGN_ON))) or told


def _told(signed: HostAnswer) -> int:
    """The batch that an answer to a sign-on names, if it is another than the request's; else 0."""
    if isinstance(signed, Answered) and signed.response_code == APPROVED:
        return signed.batch or 0
    return 0


async def echo(context: Context) -> HostAnswer:
    """Ask whether the acquirer is there."""
    return await Authorise(await _control(context, Control.ECHO))


async def take_batch(context: Context, told: int) -> None:
    """Go on with the acquirer's batch. The batch that is open here is closed as not balanced.

    A settlement slip says so: the acquirer cannot be asked for that batch's totals any more.
    Nothing is done while an advice is owed or a settlement is under way.
    """
    batch = await Look.of(Lookups.batch)
    under_way = await Look.of(Lookups.pending_settlement) is not None
    if told == batch or under_way:
        return
    if await Look.of(Lookups.advices):
        return
    totals, opened = await Look.of(Lookups.totals, batch), BatchOpened(batch=told, told=True)
    if totals == Totals():
        await Append.of(opened)
        return
    started = SettlementStarted(batch=batch, totals=totals, operator=context.operator)
    await Append.of(started, *await closed_as_it_is(started, opened))


async def closed_as_it_is(
    started: SettlementStarted, opened: BatchOpened
) -> tuple[SettlementCompleted, BatchOpened, PrintQueued]:
    """The records that end a batch which the acquirer has no more: not balanced, with its slip."""
    return await closed(started, opened, await ReadClock(), Totals(), balanced=False)


async def closed(
    started: SettlementStarted,
    opened: BatchOpened,
    moment: Moment,
    host_totals: Totals,
    *,
    balanced: bool,
) -> tuple[SettlementCompleted, BatchOpened, PrintQueued]:
    """The records of one commit: the batch is closed, the next opened, the slip queued."""
    completed = SettlementCompleted(
        batch=started.batch,
        totals=started.totals,
        host_totals=host_totals,
        balanced=balanced,
        operator=started.operator,
        date=moment.date,
        time=moment.time,
    )
    job = await Look.of(Lookups.next_job)
    slip = PrintQueued(job=job, copy=Copy.SETTLEMENT, batch=started.batch, stan=0)
    return completed, opened, slip


async def _control(context: Context, what: Control) -> ControlRequest:
    merchant, batch = context.config.merchant, await Look.of(Lookups.batch)
    return ControlRequest(what, merchant.terminal, merchant.number, batch, 0, context.operator)
