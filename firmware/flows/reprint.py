"""打印: a receipt or settlement slip once more, marked as a duplicate, journaled and counted."""

from __future__ import annotations

from firmware.core.kinds import Copy
from firmware.flows.desk import Desk
from firmware.flows.original import find_by_voucher
from firmware.flows.steps import GivenUp, choose_text, tell
from firmware.journal.lookups import Lookups
from firmware.journal.paper_records import PrintQueued
from firmware.journal.transactions import State, Transaction
from firmware.payments.effects import Append, Look
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text

ITEMS = (Text.REPRINT_LAST, Text.REPRINT_ANY, Text.REPRINT_SETTLEMENT)
COPIES = {Text.REPRINT_MERCHANT: Copy.MERCHANT, Text.REPRINT_CARDHOLDER: Copy.CARDHOLDER}


async def reprint(desk: Desk) -> None:
    """Reprint the last receipt, any receipt, or the last settlement."""
    found: Transaction | GivenUp | None
    match await choose_text(desk, Text.MENU_REPRINT, ITEMS):
        case Text.REPRINT_LAST:
            found = await Look.of(Lookups.last_transaction, training=desk.training)
        case Text.REPRINT_ANY:
            found = await find_by_voucher(desk, Text.VOUCHER_NUMBER)
        case Text.REPRINT_SETTLEMENT:
            await _reprint_settlement(desk)
            return
        case _:
            return
    if not isinstance(found, GivenUp):
        await reprint_transaction(desk, found)


async def _reprint_settlement(desk: Desk) -> None:
    settlement = await Look.of(Lookups.last_settlement)
    if settlement is None:
        await tell(desk, Text.MENU_REPRINT, Text.NOTHING_TO_PRINT)
    else:
        await _queue(desk, Copy.SETTLEMENT, settlement.batch, 0, training=False)


async def reprint_transaction(desk: Desk, transaction: Transaction | None) -> None:
    """Print either copy of a transaction once more; one that failed has no receipt."""
    printable = (State.APPROVED, State.PENDING, State.REVERSED, State.REVERSING)
    if transaction is None or transaction.state not in printable:
        await tell(desk, Text.MENU_REPRINT, Text.NOTHING_TO_PRINT)
        return
    chosen = await choose_text(desk, Text.MENU_REPRINT, COPIES)
    if isinstance(chosen, GivenUp):
        return
    batch, stan, training = transaction.batch, transaction.stan, transaction.training
    await _queue(desk, COPIES[chosen], batch, stan, training=training)


async def _queue(desk: Desk, copy: Copy, batch: int, stan: int, *, training: bool) -> None:
    await queue_again(copy, batch, stan, f"reprint by {desk.operator}", training=training)
    printed = await Look.of(Lookups.transaction, batch, stan, training=training)
    said = Phrase.of(Text.PRINT_QUEUED)
    if printed is not None:
        said = Phrase.of(Text.PRINT_QUEUED_AGAIN, count=printed.reprints)
    await tell(desk, Text.MENU_REPRINT, said, warning=False)


async def queue_again(copy: Copy, batch: int, stan: int, reason: str, *, training: bool) -> None:
    """Queue a paper once more, marked as a duplicate."""
    queued = PrintQueued(
        job=await Look.of(Lookups.next_job),
        copy=copy,
        batch=batch,
        stan=stan,
        duplicate=True,
        reason=reason,
        training=training,
    )
    await Append.of(queued)
