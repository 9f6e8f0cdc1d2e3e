"""The records and requests of a transaction on its way, as a script expects them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from firmware.acquirer.cryptogram import IssuerKey, issuer_authentication_data
from firmware.core.kinds import (
    CardFacts,
    Copy,
    Kind,
    OriginalRef,
    Result,
    ReversalCause,
    Verification,
)
from firmware.core.masked import Pan, Pin, Track2
from firmware.emv import tlv
from firmware.iso8583.messages import (
    Answered,
    CardPresented,
    FinancialRequest,
    HostAnswer,
    ReversalRequest,
)
from firmware.journal.lookups import Lookups
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import (
    IntentRecorded,
    OutcomeRecorded,
    ReversalAttempted,
    ReversalConfirmed,
    ReversalOpened,
)
from firmware.journal.transactions import Reversal, State, Transaction
from firmware.lab.issuers import tray_books
from firmware.payments.effects import Append, Authorise, Look, ReadClock
from firmware.receipts.sheet import masked_number
from firmware.ui.screens import Original, Phrase, Processing
from firmware.ui.texts import Text
from tests.flows.script import ANYTHING, CARD_KEY, Pair, desk
from tests.flows.words import (
    BATCH,
    CARDHOLDER_JOB,
    CHECK_MS,
    MERCHANT_JOB,
    NOW,
    SCREEN_MS,
    STAN,
    card_is_released,
    next_job,
    nobody_comes,
    nothing_is_owed,
    say,
    shows,
    stands_in_the_journal,
    takes_its_number,
    tells,
)
from tests.journal.story import FRAME_SHA256
from tests.payment import payment, yuan

REFERENCE, AUTHORISATION = "632600000001", "778997"


def intent_of(
    kind: Kind,
    minor: int,
    card: CardFacts,
    *,
    stan: int = STAN,
    original: OriginalRef | None = None,
    undo: bool = False,
) -> IntentRecorded:
    """What is durable before the host is asked."""
    paid = payment(
        kind=kind,
        batch=BATCH,
        stan=stan,
        amount=yuan(minor),
        date=NOW.date,
        time=NOW.time,
        original=original,
    )
    return IntentRecorded.of(paid, card, frame_sha256=FRAME_SHA256, undo=undo)


# What the cards of these stories say of themselves; field 55 is that of a sale of 8.00 at NOW.
_CARDS = (
    CardPresented(  # visa-credit
        pan=Pan("4761739001010010"),
        psn="01",
        expiry="4912",
        track2=Track2("4761739001010010=49122010000000000"),
        de55=bytes.fromhex(
            "9F26089C3F6ED43321893D9F2701809F100706010A03A000029F3704000102039F360200019505000000"
            "80009A032611229C01009F02060000000008005F2A02015682023C009F1A0201569F0306000000000000"
            "9F330320F8C89F34035E03009F3501229F1E0831303030303030318407A00000000310109F090200969F"
            "4104000000015F340101"
        ),
    ),
    CardPresented(  # unionpay-debit
        pan=Pan("6250946000000016"),
        psn="01",
        expiry="4912",
        track2=Track2("6250946000000016=49122010000000000"),
        de55=bytes.fromhex(
            "9F26084F9F2FD2BAA7EFDF9F2701809F100807011203A00002019F3704000102039F3602000195050000"
            "0480009A032611229C01009F02060000000008005F2A02015682023C009F1A0201569F03060000000000"
            "009F330320F8C89F34034203009F3501229F1E0831303030303030318408A0000003330101019F090200"
            "309F4104000000015F340101"
        ),
    ),
)


def request_of(intent: IntentRecorded, pin: str = "") -> Authorise:
    """What the host is asked: about this very card, with the PIN that was keyed for it.

    Field 55 goes with a sale alone: the chip of a card that is only identified decides nothing.
    """
    (known,) = (one for one in _CARDS if one.pan.keyed_hash(CARD_KEY) == intent.card.hash)
    card = msgspec.structs.replace(
        known,
        psn=intent.card.psn,
        pin=Pin(pin) if pin else None,
        de55=known.de55 if intent.kind is Kind.SALE else b"",
    )
    return Authorise(FinancialRequest(intent.payment, card))


def issuer_approves(name: str) -> Callable[[Authorise], Answered]:
    """The issuer of a card of the tray approves, and proves to the card who it is."""
    (account,) = (one for one in tray_books() if one.name == name)
    issuer = IssuerKey(account.imk_ac, account.pan, account.psn, account.cvn, account.arpc_method)

    def answer(asked: Authorise) -> Answered:
        assert isinstance(asked.request, FinancialRequest)
        chip = {f"{one.tag:X}": one.value for one in tlv.parse(asked.request.card.de55)}
        proof = issuer_authentication_data(issuer, chip, "00")
        return Answered("00", REFERENCE, AUTHORISATION, proof)

    return answer


def outcome_of(
    intent: IntentRecorded, result: Result, code: str, verification: Verification
) -> OutcomeRecorded:
    """What host and card have said."""
    approved = result is Result.APPROVED
    return OutcomeRecorded(
        kind=intent.kind,
        batch=intent.batch,
        stan=intent.stan,
        result=result,
        response_code=code,
        authorisation_code=AUTHORISATION if approved else "",
        reference=REFERENCE if approved else "",
        verification=verification,
        emv=ANYTHING,
    )


def both_slips(intent: IntentRecorded) -> tuple[PrintQueued, PrintQueued]:
    """Both copies are owed; the cardholder's waits for a key."""
    merchants = PrintQueued(
        job=MERCHANT_JOB, copy=Copy.MERCHANT, batch=intent.batch, stan=intent.stan
    )
    return merchants, msgspec.structs.replace(
        merchants, job=CARDHOLDER_JOB, copy=Copy.CARDHOLDER, held=True
    )


def transaction_of(
    intent: IntentRecorded, state: State, *, reference: str = REFERENCE, **more: Any
) -> Transaction:
    """The journal's row of an intent."""
    named = {name: getattr(intent, name) for name in IntentRecorded.__struct_fields__}
    return Transaction(**named, state=state, reference=reference, **more)


def reversal_opens(intent: IntentRecorded, reason: str) -> list[Pair]:
    """Recorded before it is sent; the card may be taken out."""
    opened = ReversalOpened(batch=intent.batch, stan=intent.stan, reason=reason)
    reversing = Processing(
        intent.kind, yuan(intent.amount_minor), say(Text.REVERSING), keep_card=False
    )
    return [(Append.of(opened), None), shows(reversing)]


def reversal_is_sent(
    owed: Transaction, reason: str, answer: HostAnswer, *, attempts: int = 0, told: bool = False
) -> list[Pair]:
    """The host is asked to undo whatever the intent did."""
    cause = ReversalCause(reason)
    last4 = owed.card.last4
    request = ReversalRequest(owed.payment, NOW.date, NOW.time, last4=last4, cause=cause)
    reversal = Reversal(transaction=owed, reason=cause, attempts=attempts, told=told)
    return [
        (Look.of(Lookups.reversals), [reversal]),
        (ReadClock(), NOW),
        (Authorise(request), answer),
    ]


def owed_reversal_is_sent(
    owed: Transaction, answer: HostAnswer, *, attempts: int = 0, told: bool = False
) -> list[Pair]:
    """All that is owed is sent, which is this one reversal."""
    looked, *asked = reversal_is_sent(owed, "power lost", answer, attempts=attempts, told=told)
    return [looked, (Look.of(Lookups.advices), []), *asked]


def reversal_is_confirmed(owed: Transaction, code: str = "00") -> Pair:
    """Nothing of it stands."""
    confirmed = ReversalConfirmed(batch=owed.batch, stan=owed.stan, response_code=code)
    return Append.of(confirmed), None


def reversal_stays_owed(owed: Transaction, attempt: int, detail: str) -> Pair:
    """It is tried again: on a timer, before the next sale, settlement and sign-off."""
    attempted = ReversalAttempted(batch=owed.batch, stan=owed.stan, attempt=attempt, detail=detail)
    return Append.of(attempted), None


def reversal_is_named(owed: Transaction) -> tuple[Pair, Phrase]:
    """What is owed is looked up, to be named by its voucher number and amount."""
    name = f"{owed.stan:06d} {yuan(owed.amount_minor)}"
    reversal = Reversal(transaction=owed, reason="power lost", attempts=1)
    return (Look.of(Lookups.reversals), [reversal]), Phrase.of((name, name))


def refuses_before_the_reversal(owed: Transaction) -> list[Pair]:
    """Nothing begins, and the display says for which voucher."""
    looked_up, name = reversal_is_named(owed)
    return [looked_up, *tells(Text.REFUSED, Text.REVERSAL_FIRST, name)]


def original_on_display(kind: Kind, sale: Transaction, left_minor: int | None = None) -> Original:
    """The sale to be taken back, with all that tells it from another."""
    return Original(
        kind,
        card=masked_number(sale.card, show_first6=True),
        amount=yuan(sale.amount_minor),
        left=None if left_minor is None else yuan(left_minor),
        date="2026-11-22",
        time="09:00",
        operator="01",
        voucher=f"{sale.stan:06d}",
        owner=desk().owner,
    )


def original_is_left_alone(
    kind: Kind, sale: Transaction, left_minor: int | None = None
) -> list[Pair]:
    """Nobody presses a key, though the last row takes its turns for a minute."""
    screen = original_on_display(kind, sale, left_minor)
    turns = range(SCREEN_MS // CHECK_MS)
    return [
        pair
        for phase in turns
        for pair in (shows(msgspec.structs.replace(screen, phase=phase)), nobody_comes(CHECK_MS))
    ]


def is_carried_out(intent: IntentRecorded, answer: HostAnswer, pin: str = "") -> list[Pair]:
    """Intent first, then the host; the card of a void or refund has no more say."""
    kind, minor = intent.kind, intent.amount_minor
    return [
        *nothing_is_owed(),
        *takes_its_number(kind, minor, intent.stan),
        (Append.of(intent), None),
        (request_of(intent, pin), answer),
    ]


def is_approved(intent: IntentRecorded, verification: Verification) -> list[Pair]:
    """Outcome and both papers in one commit."""
    outcome = outcome_of(intent, Result.APPROVED, "00", verification)
    return [
        next_job(),
        (Append.of(outcome, *both_slips(intent)), None),
        stands_in_the_journal(transaction_of(intent, State.APPROVED)),
        (ReadClock(), NOW),
        *card_is_released(),
    ]
