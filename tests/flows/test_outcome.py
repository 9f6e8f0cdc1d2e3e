"""How a transaction ends on the display, effect by effect; half a minute to undo a sale."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from firmware.core.kinds import EmvData, Kind, ReversalCause, Verification
from firmware.flows.effects import (
    AskCardPresent,
    AskPaperStuck,
    AskPrinterState,
    PutBack,
    ReleasePaper,
    Wait,
)
from firmware.flows.outcome import finish, why_declined, why_undecided
from firmware.flows.steps import PHASE_MS
from firmware.iso8583.messages import Answered
from firmware.iso8583.responses import response_text
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import State
from firmware.payments.effects import Look
from firmware.payments.transact import (
    DECLINED_OFFLINE,
    PaymentApproved,
    PaymentDeclined,
    PaymentUndecided,
)
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text
from hw.events import CardInserted, CardRemoved, Key, KeyPressed
from hw.ports import PaperState
from tests.flows.records import (
    AUTHORISATION,
    REFERENCE,
    intent_of,
    is_approved,
    is_carried_out,
    original_on_display,
    transaction_of,
)
from tests.flows.script import Pair, desk, follow
from tests.flows.words import (
    CARDHOLDER_JOB,
    MERCHANT_JOB,
    NOW,
    REFUSAL_MS,
    SCREEN_MS,
    TICK_MS,
    agrees,
    approval_is_shown,
    approved_screen,
    beeps,
    card_is_asked_for,
    card_is_read,
    card_is_released,
    card_of_tray,
    facts_of,
    gives_up,
    is_on_display,
    it_is,
    nobody_comes,
    presses,
    refusal_is_shown,
    say,
    shows,
    tells,
)
from tests.payment import original_of

SALE, VOID = Kind.SALE, Kind.VOID
VISA = facts_of("visa-credit")
SOLD = transaction_of(intent_of(SALE, 800, VISA), State.APPROVED)
UNDONE = intent_of(VOID, 800, VISA, stan=2, original=original_of(SOLD), undo=True)
DONE = PaymentApproved(SOLD, MERCHANT_JOB, CARDHOLDER_JOB, NOW)
APPROVED = Answered("00", REFERENCE, AUTHORISATION)


SALE_SCREEN = (SALE, 800, Text.ENTER_NEXT_COPY)


def is_undone_by_cancel() -> list[Pair]:
    """CANCEL on the frame that offers it; both papers go out. It agrees to the void's own frame."""
    return [
        it_is(0),
        *is_on_display(approved_screen(*SALE_SCREEN, undo_s=30)),
        presses(Key.CANCEL, at_ms=600, timeout_ms=TICK_MS, card=True),
        (ReleasePaper(CARDHOLDER_JOB), None),
        shows(original_on_display(VOID, SOLD), at_ms=650),
        it_is(700),
        agrees(VOID, 800, shown_at_ms=650, at_ms=700, key="CANCEL"),
        (Look.of(Lookups.batch), 1),
    ]


def test_cancel_within_half_a_minute_takes_the_sale_back_with_the_card_still_in():
    card = card_of_tray("visa-credit")
    follow(
        finish(desk(), DONE),
        is_undone_by_cancel(),
        (AskCardPresent(used=True), True),  # the one that has paid will do
        card_is_read(card, VOID, 800),
        is_carried_out(UNDONE, APPROVED),
        is_approved(UNDONE, Verification.SIGNATURE),
        approval_is_shown(VOID, 800, "000002", undo_s=None),
    )


def test_card_that_was_taken_out_is_put_back_to_undo():
    follow(
        finish(desk(), DONE),
        is_undone_by_cancel(),
        (AskCardPresent(used=True), False),
        card_is_asked_for(VOID, 800, Text.CARD_BACK_FOR_UNDO)[1:],
        (Wait(SCREEN_MS, card=True), CardInserted(0)),
        (AskCardPresent(used=True), True),
        card_is_read(card_of_tray("visa-credit"), VOID, 800),
        is_carried_out(UNDONE, APPROVED),
        is_approved(UNDONE, Verification.SIGNATURE),
        approval_is_shown(VOID, 800, "000002", undo_s=None),
    )


def test_another_card_undoes_nothing():
    follow(
        finish(desk(), DONE),
        is_undone_by_cancel(),
        (AskCardPresent(used=True), True),
        card_is_read(card_of_tray("unionpay-debit"), VOID, 800),
        beeps(long=True),
        card_is_released(),
        card_is_asked_for(VOID, 800, Text.CARD_BACK_FOR_UNDO, say(Text.ANOTHER_CARD)),
        nobody_comes(card=True),
        card_is_released(),
        gives_up(VOID, "undo", "timed out", 800),
    )


def test_sale_that_was_settled_meanwhile_is_not_undone():
    *to_the_frame, _ = is_undone_by_cancel()
    follow(
        finish(desk(), DONE),
        to_the_frame,
        (Look.of(Lookups.batch), 2),
        tells(Text.REFUSED, Text.BATCH_SETTLED),
        gives_up(VOID, "undo", "batch_settled", 800),
    )


def test_cancel_typed_ahead_or_too_late_does_not_undo():
    waits = {"timeout_ms": TICK_MS, "card": True}
    follow(
        finish(desk(), DONE),
        it_is(0),
        is_on_display(approved_screen(*SALE_SCREEN, undo_s=30)),
        presses(Key.CANCEL, at_ms=599, **waits),
        beeps(),
        is_on_display(approved_screen(*SALE_SCREEN, undo_s=1), now_ms=29_500),
        presses(Key.CANCEL, at_ms=30_000, **waits),
        beeps(),
        is_on_display(approved_screen(*SALE_SCREEN), now_ms=30_000),
        presses(Key.ENTER, at_ms=30_500, **waits),
        (ReleasePaper(CARDHOLDER_JOB), None),
        it_is(30_600),
        (AskCardPresent(used=True), False),
    )


def test_second_copy_goes_out_by_itself_after_a_minute():
    follow(
        finish(desk(), DONE),
        it_is(0),
        is_on_display(approved_screen(*SALE_SCREEN, undo_s=30)),
        nobody_comes(TICK_MS, card=True),
        it_is(SCREEN_MS),
        (ReleasePaper(CARDHOLDER_JOB), None),
    )


def test_digit_begins_the_next_sale_and_is_left_to_it():
    pressed = KeyPressed(Key.D5, 2_000)
    follow(
        finish(desk(), DONE),
        it_is(0),
        is_on_display(approved_screen(*SALE_SCREEN, undo_s=30)),
        (Wait(TICK_MS, card=True), pressed),
        (PutBack(pressed), None),
        (ReleasePaper(CARDHOLDER_JOB), None),
    )


def test_card_is_seen_out():
    follow(
        finish(desk(), DONE),
        it_is(0),
        is_on_display(approved_screen(*SALE_SCREEN, undo_s=30)),
        presses(Key.ENTER, timeout_ms=TICK_MS, card=True),
        (ReleasePaper(CARDHOLDER_JOB), None),
        it_is(31_000),
        (AskCardPresent(used=True), True),
        it_is(31_000),
        is_on_display(approved_screen(SALE, 800, Text.REMOVE_CARD), now_ms=31_000),
        (Wait(TICK_MS, card=True), CardRemoved(32_000)),
        (AskCardPresent(used=True), False),
        it_is(32_000),
        (AskCardPresent(used=True), False),
    )


def test_approved_stays_approved_where_the_paper_does_not_come():
    follow(
        finish(desk(), DONE),
        it_is(0),
        it_is(0),
        (AskPaperStuck(MERCHANT_JOB), True),
        (AskPrinterState(), PaperState.COVER_OPEN),
        shows(approved_screen(SALE, 800, Text.APPROVED_SLIP_PENDING, undo_s=30)),
        nobody_comes(TICK_MS, card=True),
        it_is(PHASE_MS),
        (AskPaperStuck(MERCHANT_JOB), True),
        (AskPrinterState(), PaperState.COVER_OPEN),
        shows(approved_screen(SALE, 800, Text.PRINTER_COVER_OPEN, undo_s=28)),
        nobody_comes(TICK_MS, card=True),
        it_is(SCREEN_MS),
        (ReleasePaper(CARDHOLDER_JOB), None),
    )


@pytest.mark.parametrize("kind", [VOID, Kind.REFUND])
def test_void_and_refund_are_not_undone(kind: Kind):
    done = msgspec.structs.replace(DONE, transaction=msgspec.structs.replace(SOLD, kind=kind))
    follow(
        finish(desk(), done),
        it_is(0),
        is_on_display(approved_screen(kind, 800, Text.ENTER_NEXT_COPY)),
        presses(Key.CANCEL, timeout_ms=TICK_MS, card=True),
        beeps(),
        is_on_display(approved_screen(kind, 800, Text.ENTER_NEXT_COPY)),
        presses(Key.ENTER, timeout_ms=TICK_MS, card=True),
        (ReleasePaper(CARDHOLDER_JOB), None),
        it_is(0),
        (AskCardPresent(used=True), False),
    )


def test_refusal_says_why_and_that_nothing_was_charged():
    text = Phrase.of(response_text("54"))
    follow(finish(desk(), PaymentDeclined(SOLD, "54")), refusal_is_shown(SALE, 800, text, "54"))


@pytest.mark.parametrize(
    ("tvr", "text"),
    [
        ("", Text.DECLINED),
        ("0000000000", Text.DECLINED),
        ("0400000000", Text.CARD_NOT_GENUINE),  # CDA failed
        ("0440000000", Text.CARD_NOT_GENUINE),  # and expired: the graver is said
        ("0040000000", Text.CARD_EXPIRED),
        ("0000080000", Text.PIN_MISSING),
    ],
)
def test_card_that_declined_by_itself_says_why(tvr: str, text: Text):
    declined = replace(SOLD, offline=True, emv=EmvData(tvr=tvr))
    assert why_declined(PaymentDeclined(declined, DECLINED_OFFLINE)) == say(text)


def test_code_of_the_acquirer_is_never_taken_for_the_cards_own_word():
    declined = replace(SOLD, emv=EmvData(tvr="0040000000"))
    words = Phrase.of(response_text(DECLINED_OFFLINE))
    assert why_declined(PaymentDeclined(declined, DECLINED_OFFLINE)) == words


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (ReversalCause.TIMED_OUT, Text.NO_ANSWER),
        (ReversalCause.NO_LINE, Text.NO_ANSWER),
        (ReversalCause.GARBLED, Text.NO_ANSWER),
        (ReversalCause.CARD_GONE, Text.CARD_PULLED),
        (ReversalCause.CARD_SIGNATURE, Text.DECLINED),
    ],
)
def test_outcome_that_is_unknown_says_what_made_it_so(cause: ReversalCause, text: Text):
    assert why_undecided(PaymentUndecided(SOLD, reversed=True, cause=cause)) == say(text)


def test_key_typed_ahead_does_not_dismiss_a_refusal():
    text = Phrase.of(response_text("05"))
    beep, shown, _ = refusal_is_shown(SALE, 800, text, "05")
    follow(
        finish(desk(), PaymentDeclined(SOLD, "05")),
        beep,
        shown,
        presses(Key.ENTER, at_ms=-1, timeout_ms=REFUSAL_MS),
        nobody_comes(REFUSAL_MS),
    )
