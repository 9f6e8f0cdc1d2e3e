"""消费, effect by effect: what the terminal asks of the world, in order, and what it answers."""

from __future__ import annotations

from firmware.core.kinds import Kind, Result, Verification
from firmware.flows.sale import sale
from firmware.iso8583.messages import Answered, NoAnswer, NoAnswerReason
from firmware.iso8583.responses import response_text
from firmware.journal.transactions import State
from firmware.payments.effects import Append, ReadClock
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text
from hw.events import Key
from tests.flows.records import (
    both_slips,
    intent_of,
    issuer_approves,
    outcome_of,
    refuses_before_the_reversal,
    request_of,
    reversal_is_confirmed,
    reversal_is_sent,
    reversal_opens,
    reversal_stays_owed,
    transaction_of,
)
from tests.flows.script import TheChip, desk, follow
from tests.flows.words import (
    CHECK_MS,
    NOW,
    a_sale_may_begin,
    agrees,
    amount_check,
    amount_entry,
    approval_is_shown,
    beeps,
    card_is_asked_for,
    card_is_put_in,
    card_is_released,
    card_of_tray,
    eight_yuan_is_keyed,
    facts_of,
    gives_up,
    is_reading,
    next_job,
    nobody_comes,
    pin_is_keyed,
    presses,
    refusal_is_shown,
    say,
    shows,
    stands_in_the_journal,
    takes_its_number,
    was_not_charged_a_moment_ago,
)

SALE = Kind.SALE
VISA, UNIONPAY = facts_of("visa-credit"), facts_of("unionpay-debit")
SIGNED = intent_of(SALE, 800, VISA)
WITH_PIN = intent_of(SALE, 800, UNIONPAY)


def agreed_on_eight_yuan():
    return [
        *a_sale_may_begin(),
        *eight_yuan_is_keyed(),
        shows(amount_check(SALE, 800)),
        presses(Key.ENTER, timeout_ms=CHECK_MS),
        agrees(SALE, 800),
    ]


def host_is_asked(card, answer):
    """Eight yuan are agreed on, the card wants the host, and the intent is on record before."""
    return [
        *agreed_on_eight_yuan(),
        *card_is_put_in(card, SALE, 800),
        *was_not_charged_a_moment_ago(VISA, 800),
        TheChip(card),
        *takes_its_number(SALE, 800),
        (Append.of(SIGNED), None),
        (request_of(SIGNED), answer),
    ]


def test_sale_is_approved_online_by_the_shortest_path():
    card = card_of_tray("visa-credit")
    follow(
        sale(desk(), Key.D8),
        # 1. May a sale begin?
        a_sale_may_begin(),
        # 2. The amount.
        eight_yuan_is_keyed(),
        # 3. The amount check: this very frame is what the sale is bound to.
        shows(amount_check(SALE, 800), at_ms=20_000),
        presses(Key.ENTER, at_ms=20_600, timeout_ms=CHECK_MS),
        agrees(SALE, 800, shown_at_ms=20_000, at_ms=20_600),
        # 4. The card.
        card_is_put_in(card, SALE, 800),
        was_not_charged_a_moment_ago(VISA, 800),
        # 5. Its kernel; this card asks for a signature.
        TheChip(card),
        # 6. Intent, host, card, outcome, in this order.
        takes_its_number(SALE, 800),
        (Append.of(SIGNED), None),
        (request_of(SIGNED), issuer_approves("visa-credit")),
        TheChip(card),
        next_job(),
        (
            Append.of(
                outcome_of(SIGNED, Result.APPROVED, "00", Verification.SIGNATURE),
                *both_slips(SIGNED),
            ),
            None,
        ),
        stands_in_the_journal(transaction_of(SIGNED, State.APPROVED)),
        (ReadClock(), NOW),
        card_is_released(),
        # 7–8. Outcome and slips, with half a minute to undo it.
        approval_is_shown(SALE, 800, "000001", undo_s=30),
    )


def test_pin_goes_to_the_host_with_the_amount_in_sight():
    card = card_of_tray("unionpay-debit")
    follow(
        sale(desk(), Key.D8),
        agreed_on_eight_yuan(),
        card_is_put_in(card, SALE, 800),
        was_not_charged_a_moment_ago(UNIONPAY, 800),
        TheChip(card),
        pin_is_keyed(SALE, 800, "123456"),
        is_reading(SALE, 800),
        TheChip(card),
        takes_its_number(SALE, 800),
        (Append.of(WITH_PIN), None),
        (request_of(WITH_PIN, pin="123456"), Answered("51")),
        TheChip(card),
        (Append.of(outcome_of(WITH_PIN, Result.DECLINED, "51", Verification.PIN)), None),
        stands_in_the_journal(transaction_of(WITH_PIN, State.DECLINED, reference="")),
        card_is_released(),
        refusal_is_shown(SALE, 800, Phrase.of(response_text("51")), "51"),
    )


def test_keys_typed_ahead_of_the_amount_check_do_not_approve():
    """ENTER counts once the frame has been on the display for 600 ms, and no other key does."""
    follow(
        sale(desk(), Key.D8),
        a_sale_may_begin(),
        eight_yuan_is_keyed(),
        shows(amount_check(SALE, 800), at_ms=20_000),
        presses(Key.ENTER, at_ms=19_990, timeout_ms=CHECK_MS),  # before it was there
        beeps(),
        shows(amount_check(SALE, 800), at_ms=20_000),
        presses(Key.ENTER, at_ms=20_599, timeout_ms=CHECK_MS),  # a bounce, or a double press
        beeps(),
        shows(amount_check(SALE, 800), at_ms=20_000),
        presses(Key.D1, at_ms=21_000, timeout_ms=CHECK_MS),  # not ENTER
        beeps(),
        shows(amount_check(SALE, 800), at_ms=20_000),
        presses(Key.CANCEL, at_ms=19_995, timeout_ms=CHECK_MS),  # neither does it cancel
        beeps(),
        shows(amount_check(SALE, 800), at_ms=20_000),
        presses(Key.CANCEL, at_ms=22_000, timeout_ms=CHECK_MS),
        gives_up(SALE, "amount check", "cancelled", 800),
        # back at the amount, which stands there to be changed
        shows(amount_entry(800)),
        presses(Key.CANCEL),
        gives_up(SALE, "amount", "cancelled", 800),
    )


def test_check_that_nobody_answers_ends_after_a_minute_and_is_journaled():
    turns = [
        (shows(amount_check(SALE, 800, phase=phase)), nobody_comes(CHECK_MS)) for phase in range(30)
    ]
    follow(
        sale(desk(), Key.D8),
        a_sale_may_begin(),
        eight_yuan_is_keyed(),
        turns,
        gives_up(SALE, "amount check", "timed out", 800),
    )


def test_no_answer_leads_to_a_reversal_at_once():
    card = card_of_tray("visa-credit")
    owed = transaction_of(SIGNED, State.REVERSING, reference="")
    reason = "no answer: timed out"
    follow(
        sale(desk(), Key.D8),
        host_is_asked(card, NoAnswer(NoAnswerReason.TIMED_OUT)),
        TheChip(card),  # the card is told, and may not approve by itself
        reversal_opens(SIGNED, reason),
        reversal_is_sent(owed, reason, Answered("00")),
        reversal_is_confirmed(owed),
        stands_in_the_journal(transaction_of(SIGNED, State.REVERSED, reference="")),
        card_is_released(),
        refusal_is_shown(SALE, 800, say(Text.NO_ANSWER), prompt=Text.FAILED_REVERSED),
    )


def test_reversal_that_is_not_answered_either_stays_owed():
    card = card_of_tray("visa-credit")
    owed = transaction_of(SIGNED, State.REVERSING, reference="")
    silence = NoAnswer(NoAnswerReason.NO_LINE)
    follow(
        sale(desk(), Key.D8),
        host_is_asked(card, silence),
        TheChip(card),
        reversal_opens(SIGNED, "no answer: no line"),
        reversal_is_sent(owed, "no answer: no line", silence),
        reversal_stays_owed(owed, 1, "no line"),
        stands_in_the_journal(owed),
        card_is_released(),
        refusal_is_shown(SALE, 800, say(Text.NO_ANSWER), prompt=Text.FAILED_REVERSAL_DUE),
    )


def test_card_pulled_after_the_host_has_approved_is_reversed():
    card = card_of_tray("visa-credit")
    owed = transaction_of(SIGNED, State.REVERSING, reference="")
    follow(
        sale(desk(), Key.D8),
        host_is_asked(card, issuer_approves("visa-credit")),
        TheChip(card, pulled_at=1),
        reversal_opens(SIGNED, "card: card gone"),
        reversal_is_sent(owed, "card: card gone", Answered("00")),
        reversal_is_confirmed(owed),
        stands_in_the_journal(transaction_of(SIGNED, State.REVERSED, reference="")),
        card_is_released(),
        refusal_is_shown(SALE, 800, say(Text.CARD_PULLED), prompt=Text.FAILED_REVERSED),
    )


def test_card_pulled_before_the_intent_costs_nothing_and_is_asked_for_again():
    card = card_of_tray("visa-credit")
    card.pull_at(3)
    follow(
        sale(desk(), Key.D8),
        agreed_on_eight_yuan(),
        card_is_put_in(card, SALE, 800),
        beeps(long=True),
        card_is_released(),
        card_is_asked_for(SALE, 800, notice=say(Text.CARD_PULLED)),
        presses(Key.CANCEL, card=True),
        card_is_released(),
        gives_up(SALE, "card", "cancelled", 800),
    )


def test_no_sale_begins_while_a_reversal_is_owed_and_not_answered():
    owed = transaction_of(SIGNED, State.REVERSING, reference="")
    follow(
        sale(desk(), Key.D8),
        reversal_is_sent(owed, "power lost", NoAnswer(NoAnswerReason.TIMED_OUT), attempts=1),
        reversal_stays_owed(owed, 2, "timed out"),
        refuses_before_the_reversal(owed),
    )
