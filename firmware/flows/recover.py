"""At start the terminal finishes what was open before it takes a new sale, and says so."""

from __future__ import annotations

from firmware.effects import DoubtfulPapers, Look, Record, ReleasePaper
from firmware.flows.desk import Desk
from firmware.flows.owed import send_owed
from firmware.flows.parts import show, tell
from firmware.flows.settle import resume_settlement
from firmware.journal.queries import NextJob, OpenIntents, Reversals
from firmware.journal.records import (
    PrintDoubtful,
    PrintQueued,
    ReversalOpened,
)
from firmware.journal.records import (
    Record as JournalRecord,
)
from firmware.ui.screens import Notice, Phrase
from firmware.ui.texts import Text


async def recover(desk: Desk) -> None:
    """Turn open intents into reversals and send them, reprint doubtful slips, end a settlement."""
    open_intents = await Look(OpenIntents())
    doubtful = await DoubtfulPapers()
    records: list[JournalRecord] = [
        ReversalOpened(
            batch=each.batch, stan=each.stan, reason="power lost", training=each.training
        )
        for each in open_intents
    ]
    next_job = await Look(NextJob())
    for number, job in enumerate(doubtful):
        # the paper may be whole or half: another one, marked as a duplicate, harms nobody
        records += [
            PrintDoubtful(job=job.job, detail="power lost"),
            PrintQueued(
                job=next_job + number,
                copy=job.copy,
                batch=job.batch,
                stan=job.stan,
                duplicate=True,
                reason="power lost while printing",
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
        due = await Look(Reversals())
        state = Text.RECOVERED_REVERSAL_DUE if due else Text.RECOVERED_REVERSED
        await tell(desk, Text.RECOVERED, Phrase.of(state), Phrase.of((numbers, numbers)))
