"""Advices (0220): they inform the acquirer of a payment, and are repeated until it answers.

There is one for a sale that a card approved by itself, and on an acquirer's line for a refund that
was sent and not answered, which is never reversed. An advice is sent at once, then on a timer, and
before anything that builds on a sale: a void or refund, the settlement, the sign-off. Unlike a
reversal it stops no sale while it is owed: cards approve offline for when there is no acquirer.
"""

from __future__ import annotations

from functools import partial

from firmware.core.kinds import Copy, Kind, Result
from firmware.core.payment import Payment
from firmware.iso8583.messages import Answered, FinancialRequest, HostAnswer
from firmware.iso8583.responses import (
    BANK_TIMED_OUT,
    BANK_UNAVAILABLE,
    FORMAT_ERROR,
    SYSTEM_ERROR,
    TIMED_OUT,
    UNKNOWN_TERMINAL,
)
from firmware.journal.advice_records import AdviceAnswered, AdviceAttempted
from firmware.journal.lookups import Lookups
from firmware.journal.paper_records import PrintQueued
from firmware.journal.transactions import Advice, Transaction
from firmware.payments.context import Context, is_on_a_line
from firmware.payments.delivery import UNREAD, deliver, fault_slip, stays_owed
from firmware.payments.effects import Append, Authorise, Look, Unseal
from firmware.payments.outcomes import answered

# The acquirer could not process it, or not read it: sent again. Other codes are final.
TRY_AGAIN = UNREAD | {
    FORMAT_ERROR,
    TIMED_OUT,
    BANK_UNAVAILABLE,
    SYSTEM_ERROR,
    UNKNOWN_TERMINAL,
    BANK_TIMED_OUT,
}


def is_advice(context: Context, payment: Payment) -> bool:
    """Whether a payment without an answer is repeated until it has one, and never reversed."""
    return payment.kind is Kind.REFUND and is_on_a_line(context) and not payment.training


async def send_advices(context: Context) -> bool:
    """Send every advice that is owed; True when none is left."""
    return await deliver(await Look.of(Lookups.advices), partial(send_advice, context))


async def send_advice(context: Context, advice: Advice) -> HostAnswer | None:
    """Send one advice; None when the answer is final, else the answer that leaves it owed."""
    owed = advice.transaction
    card = await Unseal(owed.batch, owed.stan)
    refund = owed.kind is Kind.REFUND
    request = FinancialRequest(owed.payment, card, offline=not refund, repeated=refund)
    answer = await Authorise(request)
    if not isinstance(answer, Answered) or not _is_final(answer):
        attempted = AdviceAttempted(
            batch=owed.batch, stan=owed.stan, attempt=advice.attempts + 1, detail=answer.words
        )
        if isinstance(answer, Answered):
            await stays_owed(context, advice, attempted)
        else:  # the line failed: the idle screen counts what waits, without a slip for each
            await Append.of(attempted)
        return answer
    if refund:
        await _refund_answered(owed, answer)
        return None
    taken = AdviceAnswered(
        batch=owed.batch,
        stan=owed.stan,
        response_code=answer.response_code,
        reference=answer.reference,
        authorisation_code=answer.authorisation_code,
    )
    if answer.is_approval:
        # kept until the batch is settled
        await Append.of(taken, card=card if is_on_a_line(context) else None)
    else:  # the goods are handed out and the acquirer refuses: the merchant must claim the money
        await Append.of(taken, await fault_slip(owed))
    return None


def _is_final(answer: Answered) -> bool:
    """Whether the advice need not be sent again; an approval in part is not final."""
    return answer.response_code not in TRY_AGAIN and not answer.is_part


async def _refund_answered(owed: Transaction, answer: Answered) -> None:
    """Record the final answer to a refund and queue its receipt: the cardholder has left."""
    approved = answer.is_approval
    result = Result.APPROVED if approved else Result.DECLINED
    outcome = answered(owed.payment, result, answer, owed.verification, owed.emv)
    if not approved:  # the cardholder already holds a receipt that promises the refund
        await Append.of(outcome, await fault_slip(owed))
        return
    job = await Look.of(Lookups.next_job)
    merchant = PrintQueued(job=job, copy=Copy.MERCHANT, batch=owed.batch, stan=owed.stan)
    await Append.of(outcome, merchant)
