"""结算: the batch's totals against the acquirer's; the batch closed and the next one opened."""

from __future__ import annotations

from firmware.core.kinds import Copy
from firmware.flows.desk import Desk, total_lines
from firmware.flows.steps import ask_to_go_on, tell
from firmware.flows.words import voucher_line, why_refused
from firmware.journal.lookups import Lookups
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import SettlementStarted
from firmware.payments.effects import Append, Look
from firmware.payments.settlement import begin_settlement, clear_what_is_owed, close_batch
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text


async def settle(desk: Desk) -> None:
    """Show the totals, and on ENTER close the batch. Pending reversals go first."""
    if desk.training:
        await _rehearse(desk)
        return
    if await Look.of(Lookups.pending_settlement) is not None:  # its totals were agreed to
        await resume_settlement(desk)
        return
    if not await Look.of(Lookups.numbers_used):
        await tell(desk, Text.MENU_SETTLE, Text.BATCH_EMPTY)
        return
    totals = await Look.of(Lookups.totals, await Look.of(Lookups.batch))
    if not await ask_to_go_on(desk, Text.SETTLE_TOTALS, *total_lines(desk, totals)):
        return
    if await may_move_money(desk):
        await _finish(desk, await begin_settlement(desk))


async def _rehearse(desk: Desk) -> None:
    """In training: its own totals and their slip; nothing is closed or sent."""
    batch = await Look.of(Lookups.batch)
    last = await Look.of(Lookups.last_transaction, training=True)
    if last is None or last.batch != batch:
        await tell(desk, Text.MENU_SETTLE, Text.BATCH_EMPTY)
        return
    lines = total_lines(desk, await Look.of(Lookups.training_totals, batch))
    if not await ask_to_go_on(desk, Text.SETTLE_TRAINING, *lines):
        return
    job = await Look.of(Lookups.next_job)
    slip = PrintQueued(job=job, copy=Copy.SETTLEMENT, batch=batch, stan=0, training=True)
    await Append.of(slip)
    await tell(desk, Text.SETTLED, Text.TRAINING_NOT_COUNTED, warning=False)


async def may_move_money(desk: Desk, *, advice: bool = True) -> bool:
    """Send what is owed; True if money may move now, else the display says why not.

    A settlement whose totals are fixed is ended first: until then its batch takes no transaction,
    and none begins in training either.
    """
    refusal = await clear_what_is_owed(desk, advice=advice)
    if refusal is not None:
        lines = [why_refused(refusal)]
        if refusal.owed is not None:
            line = voucher_line(refusal.owed.stan, refusal.owed.amount)
            lines.append(Phrase.of((line, line)))
        await tell(desk, Text.REFUSED, *lines)
        return False
    await resume_settlement(desk)
    return await Look.of(Lookups.pending_settlement) is None


async def resume_settlement(desk: Desk) -> None:
    """Go on with a settlement that was interrupted after its totals were fixed."""
    started = await Look.of(Lookups.pending_settlement)
    if started is not None:
        await _finish(desk, started)


async def _finish(desk: Desk, started: SettlementStarted) -> None:
    ended = await close_batch(desk, started)
    if ended is None:
        await tell(desk, Text.SETTLE_FAILED)
        return
    lines = total_lines(desk, ended.totals)
    if ended.balanced:
        await tell(desk, Text.SETTLED, Text.BALANCED, *lines, warning=False)
    else:
        await tell(desk, Text.UNBALANCED, *lines, prompt=Phrase.of(Text.UNBALANCED_TODO))
