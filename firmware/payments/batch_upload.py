"""The end of a batch on an acquirer's line, and the upload of one that did not balance.

In this order: advice of offline sales, online sales by eights, refunds. Each element that was taken
is recorded before the next one leaves; after a cut the upload goes on behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

from firmware.core.kinds import Kind, Totals
from firmware.iso8583.messages import (
    UPLOAD_MOST,
    Answered,
    UploadEndRequest,
    UploadItem,
    UploadRequest,
)
from firmware.journal.lookups import Lookups
from firmware.journal.records import BatchUploaded, SettlementAnswered
from firmware.journal.transactions import Transaction
from firmware.payments.effects import Authorise, Look, Record, Unseal
from firmware.payments.shift import Shift


async def end_batch(shift: Shift, batch: int, totals: Totals, *, balanced: bool) -> bool:
    """Upload the batch unless it is balanced, and send its end; False while that is not taken."""
    said, uploaded = await Look.of(Lookups.settlement_progress)
    if said is None:
        await Record.of(SettlementAnswered(batch=batch, host_totals=totals, balanced=balanced))
    merchant = shift.config.merchant
    count = 0
    if not balanced:
        items = [
            each
            for each in in_order(await Look.of(Lookups.to_upload, batch))
            # what an earlier release booked has no card to name
            if await Look.of(Lookups.is_sealed, batch, each.stan)
        ]
        count = len(items)
        for at in range(uploaded, count, UPLOAD_MOST):
            part = items[at : at + UPLOAD_MOST]
            request = UploadRequest(
                terminal=merchant.terminal,
                merchant=merchant.number,
                batch=batch,
                stan=part[0].stan,
                items=tuple([await _item(each) for each in part]),
            )
            answer = await Authorise(request)
            if not isinstance(answer, Answered) or not answer.is_approval:
                return False
            await Record.of(BatchUploaded(batch=batch, count=at + len(part)))
    numbers = await Look.of(Lookups.next_numbers, training=False)
    end = UploadEndRequest(
        terminal=merchant.terminal,
        merchant=merchant.number,
        batch=batch,
        stan=numbers.stan,
        count=count,
        balanced=balanced,
    )
    answer = await Authorise(end)
    return isinstance(answer, Answered) and answer.is_approval


def in_order(transactions: Sequence[Transaction]) -> list[Transaction]:
    """As an acquirer wants them, each kind in the order of its vouchers."""

    def place(one: Transaction) -> tuple[int, int]:
        return (2 if one.kind is Kind.REFUND else 0 if one.offline else 1), one.stan

    return sorted(transactions, key=place)


async def _item(transaction: Transaction) -> UploadItem:
    card = await Unseal(transaction.batch, transaction.stan)
    return UploadItem(transaction.stan, card.pan, transaction.amount_minor)
