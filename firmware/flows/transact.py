"""The commit of a transaction: intent, host, card, outcome, in that order.

Sale, void and refund all pass through `transact`; what differs between them is the request and
what the card still has to say after the host has answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct
from msgspec.structs import replace

from firmware.effects import Authorise, Look, Moment, Now, Record
from firmware.flows.desk import Desk
from firmware.flows.parts import Agreed, abandon, show, tell
from firmware.flows.permissions import Role, role_of
from firmware.flows.reasons import why_declined
from firmware.flows.reverse import reverse
from firmware.flows.uploads import send_uploads
from firmware.host.messages import Answered, CardPresented, FinancialRequest, HostAnswer, NoAnswer
from firmware.host.responses import response_text
from firmware.journal.queries import NextJob, NextNumbers, Numbers, TransactionByNumber
from firmware.journal.records import (
    CardFacts,
    Copy,
    EmvData,
    IntentRecorded,
    OriginalRef,
    OutcomeRecorded,
    PrintQueued,
    Result,
    UploadQueued,
    Verification,
)
from firmware.journal.transactions import Transaction
from firmware.ui.screens import Phrase, Processing
from firmware.ui.texts import Text

APPROVED_CODE = "00"


class Deal(Struct, frozen=True):
    """A transaction that everybody has agreed to, before it has a number."""

    agreed: Agreed
    facts: CardFacts
    card: CardPresented
    verification: Verification
    emv: EmvData
    original: OriginalRef | None = None
    undo: bool = False
    offline: Result | None = None  # the card decided without the host


class CardWord(Struct, frozen=True):
    """What the card said after the host: `accepted`, or why not. `emv` is the last data."""

    accepted: bool
    reason: str
    emv: EmvData


class Done(Struct, frozen=True):
    """Approved and recorded, with the print jobs of both copies."""

    transaction: Transaction
    merchant_job: int
    cardholder_job: int
    at: Moment


class Refused(Struct, frozen=True):
    """Declined and recorded: nothing moved. `text` says why."""

    transaction: Transaction
    code: str
    text: Phrase


class Undecided(Struct, frozen=True):
    """No answer, or the card was lost after one: reversed, or a reversal is owed."""

    transaction: Transaction
    reversed: bool
    text: Phrase


Ended = Done | Refused | Undecided
CardEnd = Callable[[HostAnswer], Awaitable[CardWord]]


async def transact(desk: Desk, deal: Deal, end_with_card: CardEnd) -> Ended | None:
    """Carry one deal out and say how it ended. The intent is durable before the host is asked.

    None, and nothing begun, where the open batch has given out every voucher number there is.
    """
    moment = await Now()
    numbers = await Look(NextNumbers(training=desk.training))
    if numbers.used_up:
        await tell(desk, Text.REFUSED, Text.BATCH_FULL)
        await abandon(deal.agreed.kind, "voucher number", "batch full", deal.agreed.amount)
        return None
    intent = _intent(desk, deal, numbers, moment)
    if deal.offline is not None:
        return await _offline(desk, deal, intent)
    await show(
        desk,
        Processing(
            deal.agreed.kind,
            deal.agreed.amount,
            Phrase.of(Text.CONNECTING),
            keep_card=True,
            training=desk.training,
        ),
    )
    await Record.of(intent)
    answer = await Authorise(_request(desk, deal, intent))
    word = await end_with_card(answer)
    deal = replace(deal, emv=word.emv)
    if isinstance(answer, NoAnswer):
        text = Phrase.of(Text.NO_ANSWER)
        return await _undecided(desk, intent, deal, f"no answer: {answer.words}", text)
    if answer.response_code != APPROVED_CODE:
        return await _declined(desk, intent, deal, answer)
    if not word.accepted:
        text = Phrase.of(Text.CARD_PULLED if word.reason == "card gone" else Text.DECLINED)
        return await _undecided(desk, intent, deal, f"card: {word.reason}", text)
    return await _approved(desk, intent, deal, answer)


async def _approved(desk: Desk, intent: IntentRecorded, deal: Deal, answer: Answered) -> Done:
    outcome = _outcome(desk, intent, deal, Result.APPROVED, answer)
    copies = await _copies(desk, intent)
    await Record.of(outcome, *copies)
    return await _done(desk, intent, copies)


async def _declined(desk: Desk, intent: IntentRecorded, deal: Deal, answer: Answered) -> Refused:
    await Record.of(_outcome(desk, intent, deal, Result.DECLINED, answer))
    text = Phrase.of(response_text(answer.response_code))
    return Refused(await _transaction(desk, intent), answer.response_code, text)


async def _undecided(
    desk: Desk, intent: IntentRecorded, deal: Deal, reason: str, text: Phrase
) -> Undecided:
    done = await reverse(desk, intent, deal.agreed.amount, reason)
    return Undecided(await _transaction(desk, intent), done, text)


async def _offline(desk: Desk, deal: Deal, intent: IntentRecorded) -> Done | Refused:
    """The card's own decision: intent and outcome in one commit, and the host is told at once.

    Its answer changes nothing, for the card has approved; without one it is told again later.
    """
    result = deal.offline
    assert result is not None
    code = "Y1" if result is Result.APPROVED else "Z1"
    outcome = _outcome(desk, intent, deal, result, Answered(code), offline=True)
    if result is Result.APPROVED:
        copies = await _copies(desk, intent)
        owed = UploadQueued(batch=intent.batch, stan=intent.stan)
        await Record.of(intent, outcome, owed, *copies, card=deal.card)
        await send_uploads(desk)
        return await _done(desk, intent, copies)
    await Record.of(intent, outcome)
    return Refused(await _transaction(desk, intent), code, why_declined(deal.emv.tvr))


async def _done(desk: Desk, intent: IntentRecorded, copies: tuple[PrintQueued, ...]) -> Done:
    transaction = await _transaction(desk, intent)
    return Done(transaction, copies[0].job, copies[-1].job, await Now())


async def _copies(desk: Desk, intent: IntentRecorded) -> tuple[PrintQueued, ...]:
    """The papers of an approval; at a kiosk the cardholder's alone, for nobody keeps the other."""
    copies = both_copies(intent, await Look(NextJob()))
    if role_of(desk) is not Role.CUSTOMER:
        return copies
    return (replace(copies[0], copy=Copy.CARDHOLDER),)


def both_copies(intent: IntentRecorded, job: int) -> tuple[PrintQueued, PrintQueued]:
    """Both papers are owed from the very commit that approves; the second waits for a key."""

    def copy_of(copy: Copy, number: int, *, held: bool) -> PrintQueued:
        return PrintQueued(
            job=number,
            copy=copy,
            batch=intent.batch,
            stan=intent.stan,
            training=intent.training,
            held=held,
        )

    return (
        copy_of(Copy.MERCHANT, job, held=False),
        copy_of(Copy.CARDHOLDER, job + 1, held=True),
    )


async def _transaction(desk: Desk, intent: IntentRecorded) -> Transaction:
    found = await Look(TransactionByNumber(intent.batch, intent.stan, training=desk.training))
    assert found is not None, "an intent that was recorded is found"
    return found


def _intent(desk: Desk, deal: Deal, numbers: Numbers, moment: Moment) -> IntentRecorded:
    merchant = desk.config.merchant
    return IntentRecorded(
        kind=deal.agreed.kind,
        batch=numbers.batch,
        stan=numbers.stan,
        amount_minor=deal.agreed.amount.minor,
        currency=deal.agreed.amount.currency.alpha,
        card=deal.facts,
        operator=desk.operator,
        merchant=merchant.number,
        merchant_name=merchant.name,
        store=merchant.store,
        terminal=merchant.terminal,
        date=moment.date,
        time=moment.time,
        frame_sha256=deal.agreed.frame_sha256,
        original=deal.original,
        undo=deal.undo,
        training=desk.training,
    )


def _request(desk: Desk, deal: Deal, intent: IntentRecorded) -> FinancialRequest:
    original = deal.original
    return FinancialRequest(
        kind=intent.kind,
        terminal=intent.terminal,
        merchant=intent.merchant,
        batch=intent.batch,
        stan=intent.stan,
        amount_minor=intent.amount_minor,
        currency=desk.config.currency.numeric,
        date=intent.date,
        time=intent.time,
        card=deal.card,
        operator=intent.operator,
        original_batch=original.batch if original else 0,
        original_stan=original.stan if original else 0,
        original_reference=original.reference if original else "",
        original_date=original.date if original else "",
        training=intent.training,
    )


def _outcome(
    desk: Desk,
    intent: IntentRecorded,
    deal: Deal,
    result: Result,
    answer: Answered,
    *,
    offline: bool = False,
) -> OutcomeRecorded:
    return OutcomeRecorded(
        kind=intent.kind,
        batch=intent.batch,
        stan=intent.stan,
        result=result,
        response_code=answer.response_code,
        authorisation_code=answer.authorisation_code,
        reference=answer.reference,
        verification=deal.verification,
        emv=replace(deal.emv, test_keys=desk.test_keys),
        offline=offline,
        training=intent.training,
    )
