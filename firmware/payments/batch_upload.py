"""The end of a batch on an acquirer's line, and the upload of one that did not balance.

The order: offline sales, online transactions, refunds, in messages of up to eight; then the chip's
data one by one; then the end. What the totals count is uploaded, so a voided sale and its void are
in both. Each message that was taken is recorded before the next one is sent; after a power cut the
upload goes on with the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from firmware.core.kinds import Kind, Totals
from firmware.iso8583.messages import (
    UPLOAD_MOST,
    Answered,
    ChipUploadRequest,
    UploadEndRequest,
    UploadItem,
    UploadRequest,
)
from firmware.journal.lookups import Lookups, SettlementProgress
from firmware.journal.records import BatchUploaded, ChipUploaded, SettlementAnswered
from firmware.journal.transactions import Transaction
from firmware.payments.context import Context, is_on_a_line
from firmware.payments.delivery import UNREAD
from firmware.payments.effects import Append, Authorise, Look, Unseal

_METHOD, _ONLINE_PIN = 0x3F, 0x02  # of the first byte of the CVM results. Book 3, Annex C3


def keeps_chip(context: Context) -> bool:
    """Whether the chip's data of a payment are kept, to be sent to the acquirer later."""
    wanted = context.config.acquirer.chip_data != "never"
    return wanted and is_on_a_line(context) and not context.training


async def end_batch(context: Context, batch: int, totals: Totals, *, balanced: bool) -> bool:
    """Upload the batch unless it is balanced, and send its end; False while that is not taken."""
    done = await Look.of(Lookups.settlement_progress)
    if done.answered is None:
        await Append.of(SettlementAnswered(batch=batch, host_totals=totals, balanced=balanced))
    merchant, taken = context.config.merchant, {stan for stan, well in done.chips.items() if well}
    wanted = context.config.acquirer.chip_data
    sends_chips = wanted == "always" or (wanted == "unbalanced" and not balanced)
    chips_alone = sends_chips and not context.config.acquirer.chip_in_details
    if not balanced and not await _send_details(
        context, batch, done, taken, chips_alone=chips_alone
    ):
        return False
    if sends_chips and not await _send_chips(context, batch, done, taken, balanced=balanced):
        return False
    numbers = await Look.of(Lookups.next_numbers, training=False)
    end = UploadEndRequest(
        terminal=merchant.terminal,
        merchant=merchant.number,
        batch=batch,
        stan=numbers.stan,
        count=len(taken),
        balanced=balanced,
    )
    answer = await Authorise(end)
    return isinstance(answer, Answered) and answer.is_approval


async def _send_details(
    context: Context, batch: int, done: SettlementProgress, taken: set[int], *, chips_alone: bool
) -> bool:
    """Upload the details that the acquirer lacks; False where it does not take all of them.

    Voucher numbers that it then has are added to `taken`. With `chips_alone` no details are sent
    of transactions whose chip's data are sent.
    """
    standing = [
        each
        for each in await Look.of(Lookups.to_upload, batch)
        # an earlier release sealed no card, and a detail needs the card number
        if await Look.of(Lookups.is_sealed, batch, each.stan)
    ]
    there = done.details | _unnamed(standing, done.unnamed)
    if chips_alone:
        standing = [each for each in standing if not each.chip_data]
    for part in parts_of([each for each in standing if each.stan not in there]):
        request = UploadRequest(
            terminal=context.config.merchant.terminal,
            merchant=context.config.merchant.number,
            batch=batch,
            stan=part[0].stan,
            items=tuple([await _item(each) for each in part]),
        )
        answer = await Authorise(request)
        if not isinstance(answer, Answered) or not answer.is_approval:
            return False
        stans = tuple(each.stan for each in part)
        there |= set(stans)
        await Append.of(BatchUploaded(batch=batch, count=len(there), stans=stans))
    taken |= there
    return True


async def _send_chips(
    context: Context, batch: int, done: SettlementProgress, taken: set[int], *, balanced: bool
) -> bool:
    """Upload the chip's data that are not answered yet.

    False after no answer, or one in UNREAD. Voucher numbers that are accepted are added to `taken`.
    Data that are refused otherwise do not keep the batch open: no money depends on them.
    """
    for each in await Look.of(Lookups.chips_to_upload, batch):
        if each.stan in done.chips or not await Look.of(Lookups.is_sealed, batch, each.stan):
            continue
        answer = await Authorise(await _chip(context, each, balanced=balanced))
        if not isinstance(answer, Answered) or answer.response_code in UNREAD:
            return False
        code, well = answer.response_code, answer.is_approval
        await Append.of(ChipUploaded(batch=batch, stan=each.stan, response_code=code, taken=well))
        if well:
            taken.add(each.stan)
    return True


def in_order(transactions: Sequence[Transaction]) -> list[Transaction]:
    """In the order of the upload: offline, online, refunds; each group by voucher number."""
    return sorted(transactions, key=lambda one: (_place(one), one.stan))


def parts_of(transactions: Sequence[Transaction]) -> Iterator[list[Transaction]]:
    """Groups of at most eight for one message: offline sales, what was online, refunds."""
    for place in range(3):
        group = in_order([one for one in transactions if _place(one) == place])
        for at in range(0, len(group), UPLOAD_MOST):
            yield group[at : at + UPLOAD_MOST]


def _place(one: Transaction) -> int:
    return 2 if one.kind is Kind.REFUND else 0 if one.offline else 1


def _unnamed(standing: Sequence[Transaction], count: int) -> set[int]:
    """The `count` that an earlier release has uploaded: it left out voids and voided sales."""
    before = [one for one in standing if not (one.kind.is_void or one.voided_by)]
    return {one.stan for one in in_order(before)[:count]}


async def _item(transaction: Transaction) -> UploadItem:
    card = await Unseal(transaction.batch, transaction.stan)
    return UploadItem(transaction.stan, card.pan, transaction.amount_minor)


async def _chip(context: Context, told: Transaction, *, balanced: bool) -> ChipUploadRequest:
    from firmware.iso8583.chip_data import is_declined, is_issuer_unproven  # noqa: PLC0415 - the tags

    card, de55 = await Unseal(told.batch, told.stan), bytes.fromhex(told.chip_data)
    results = bytes.fromhex(told.emv.cvm_results)
    return ChipUploadRequest(
        terminal=context.config.merchant.terminal,
        merchant=context.config.merchant.number,
        batch=told.batch,
        stan=told.stan,
        card=replace(card, de55=de55),
        amount_minor=told.amount_minor,
        currency=told.amount.currency,
        failed=is_declined(de55) or is_issuer_unproven(de55),
        balanced=balanced,
        with_pin=bool(results) and results[0] & _METHOD == _ONLINE_PIN,
    )
