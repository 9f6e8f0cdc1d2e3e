"""Results of an issuer's scripts (0620): sent to the acquirer until it has answered.

A script changes the card: it sets a PIN's tries, a limit, or blocks an application. Its result is
recorded before the payment's outcome, and stops nothing: no sale, and no settlement.
"""

from __future__ import annotations

from firmware.core.payment import Payment
from firmware.iso8583.messages import Answered, CardPresented, HostAnswer, ScriptRequest
from firmware.journal.advice_records import ScriptAnswered, ScriptAttempted, ScriptQueued
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import ScriptResult
from firmware.payments.context import Context, is_on_a_line
from firmware.payments.delivery import UNREAD, deliver
from firmware.payments.effects import Append, Authorise, Look, ReadClock, Unseal


async def queue_script(context: Context, payment: Payment, de55: bytes) -> None:
    """Record that a result is owed, if there is one and an acquirer's line to send it by."""
    if de55 and is_on_a_line(context) and not payment.training:
        queued = ScriptQueued(batch=payment.batch, stan=payment.stan, de55=de55.hex().upper())
        await Append.of(queued)


async def send_scripts(context: Context) -> bool:
    """Send every result that is owed; True when none is left."""
    if not is_on_a_line(context):
        return True
    return await deliver(await Look.of(Lookups.scripts), send_script)


async def send_script(script: ScriptResult) -> HostAnswer | None:
    """Send one result; None when the acquirer has it, else the answer that leaves it owed."""
    told, moment = script.transaction, await ReadClock()
    card = await Unseal(told.batch, told.stan)
    shown = CardPresented(card.pan, card.psn, card.expiry, de55=script.de55)
    answer = await Authorise(
        ScriptRequest(told.payment, shown, moment.date, moment.time, told.reference)
    )
    if isinstance(answer, Answered) and answer.response_code not in UNREAD:
        code = answer.response_code
        await Append.of(ScriptAnswered(batch=told.batch, stan=told.stan, response_code=code))
        return None
    attempt = script.attempts + 1
    attempted = ScriptAttempted(
        batch=told.batch, stan=told.stan, attempt=attempt, detail=answer.words
    )
    await Append.of(attempted)
    return answer
