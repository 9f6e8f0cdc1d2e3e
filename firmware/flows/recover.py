"""At start the terminal finishes what was open before it takes a new sale, and says so."""

from __future__ import annotations

from firmware.core.kinds import Result, ReversalCause
from firmware.flows.desk import Desk
from firmware.flows.effects import ListDoubtfulPapers, ReleasePaper
from firmware.flows.settle import resume_settlement
from firmware.flows.steps import tell
from firmware.journal.lookups import Lookups
from firmware.journal.paper_records import PrintDoubtful
from firmware.journal.records import Record
from firmware.journal.transactions import Transaction
from firmware.payments.advice import is_advice
from firmware.payments.effects import Append, Look
from firmware.payments.outcomes import unanswered
from firmware.payments.owed import send_owed
from firmware.payments.reverse import reversal_of
from firmware.payments.tills import orders_cut_short
from firmware.receipts.spool import printed_again
from firmware.ui.screens import Notice, Phrase
from firmware.ui.texts import Text


async def recover(desk: Desk, *, power_lost: bool) -> None:
    """Turn open intents into what is owed, send it, reprint doubtful papers, end a settlement.

    An open intent is reversed; a refund on an acquirer's line is repeated instead. What was open
    was cut short by a power cut, or by a fault that took the terminal out of service.
    """
    cause = ReversalCause.POWER_LOST if power_lost else ReversalCause.OUT_OF_SERVICE
    open_intents = await Look.of(Lookups.open_intents)
    doubtful = await ListDoubtfulPapers()
    records: list[Record] = []
    refunds = [each for each in open_intents if await _is_repeated(desk, each)]
    for each in open_intents:
        if each in refunds:
            records.append(unanswered(each.payment, Result.PENDING, cause))
        else:
            records.append(reversal_of(each.payment, cause))
    records += await orders_cut_short(power_lost=power_lost)
    next_job = await Look.of(Lookups.next_job)
    for number, job in enumerate(doubtful):
        # whether it was printed is unknown: a second one, marked as a duplicate, does no harm
        records += [
            PrintDoubtful(job=job.job, detail=cause.value),
            printed_again(job, next_job + number, f"{cause.value} while printing"),
        ]
    await ReleasePaper(None)
    if records:
        await desk.show(Notice(Phrase.of(Text.RECOVERING), ()))
        await Append.of(*records)
    await send_owed(desk)
    await resume_settlement(desk)
    title = Text.RECOVERED if power_lost else Text.BACK_IN_SERVICE
    reversed_ = [each for each in open_intents if each not in refunds]
    if reversed_:
        due = await Look.of(Lookups.reversals)
        state = Text.RECOVERED_REVERSAL_DUE if due else Text.RECOVERED_REVERSED
        await tell(desk, title, Phrase.of(state), _numbers(reversed_))
    if refunds:
        owed = [advice.transaction.stan for advice in await Look.of(Lookups.advices)]
        waits = any(each.stan in owed for each in refunds)
        state = Text.RECOVERED_REFUND if waits else Text.RECOVERED_REFUND_ENDED
        await tell(desk, title, Phrase.of(state), _numbers(refunds))


async def _is_repeated(desk: Desk, intent: Transaction) -> bool:
    """Whether an open intent is a refund that is repeated, and not reversed: see payments.advice.

    A refund whose card was not sealed began before the terminal had its line: it is reversed.
    """
    if not is_advice(desk, intent.payment):
        return False
    return await Look.of(Lookups.is_sealed, intent.batch, intent.stan)


def _numbers(transactions: list[Transaction]) -> Phrase:
    numbers = " ".join(f"{each.stan:06d}" for each in transactions)
    return Phrase.of((numbers, numbers))
