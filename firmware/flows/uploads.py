"""Notices of sales that a card approved by itself: the host hears of each until it has answered.

Sent at once, then on a timer, and before anything that builds on the sale: its void or refund, the
settlement, the sign-off. Unlike a reversal one that is owed stops no other sale, for a card that
may approve without a host is there for when there is none.
"""

from __future__ import annotations

from firmware.effects import Authorise, Look, Record, Unseal
from firmware.flows.desk import Desk
from firmware.flows.parts import fault_slip
from firmware.host.messages import Answered, CardPresented, FinancialRequest
from firmware.journal.queries import Uploads
from firmware.journal.records import UploadAnswered, UploadAttempted
from firmware.journal.transactions import Transaction, Upload

TAKEN = "00"
# The host could not look at it, or not at us: asked again. Any other code is its word on the sale.
TRY_AGAIN = frozenset({"30", "68", "91", "96", "97", "A0"})


async def send_uploads(desk: Desk) -> bool:
    """Send every notice that is owed, oldest first; True when none is left.

    Stops at the first that is not answered: the line is the same for the rest.
    """
    for upload in await Look(Uploads()):
        if not await _send(desk, upload):
            return False
    return True


async def _send(desk: Desk, upload: Upload) -> bool:
    owed = upload.transaction
    card = await Unseal(owed.batch, owed.stan)
    answer = await Authorise(_request(desk, owed, card))
    if not isinstance(answer, Answered) or answer.response_code in TRY_AGAIN:
        attempt = upload.attempts + 1
        await Record.of(
            UploadAttempted(batch=owed.batch, stan=owed.stan, attempt=attempt, detail=answer.words)
        )
        return False
    answered = UploadAnswered(
        batch=owed.batch,
        stan=owed.stan,
        response_code=answer.response_code,
        reference=answer.reference,
        authorisation_code=answer.authorisation_code,
    )
    if answer.response_code == TAKEN:
        await Record.of(answered)
    else:  # the goods are gone and the host will not pay: a person must claim it
        await Record.of(answered, await fault_slip(owed))
    return True


def _request(desk: Desk, owed: Transaction, card: CardPresented) -> FinancialRequest:
    return FinancialRequest(
        kind=owed.kind,
        terminal=owed.terminal,
        merchant=owed.merchant,
        batch=owed.batch,
        stan=owed.stan,
        amount_minor=owed.amount_minor,
        currency=desk.config.currency.numeric,
        date=owed.date,
        time=owed.time,
        card=card,
        operator=owed.operator,
        offline=True,
    )
