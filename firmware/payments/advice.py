"""Notices of sales that a card approved by itself: the host hears of each until it has answered.

Sent at once, then on a timer, and before anything that builds on the sale: its void or refund, the
settlement, the sign-off. Unlike a reversal one that is owed stops no other sale, for a card that
may approve without a host is there for when there is none.
"""

from __future__ import annotations

from functools import partial

from firmware.iso8583.messages import Answered, FinancialRequest, HostAnswer
from firmware.journal.lookups import Lookups
from firmware.journal.records import UploadAnswered, UploadAttempted
from firmware.journal.transactions import Upload
from firmware.payments.delivery import deliver, fault_slip, stays_owed
from firmware.payments.effects import Authorise, Look, Record, Unseal
from firmware.payments.shift import Shift

# The host could not look at it, or not at us: asked again. Any other code is its word on the sale.
TRY_AGAIN = frozenset({"30", "68", "91", "96", "97", "A0"})


async def send_uploads(shift: Shift) -> bool:
    """Send every notice that is owed; True when none is left."""
    return await deliver(await Look.of(Lookups.uploads), partial(send_upload, shift))


async def send_upload(shift: Shift, upload: Upload) -> HostAnswer | None:
    """Send one notice; None when the host has its say, else the answer that leaves it owed."""
    owed = upload.transaction
    card = await Unseal(owed.batch, owed.stan)
    answer = await Authorise(FinancialRequest(owed.payment, card, offline=True))
    if not isinstance(answer, Answered) or answer.response_code in TRY_AGAIN:
        attempted = UploadAttempted(
            batch=owed.batch, stan=owed.stan, attempt=upload.attempts + 1, detail=answer.words
        )
        if isinstance(answer, Answered):
            await stays_owed(shift, upload, attempted)
        else:  # the line's fault: idle says how many wait, and no slip tells of each
            await Record.of(attempted)
        return answer
    answered = UploadAnswered(
        batch=owed.batch,
        stan=owed.stan,
        response_code=answer.response_code,
        reference=answer.reference,
        authorisation_code=answer.authorisation_code,
    )
    if answer.is_approval:
        kept = shift.config.host.kind == "acquirer"  # until the batch is settled: see settlement
        await Record.of(answered, card=card if kept else None)
    else:  # the goods are gone and the host will not pay: a person must claim it
        await Record.of(answered, await fault_slip(owed))
    return None
