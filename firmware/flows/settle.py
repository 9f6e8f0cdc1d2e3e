"""结算: the batch's totals, held against the host's; the batch closed and the next one opened."""

from __future__ import annotations

from collections.abc import Sequence

from firmware.effects import Authorise, CheckClock, CheckSpace, Look, Now, Record
from firmware.flows.delivery import named
from firmware.flows.desk import Desk
from firmware.flows.parts import GivenUp, confirm, show, tell
from firmware.flows.reverse import send_reversals
from firmware.flows.uploads import send_uploads
from firmware.host.messages import Answered, SettlementRequest
from firmware.journal.queries import (
    BatchCount,
    BatchTotals,
    LastTransaction,
    LessonTotals,
    NextJob,
    NextNumbers,
    OpenBatch,
    OpenSettlement,
    Reversals,
    Uploads,
)
from firmware.journal.records import (
    BatchOpened,
    Copy,
    PrintQueued,
    SettlementCompleted,
    SettlementStarted,
    Totals,
)
from firmware.journal.rules import batch_after
from firmware.journal.transactions import Reversal, Upload
from firmware.money import major_text
from firmware.ui.screens import Notice, Phrase
from firmware.ui.texts import Text


async def settle(desk: Desk) -> None:
    """Show the totals, and on ENTER close the batch. Pending reversals go first."""
    if desk.training:
        await _rehearse(desk)
        return
    if await Look(OpenSettlement()) is not None:  # its totals were agreed to
        await resume_settlement(desk)
        return
    if not await Look(BatchCount()):
        await tell(desk, Text.MENU_SETTLE, Text.BATCH_EMPTY)
        return
    totals = await Look(BatchTotals(await Look(OpenBatch())))
    question = Notice(
        Phrase.of(Text.SETTLE_TOTALS),
        total_lines(desk, totals),
        Phrase.of(Text.PRESS_ENTER_TO_GO_ON),
    )
    if isinstance(await confirm(desk, question), GivenUp):
        return
    if not await may_move_money(desk):
        return
    batch = await Look(OpenBatch())
    totals = await Look(BatchTotals(batch))
    started = SettlementStarted(batch=batch, totals=totals, operator=desk.operator)
    await Record.of(started)
    await _finish(desk, started)


async def _rehearse(desk: Desk) -> None:
    """In training: the lessons' totals and their slip; nothing is closed or asked of a host."""
    batch, last = await Look(OpenBatch()), await Look(LastTransaction(training=True))
    if last is None or last.batch != batch:
        await tell(desk, Text.MENU_SETTLE, Text.BATCH_EMPTY)
        return
    lines = total_lines(desk, await Look(LessonTotals(batch)))
    question = Notice(Phrase.of(Text.SETTLE_TOTALS), lines, training=True)
    if isinstance(await confirm(desk, question), GivenUp):
        return
    job = await Look(NextJob())
    slip = PrintQueued(job=job, copy=Copy.SETTLEMENT, batch=batch, stan=0, training=True)
    await Record.of(slip)
    await tell(desk, Text.SETTLED, Text.LESSONS_COUNT_NOTHING, warning=False)


async def may_move_money(desk: Desk, *, uploads: bool = True) -> bool:
    """Whether the host knows all it must, and the disk has room; sends what is owed, says why not.

    A reversal; the notice of an offline sale, unless nothing builds on it; a settlement whose
    totals are fixed: until it is through its batch is closed to everything, lessons included.
    """
    if not await send_reversals(desk):
        await _refuse(desk, Text.REVERSAL_FIRST, await Look(Reversals()))
        return False
    if uploads and not await send_uploads(desk):
        await _refuse(desk, Text.UPLOAD_FIRST, await Look(Uploads()))
        return False
    await CheckSpace()  # after what is owed, which goes out as long as it can be written at all
    await CheckClock()
    await resume_settlement(desk)
    return await Look(OpenSettlement()) is None


async def _refuse(desk: Desk, reason: Text, owed: Sequence[Reversal | Upload]) -> None:
    first = named(desk, owed[0].transaction)
    await tell(desk, Text.REFUSED, reason, Phrase.of((first, first)))


async def resume_settlement(desk: Desk) -> None:
    """Go on with a settlement that was interrupted after its totals were fixed."""
    started = await Look(OpenSettlement())
    if started is not None:
        await _finish(desk, started)


def total_lines(desk: Desk, totals: Totals) -> tuple[Phrase, ...]:
    """The totals as three lines for the glass."""
    rows = (
        (Text.TOTAL_SALES, totals.sales, totals.sales_minor),
        (Text.TOTAL_VOIDS, totals.voids, totals.voids_minor),
        (Text.TOTAL_REFUNDS, totals.refunds, totals.refunds_minor),
    )
    return tuple(
        Phrase.of(text, count=count, sum=major_text(minor, desk.config.currency))
        for text, count, minor in rows
    )


async def _finish(desk: Desk, started: SettlementStarted) -> None:
    await show(desk, Notice(Phrase.of(Text.SETTLING), total_lines(desk, started.totals)))
    moment, numbers = await Now(), await Look(NextNumbers(training=False))
    answer = await Authorise(
        SettlementRequest(
            terminal=desk.config.merchant.terminal,
            merchant=desk.config.merchant.number,
            batch=started.batch,
            stan=numbers.stan,
            totals=started.totals,
            currency=desk.config.currency.numeric,
            date=moment.date,
            time=moment.time,
        )
    )
    if not isinstance(answer, Answered) or answer.host_totals is None:
        await tell(desk, Text.SETTLE_FAILED)
        return
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
    job = await Look(NextJob())
    slip = PrintQueued(job=job, copy=Copy.SETTLEMENT, batch=started.batch, stan=0)
    await Record.of(completed, BatchOpened(batch=batch_after(started.batch)), slip)
    verdict = Text.BALANCED if balanced else Text.UNBALANCED
    lines = total_lines(desk, started.totals)
    await tell(desk, Text.SETTLED, verdict, *lines, warning=not balanced)
