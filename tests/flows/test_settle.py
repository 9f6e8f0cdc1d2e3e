"""结算, effect by effect: totals on the display, what is owed first, held against the host's."""

from __future__ import annotations

import pytest

from firmware.core.kinds import Copy, Kind, Totals
from firmware.flows.desk import total_lines
from firmware.flows.settle import settle
from firmware.iso8583.messages import (
    Answered,
    HostAnswer,
    NoAnswer,
    NoAnswerReason,
    SettlementRequest,
)
from firmware.journal.lookups import Lookups
from firmware.journal.numbers import Numbers
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import BatchOpened, SettlementStarted
from firmware.journal.transactions import State
from firmware.payments.effects import Append, Authorise, CheckClock, CheckSpace, Look, ReadClock
from firmware.ui.screens import Notice
from firmware.ui.texts import Text
from hw.events import Key
from tests.flows.records import (
    intent_of,
    refuses_before_the_reversal,
    reversal_is_confirmed,
    reversal_is_sent,
    reversal_stays_owed,
    transaction_of,
)
from tests.flows.script import CONFIG, Pair, desk, follow
from tests.flows.words import (
    BATCH,
    MERCHANT_JOB,
    NOTICE_MS,
    NOW,
    beeps,
    facts_of,
    next_job,
    nobody_comes,
    presses,
    say,
    shows,
    tells,
)
from tests.payment import closed_batch

TOTALS = Totals(sales=2, sales_minor=2_000, voids=1, voids_minor=800)
OTHERS = Totals(sales=1, sales_minor=1_200, voids=1, voids_minor=800)
LINES = total_lines(desk(), TOTALS)
QUESTION = Notice(say(Text.SETTLE_TOTALS), LINES, say(Text.PRESS_ENTER_TO_GO_ON))
STARTED = SettlementStarted(batch=BATCH, totals=TOTALS, operator="01")
OWED = transaction_of(
    intent_of(Kind.SALE, 800, facts_of("visa-credit")), State.REVERSING, reference=""
)


def totals_are_shown() -> list[Pair]:
    """A batch that holds something, and its totals with the question."""
    return [
        (Look.of(Lookups.pending_settlement), None),
        (Look.of(Lookups.numbers_used), 3),
        (Look.of(Lookups.batch), BATCH),
        (Look.of(Lookups.totals, BATCH), TOTALS),
        shows(QUESTION),
    ]


def settlement_starts() -> list[Pair]:
    """The host knows all it must; the totals are fixed before it is asked."""
    return [
        (Look.of(Lookups.advices), []),
        (CheckSpace(), None),
        (CheckClock(), None),
        (Look.of(Lookups.pending_settlement), None),
        (Look.of(Lookups.pending_settlement), None),
        (Look.of(Lookups.batch), BATCH),
        (Look.of(Lookups.totals, BATCH), TOTALS),
        (Append.of(STARTED), None),
    ]


def host_is_asked(answer: HostAnswer) -> list[Pair]:
    request = SettlementRequest(
        terminal=CONFIG.merchant.terminal,
        merchant=CONFIG.merchant.number,
        batch=BATCH,
        stan=4,
        totals=TOTALS,
        currency=CONFIG.currency,
        date=NOW.date,
        time=NOW.time,
    )
    return [
        shows(Notice(say(Text.SETTLING), LINES)),
        (ReadClock(), NOW),
        (Look.of(Lookups.next_numbers, training=False), Numbers(BATCH, 4)),
        (Authorise(request), answer),
    ]


def batch_is_closed(host_totals: Totals, *, balanced: bool) -> list[Pair]:
    """Settlement, next batch and slip in one commit."""
    completed = closed_batch(
        TOTALS,
        batch=BATCH,
        host_totals=host_totals,
        balanced=balanced,
        date=NOW.date,
        time=NOW.time,
    )
    slip = PrintQueued(job=9, copy=Copy.SETTLEMENT, batch=BATCH, stan=0)
    return [
        (Look.of(Lookups.next_job), 9),
        (Append.of(completed, BatchOpened(batch=BATCH + 1), slip), None),
        *(tells(Text.SETTLED, Text.BALANCED, *LINES, warning=False) if balanced else differs()),
    ]


def differs() -> list[Pair]:
    """The totals do not agree, and whom to call."""
    todo = say(Text.UNBALANCED_TODO)
    screen = Notice(say(Text.UNBALANCED), LINES, todo, warning=True)
    return [shows(screen), beeps(long=True), presses(Key.ENTER, timeout_ms=NOTICE_MS)]


@pytest.mark.parametrize("host_totals", [TOTALS, OTHERS], ids=["balanced", "unbalanced"])
def test_batch_is_held_against_the_hosts_and_closed(host_totals: Totals):
    follow(
        settle(desk()),
        totals_are_shown(),
        presses(Key.ENTER),
        (Look.of(Lookups.reversals), []),
        settlement_starts(),
        host_is_asked(Answered("00", host_totals=host_totals)),
        batch_is_closed(host_totals, balanced=host_totals == TOTALS),
    )


def test_reversals_go_first():
    follow(
        settle(desk()),
        totals_are_shown(),
        presses(Key.ENTER),
        reversal_is_sent(OWED, "power lost", Answered("00")),
        reversal_is_confirmed(OWED),
        settlement_starts(),
        host_is_asked(Answered("00", host_totals=TOTALS)),
        batch_is_closed(TOTALS, balanced=True),
    )


def test_nothing_is_settled_while_a_reversal_stays_owed():
    follow(
        settle(desk()),
        totals_are_shown(),
        presses(Key.ENTER),
        reversal_is_sent(OWED, "power lost", NoAnswer(NoAnswerReason.NO_LINE)),
        reversal_stays_owed(OWED, 1, "no line"),
        refuses_before_the_reversal(OWED),
    )


def test_silence_closes_nothing():
    follow(
        settle(desk()),
        totals_are_shown(),
        presses(Key.ENTER),
        (Look.of(Lookups.reversals), []),
        settlement_starts(),
        host_is_asked(NoAnswer(NoAnswerReason.TIMED_OUT)),
        tells(Text.SETTLE_FAILED),
    )


def test_settlement_that_was_interrupted_is_taken_up_without_asking():
    """Its totals were agreed to, and the host may have closed the batch already."""
    follow(
        settle(desk()),
        (Look.of(Lookups.pending_settlement), STARTED),
        (Look.of(Lookups.pending_settlement), STARTED),
        host_is_asked(Answered("00", host_totals=TOTALS)),
        batch_is_closed(TOTALS, balanced=True),
    )


def test_empty_batch_is_not_settled():
    follow(
        settle(desk()),
        (Look.of(Lookups.pending_settlement), None),
        (Look.of(Lookups.numbers_used), 0),
        tells(Text.MENU_SETTLE, Text.BATCH_EMPTY),
    )


@pytest.mark.parametrize("ending", [presses(Key.CANCEL), nobody_comes()])
def test_totals_that_nobody_confirms_settle_nothing(ending: Pair):
    follow(settle(desk()), totals_are_shown(), ending)


def test_enter_typed_ahead_does_not_settle():
    *looks, _ = totals_are_shown()
    follow(
        settle(desk()),
        looks,
        shows(QUESTION, at_ms=5_000),
        presses(Key.ENTER, at_ms=5_599),
        beeps(),
        presses(Key.D6, at_ms=9_000),
        beeps(),
        nobody_comes(),
    )


def test_training_transaction_settles_nothing():
    trained = desk()
    trained.training = True
    screen = Notice(say(Text.SETTLE_TRAINING), LINES, say(Text.PRESS_ENTER_TO_GO_ON), training=True)
    slip = PrintQueued(job=MERCHANT_JOB, copy=Copy.SETTLEMENT, batch=BATCH, stan=0, training=True)
    said = Notice(say(Text.SETTLED), (say(Text.TRAINING_NOT_COUNTED),), training=True)
    follow(
        settle(trained),
        (Look.of(Lookups.batch), BATCH),
        (Look.of(Lookups.last_transaction, training=True), OWED),
        (Look.of(Lookups.training_totals, BATCH), TOTALS),
        shows(screen),
        presses(Key.ENTER),
        next_job(),
        (Append.of(slip), None),
        shows(said),
        presses(Key.ENTER, timeout_ms=10_000),
    )
