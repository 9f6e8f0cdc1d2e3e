"""The commit of a payment: intent, acquirer, card, outcome, in that order.

Sale, void and refund all pass through `transact`; what differs between them is the order and what
the card still has to say after the acquirer has answered. Nothing here shows anything: what became
of a payment is a code, which `firmware.flows` says on the display.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct
from msgspec.structs import replace

from firmware.core.kinds import Copy, EmvData, EntryStep, Kind, NotBegun, Result, ReversalCause
from firmware.core.payment import Payment
from firmware.iso8583.messages import (
    Answered,
    FinancialRequest,
    HostAnswer,
    NoAnswer,
    NoAnswerReason,
)
from firmware.journal.advice_records import AdviceQueued
from firmware.journal.lookups import Lookups
from firmware.journal.numbers import Numbers
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import EntryAbandoned, IntentRecorded, OutcomeRecorded
from firmware.journal.transactions import Transaction
from firmware.payments.advice import is_advice, send_advices
from firmware.payments.batch_upload import keeps_chip
from firmware.payments.context import Context, Progress, Stage, is_on_a_line
from firmware.payments.effects import Append, Authorise, Look, Moment, ReadClock
from firmware.payments.line import follow
from firmware.payments.order import Ready, Source
from firmware.payments.outcomes import answered, unanswered
from firmware.payments.refusals import Code, Refusal
from firmware.payments.reverse import reverse
from firmware.payments.roles import Role, role_of
from firmware.payments.scripts import queue_script

APPROVED_OFFLINE, DECLINED_OFFLINE = "Y1", "Z1"  # EMV 4.4 Book 4, Annex A6
NO_ANSWER = {
    NoAnswerReason.TIMED_OUT: ReversalCause.TIMED_OUT,
    NoAnswerReason.NO_LINE: ReversalCause.NO_LINE,
    NoAnswerReason.GARBLED: ReversalCause.GARBLED,
}


class CardWord(Struct, frozen=True):
    """How the card session ended; `against` is why an approval cannot stand, None where it can."""

    against: ReversalCause | None
    emv: EmvData
    scripts: bytes = b""  # field 55 with the results of the issuer's scripts
    chip: bytes = b""  # field 55 with the TC, of a card that approved at the second GENERATE AC


class PaymentApproved(Struct, frozen=True):
    """Approved and recorded; the print jobs of the copies, equal for one paper, 0 for none."""

    transaction: Transaction
    merchant_job: int
    cardholder_job: int
    at: Moment


class PaymentDeclined(Struct, frozen=True):
    """Declined and recorded: nothing moved. `code` is field 39 of the answer.

    DECLINED_OFFLINE where card or terminal declined by themselves: the TVR in `transaction.emv`
    tells why.
    """

    transaction: Transaction
    code: str


class PaymentPending(Struct, frozen=True):
    """A refund without an answer, on a line where it is repeated until it has one.

    It may stand at the acquirer and is never reversed; the papers say so.
    """

    transaction: Transaction


class PaymentUnsent(Struct, frozen=True):
    """A refund that has not left the terminal: nothing moved, and nothing is owed."""

    transaction: Transaction


class PaymentUndecided(Struct, frozen=True):
    """No answer, or the card was lost after one: reversed, or a reversal is owed."""

    transaction: Transaction
    reversed: bool
    cause: ReversalCause


PaymentEnded = (
    PaymentApproved | PaymentDeclined | PaymentPending | PaymentUnsent | PaymentUndecided | Refusal
)
CardEnd = Callable[[HostAnswer], Awaitable[CardWord]]


async def transact(context: Context, ready: Ready, end_with_card: CardEnd) -> PaymentEnded:
    """Carry a payment out and say how it ended. The intent is durable before the acquirer is asked.

    A refusal, and nothing begun, where the open batch has given out every voucher number there is.
    """
    moment = await ReadClock()
    numbers = await Look.of(Lookups.next_numbers, training=context.training)
    if numbers.used_up:
        kind, amount = ready.agreed.kind, ready.agreed.amount
        step, why = EntryStep.VOUCHER_NUMBER.value, NotBegun.BATCH_FULL.value
        given_up = EntryAbandoned(kind=kind, step=step, reason=why, amount_minor=amount.minor)
        await Append.of(given_up)
        return Refusal(Code.BATCH_FULL)
    payment = payment_of(context, ready, numbers, moment)
    if ready.offline is not None:
        return await _offline(context, ready, payment)
    await context.progress(Progress(Stage.CONNECTING, payment.kind, payment.amount))
    kept = is_on_a_line(context) and not context.training
    await Append.of(intent_of(ready, payment), card=ready.card if kept else None)
    answer = await Authorise(FinancialRequest(payment, ready.card))
    word = await end_with_card(answer)
    await queue_script(context, payment, word.scripts)
    ended = await _recorded(context, payment, replace(ready, emv=word.emv), answer, word)
    if not isinstance(ended, PaymentUndecided):  # sending the reversal has signed on already
        await follow(context, answer)
    return ended


async def _recorded(
    context: Context, payment: Payment, ready: Ready, answer: HostAnswer, word: CardWord
) -> PaymentEnded:
    """Record how a payment ended, by the acquirer's answer and the end of the card session."""
    if isinstance(answer, NoAnswer):
        return await _undecided(context, payment, ready, NO_ANSWER[answer.reason])
    if answer.is_part:
        return await _undecided(context, payment, ready, ReversalCause.PART)
    if answer.in_doubt:
        return await _undecided(context, payment, ready, ReversalCause.HOST_FAULT)
    if not answer.is_approval:
        await Append.of(outcome_of(context, payment, ready, Result.DECLINED, answer))
        return PaymentDeclined(await _transaction(payment), answer.response_code)
    if word.against is not None:
        return await _undecided(context, payment, ready, word.against)
    outcome = outcome_of(context, payment, ready, Result.APPROVED, answer, chip=word.chip)
    copies = await _copies(context, payment, ready.agreed.order.source)
    await Append.of(outcome, *copies)
    return await _done(payment, copies)


async def _undecided(
    context: Context, payment: Payment, ready: Ready, cause: ReversalCause
) -> PaymentPending | PaymentUnsent | PaymentUndecided:
    """Reverse what may stand at the acquirer; a refund on its line is repeated instead."""
    if not is_advice(context, payment):
        done = await reverse(context, payment, cause)
        return PaymentUndecided(await _transaction(payment), done, cause)
    if cause is ReversalCause.NO_LINE:  # it has certainly not left: it can be keyed again
        await Append.of(unanswered(payment, Result.FAILED, cause))
        return PaymentUnsent(await _transaction(payment))
    emv = replace(ready.emv, test_keys=context.config.emv.test_keys)
    outcome = unanswered(payment, Result.PENDING, cause, ready.verification, emv)
    copies = both_copies(payment, await Look.of(Lookups.next_job))
    await Append.of(outcome, copies[0], replace(copies[1], held=False))
    return PaymentPending(await _transaction(payment))


async def _offline(
    context: Context, ready: Ready, payment: Payment
) -> PaymentApproved | PaymentDeclined:
    """Record in one commit what the card decided offline; then send the advice of an approval.

    The answer to the advice changes nothing: the card has approved. Without one it is sent again.
    """
    intent = intent_of(ready, payment)
    if ready.offline is Result.APPROVED:
        outcome = outcome_of(context, payment, ready, Result.APPROVED, Answered(APPROVED_OFFLINE))
        copies = await _copies(context, payment, ready.agreed.order.source)
        owed = AdviceQueued(batch=payment.batch, stan=payment.stan)
        await Append.of(intent, outcome, owed, *copies, card=ready.card)
        await send_advices(context)
        return await _done(payment, copies)
    chip = ready.card.de55 if payment.kind is Kind.SALE else b""
    answer = Answered(DECLINED_OFFLINE)
    outcome = outcome_of(context, payment, ready, Result.DECLINED, answer, chip=chip)
    await Append.of(intent, outcome, card=ready.card if outcome.chip_data else None)
    return PaymentDeclined(await _transaction(payment), DECLINED_OFFLINE)


async def _done(payment: Payment, copies: tuple[PrintQueued, ...]) -> PaymentApproved:
    transaction = await _transaction(payment)
    first, last = (copies[0].job, copies[-1].job) if copies else (0, 0)
    return PaymentApproved(transaction, first, last, await ReadClock())


async def _copies(context: Context, payment: Payment, source: Source) -> tuple[PrintQueued, ...]:
    """The papers of an approval; at a kiosk the cardholder copy alone: nobody keeps the other.

    For a till's order `api.receipts` says whether they are printed, wait for a key, or whether
    the till prints instead.
    """
    if source is Source.TILL and context.config.api.receipts == "till":
        return ()
    copies = both_copies(payment, await Look.of(Lookups.next_job))
    if source is Source.TILL and context.config.api.receipts == "print":
        copies = (copies[0], replace(copies[1], held=False))
    elif source is Source.TILL and role_of(context) is Role.CUSTOMER:
        return (replace(copies[1], job=copies[0].job),)
    if role_of(context) is not Role.CUSTOMER:
        return copies
    return (replace(copies[0], copy=Copy.CARDHOLDER),)


def both_copies(payment: Payment, job: int) -> tuple[PrintQueued, PrintQueued]:
    """Both copies, to be queued in the commit that approves; the second waits for a key."""
    first = PrintQueued(
        job=job,
        copy=Copy.MERCHANT,
        batch=payment.batch,
        stan=payment.stan,
        training=payment.training,
    )
    return first, replace(first, job=job + 1, copy=Copy.CARDHOLDER, held=True)


async def _transaction(payment: Payment) -> Transaction:
    batch, stan = payment.batch, payment.stan
    found = await Look.of(Lookups.transaction, batch, stan, training=payment.training)
    assert found is not None, "an intent that was recorded is found"
    return found


def payment_of(context: Context, ready: Ready, numbers: Numbers, moment: Moment) -> Payment:
    """What was agreed to, under the number that it now gets."""
    agreed, merchant = ready.agreed, context.config.merchant
    return Payment(
        kind=agreed.kind,
        terminal=merchant.terminal,
        merchant=merchant.number,
        batch=numbers.batch,
        stan=numbers.stan,
        amount=agreed.amount,
        date=moment.date,
        time=moment.time,
        operator=context.operator,
        original=agreed.order.original,
        order_id=agreed.order.order_id,
        order_reference=agreed.order.reference if agreed.order.order_id else "",
        training=context.training,
        merchant_name=merchant.name,
        store=merchant.store,
    )


def intent_of(ready: Ready, payment: Payment) -> IntentRecorded:
    """What has to be durable before the acquirer is asked for `payment`."""
    agreed = ready.agreed
    return IntentRecorded.of(
        payment, ready.facts, frame_sha256=agreed.frame_sha256, undo=agreed.order.undo
    )


def outcome_of(
    context: Context,
    payment: Payment,
    ready: Ready,
    result: Result,
    answer: Answered,
    *,
    chip: bytes = b"",
) -> OutcomeRecorded:
    """The record of the outcome: the acquirer's answer, and the terminal's own `result`."""
    offline = ready.offline is not None
    emv = replace(ready.emv, test_keys=context.config.emv.test_keys)
    kept = chip if keeps_chip(context) else b""
    return answered(payment, result, answer, ready.verification, emv, offline=offline, chip=kept)
