"""At start the terminal finishes what was open before it takes a new sale, and says so."""

from __future__ import annotations

from firmware.core.kinds import ReversalCause
from firmware.flows.desk import Desk
from firmware.flows.effects import DoubtfulPapers, ReleasePaper
from firmware.flows.parts import show, tell
from firmware.flows.settle import resume_settlement
from firmware.journal.lookups import Lookups
from firmware.journal.order_records import OrderEnd, OrderEnded
from firmware.journal.records import PrintDoubtful, PrintQueued, ReversalOpened
from firmware.journal.records import Record as JournalRecord
from firmware.payments.effects import Look, Record
from firmware.payments.owed import send_owed
from firmware.ui.screens import Notice, Phrase
from firmware.ui.texts import Text


async def recover(desk: Desk, *, power_lost: bool) -> None:
    """Turn open intents into reversals and send them, reprint doubtful slips, end a settlement.

    What was open was cut short by the power, or by a fault that took the terminal out of service.
    """
    cause = ReversalCause.POWER_LOST if power_lost else ReversalCause.OUT_OF_SERVICE
    open_intents = await Look.of(Lookups.open_intents)
    doubtful = await DoubtfulPapers()
    records: list[JournalRecord] = [
        ReversalOpened(batch=each.batch, stan=each.stan, reason=cause.value, training=each.training)
        for each in open_intents
    ]
    records += [
        OrderEnded(id=each.taken.id, end=OrderEnd.CANCELLED, reason=cause.value)
        for each in await Look.of(Lookups.open_orders)
    ]
    next_job = await Look.of(Lookups.next_job)
    for number, job in enumerate(doubtful):
        # the paper may be whole or half: another one, marked as a duplicate, harms nobody
        records += [
            PrintDoubtful(job=job.job, detail=cause.value),
            PrintQueued(
                job=next_job + number,
                copy=job.copy,
                batch=job.batch,
                stan=job.stan,
                duplicate=True,
                reason=f"{cause.value} while printing",
                training=job.training,
            ),
        ]
    await ReleasePaper(None)
    if records:
        await show(desk, Notice(Phrase.of(Text.RECOVERING), ()))
        await Record.of(*records)
    await send_owed(desk)
    await resume_settlement(desk)
    if open_intents:
        numbers = " ".join(f"{each.stan:06d}" for each in open_intents)
        due = await Look.of(Lookups.reversals)
        state = Text.RECOVERED_REVERSAL_DUE if due else Text.RECOVERED_REVERSED
        title = Text.RECOVERED if power_lost else Text.BACK_IN_SERVICE
        await tell(desk, title, Phrase.of(state), Phrase.of((numbers, numbers)))
