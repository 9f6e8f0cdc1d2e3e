"""Reversals, effect by effect: recorded before they are sent, and never dropped."""

from __future__ import annotations

import pytest

from firmware.core.kinds import Copy, Kind, ReversalCause
from firmware.core.masked import Pan
from firmware.iso8583.messages import Answered, CardPresented, HostAnswer, NoAnswer, NoAnswerReason
from firmware.journal.advice_records import AdviceAnswered
from firmware.journal.lookups import Lookups
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import ReversalAttempted
from firmware.journal.transactions import Advice, Reversal, State
from firmware.payments.effects import Append, Authorise, Look, Unseal
from firmware.payments.owed import Retry, send_owed
from firmware.payments.reverse import reverse, send_reversals
from tests.flows.records import (
    intent_of,
    owed_reversal_is_sent,
    reversal_is_confirmed,
    reversal_is_sent,
    reversal_opens,
    reversal_stays_owed,
    transaction_of,
)
from tests.flows.script import ANYTHING, desk, follow
from tests.flows.words import facts_of, it_is

INTENT = intent_of(Kind.SALE, 800, facts_of("visa-credit"))
OWED = transaction_of(INTENT, State.REVERSING, reference="")
SECOND = transaction_of(
    intent_of(Kind.SALE, 900, facts_of("visa-credit"), stan=2), State.REVERSING, reference=""
)
BOTH = [
    Reversal(transaction=each, reason=ReversalCause.POWER_LOST, attempts=0)
    for each in (OWED, SECOND)
]
PRESENTED = CardPresented(Pan("5413330089020029"), "01", "3012")
UNKNOWN = Answered("25", approves=True)  # as the profile says: what is not there does not stand
SILENCE = NoAnswer(NoAnswerReason.TIMED_OUT)


@pytest.mark.parametrize("answer", [Answered("00"), UNKNOWN], ids=["undone", "unknown"])
def test_undone_or_unknown_to_the_host_nothing_stands(answer: Answered):
    done = follow(
        reverse(desk(), INTENT.payment, ReversalCause.TIMED_OUT),
        reversal_opens(INTENT, "no answer: timed out"),
        reversal_is_sent(OWED, "no answer: timed out", answer),
        reversal_is_confirmed(OWED, answer.response_code),
    )
    assert done is True


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (SILENCE, "timed out"),
        (NoAnswer(NoAnswerReason.NO_LINE), "no line"),
        (Answered("91"), "91"),
        (Answered("94"), "94"),
        (Answered("25", approves=False), "25"),
    ],
    ids=str,
)
def test_any_other_word_leaves_it_owed(answer: HostAnswer, detail: str):
    done = follow(
        reverse(desk(), INTENT.payment, ReversalCause.CARD_GONE),
        reversal_opens(INTENT, "card: card gone"),
        reversal_is_sent(OWED, "card: card gone", answer),
        reversal_stays_owed(OWED, 1, detail),
    )
    assert done is False


def test_first_that_is_not_answered_stops_those_behind_it():
    (_, now, asked) = reversal_is_sent(OWED, "power lost", SILENCE)
    done = follow(
        send_reversals(desk()),
        (Look.of(Lookups.reversals), BOTH),
        now,
        asked,
        reversal_stays_owed(OWED, 1, "timed out"),
    )
    assert done is False


def test_all_that_are_owed_go_out_oldest_first():
    (_, now, first) = reversal_is_sent(OWED, "power lost", Answered("00"))
    (_, _, second) = reversal_is_sent(SECOND, "power lost", UNKNOWN)
    done = follow(
        send_reversals(desk()),
        (Look.of(Lookups.reversals), BOTH),
        now,
        first,
        reversal_is_confirmed(OWED),
        now,
        second,
        reversal_is_confirmed(SECOND, "25"),
    )
    assert done is True


def test_one_that_the_host_refuses_holds_up_none_behind_it():
    (_, now, first) = reversal_is_sent(OWED, "power lost", Answered("96"))
    (_, _, second) = reversal_is_sent(SECOND, "power lost", Answered("00"))
    done = follow(
        send_reversals(desk()),
        (Look.of(Lookups.reversals), BOTH),
        now,
        first,
        reversal_stays_owed(OWED, 1, "96"),
        now,
        second,
        reversal_is_confirmed(SECOND),
    )
    assert done is False


def test_one_that_silences_the_host_comes_after_those_that_were_tried_less():
    (_, now, second) = reversal_is_sent(SECOND, "power lost", Answered("00"))
    (_, _, first) = reversal_is_sent(OWED, "power lost", SILENCE)
    both = [
        Reversal(transaction=OWED, reason=ReversalCause.POWER_LOST, attempts=1),
        Reversal(transaction=SECOND, reason=ReversalCause.POWER_LOST, attempts=0),
    ]
    follow(
        send_reversals(desk()),
        (Look.of(Lookups.reversals), both),
        now,
        second,
        reversal_is_confirmed(SECOND),
        now,
        first,
        reversal_stays_owed(OWED, 2, "timed out"),
    )


@pytest.mark.parametrize(
    ("attempts", "told", "slips"),
    [
        pytest.param(1, False, False, id="not yet"),
        pytest.param(2, False, True, id="the third in vain"),
        pytest.param(3, True, False, id="told"),
        pytest.param(8, False, True, id="the setting was lowered meanwhile"),
    ],
)
def test_after_three_failures_one_slip_tells_a_person(attempts: int, told: bool, slips: bool):
    """A slip that says it is no receipt; and it is tried again all the same."""
    attempted = ReversalAttempted(batch=1, stan=1, attempt=attempts + 1, detail="timed out")
    slip = PrintQueued(job=7, copy=Copy.FAULT, batch=1, stan=1)
    telling = [(Look.of(Lookups.next_job), 7), (Append.of(attempted, slip), None)]
    follow(
        send_reversals(desk()),
        reversal_is_sent(OWED, "power lost", SILENCE, attempts=attempts, told=told),
        telling if slips else (Append.of(attempted), None),
    )


def test_idle_tries_again_after_a_minute_and_then_after_longer_and_longer_pauses():
    retry = follow(Retry.begin(desk()), it_is(0))
    assert isinstance(retry, Retry)

    def goes_on(now_ms: int, *script: object) -> int | None:
        _, moment = it_is(now_ms)
        pause = follow(retry.go_on(desk(), moment), (Look.of(Lookups.reversals_count), 1), *script)
        assert pause is None or isinstance(pause, int)
        return pause

    tried = [
        owed_reversal_is_sent(OWED, SILENCE, attempts=4, told=True),
        reversal_stays_owed(OWED, 5, "timed out"),
    ]
    assert goes_on(59_999) == 60_000
    assert goes_on(60_000, *tried) == 120_000
    assert goes_on(179_999) == 120_000
    assert goes_on(180_000, *tried) == 240_000


def test_advices_go_out_past_a_reversal_that_the_acquirer_refuses():
    """Whatever is owed, and whatever was refused of it."""
    advice = Advice(transaction=SECOND, attempts=0)
    taken = AdviceAnswered(batch=1, stan=2, response_code="00")
    (looked, now, first) = reversal_is_sent(OWED, "power lost", Answered("96"))
    done = follow(
        send_owed(desk()),
        looked,
        (Look.of(Lookups.advices), [advice]),
        now,
        first,
        reversal_stays_owed(OWED, 1, "96"),
        (Unseal(1, 2), PRESENTED),
        (Authorise(ANYTHING), Answered("00")),
        (Append.of(taken), None),
    )
    assert done is False


def test_nothing_owed_asks_no_host():
    retry = follow(Retry.begin(desk()), it_is(0))
    pause = follow(
        retry.go_on(desk(), it_is(90_000)[1]),
        (Look.of(Lookups.reversals_count), 0),
        (Look.of(Lookups.advice_counts), {}),
    )
    assert pause is None
