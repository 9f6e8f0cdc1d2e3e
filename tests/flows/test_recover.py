"""What was open when the power went, effect by effect: finished before the next sale, and said."""

from __future__ import annotations

from firmware.core.kinds import Copy, Kind
from firmware.flows.effects import ListDoubtfulPapers, ReleasePaper
from firmware.flows.recover import recover
from firmware.iso8583.messages import Answered, NoAnswer, NoAnswerReason
from firmware.journal.lookups import Lookups
from firmware.journal.paper_records import PrintDoubtful, PrintQueued
from firmware.journal.records import ReversalOpened
from firmware.journal.transactions import PaperStands, PrintJob, Reversal, State, Transaction
from firmware.payments.effects import Append, Look
from firmware.ui.screens import Notice, Phrase
from firmware.ui.texts import Text
from tests.flows.records import (
    intent_of,
    owed_reversal_is_sent,
    reversal_is_confirmed,
    reversal_stays_owed,
    transaction_of,
)
from tests.flows.script import Pair, desk, follow
from tests.flows.words import facts_of, say, shows, tells

VISA = facts_of("visa-credit")
OPEN = transaction_of(intent_of(Kind.SALE, 800, VISA), State.OPEN, reference="")
REVERSING = transaction_of(intent_of(Kind.SALE, 800, VISA), State.REVERSING, reference="")
NUMBER = Phrase.of(("000001", "000001"))
OPENED = ReversalOpened(batch=1, stan=1, reason="power lost")


def is_found(intents: list[Transaction], jobs: list[PrintJob]) -> list[Pair]:
    """Open intents and papers; those that waited for a key go out now."""
    return [
        (Look.of(Lookups.open_intents), intents),
        (ListDoubtfulPapers(), jobs),
        (Look.of(Lookups.open_orders), []),
        (Look.of(Lookups.next_job), 5),
        (ReleasePaper(None), None),
    ]


PAPER = PrintJob(
    job=3, copy=Copy.MERCHANT, batch=1, stan=1, duplicate=False, state=PaperStands.SENDING
)


def nothing_is_owed() -> list[Pair]:
    return [
        (Look.of(Lookups.reversals), []),
        (Look.of(Lookups.advices), []),
        (Look.of(Lookups.pending_settlement), None),
    ]


RECOVERING = shows(Notice(say(Text.RECOVERING), ()))


def test_open_intent_becomes_a_reversal_and_the_display_says_so():
    follow(
        recover(desk(), power_lost=True),
        is_found([OPEN], []),
        RECOVERING,
        (Append.of(OPENED), None),
        owed_reversal_is_sent(REVERSING, Answered("00")),
        reversal_is_confirmed(REVERSING),
        (Look.of(Lookups.pending_settlement), None),
        (Look.of(Lookups.reversals), []),
        tells(Text.RECOVERED, Text.RECOVERED_REVERSED, NUMBER),
    )


def test_reversal_that_no_host_answers_stays_owed_and_the_display_says_so():
    follow(
        recover(desk(), power_lost=True),
        is_found([OPEN], []),
        RECOVERING,
        (Append.of(OPENED), None),
        owed_reversal_is_sent(REVERSING, NoAnswer(NoAnswerReason.NO_LINE)),
        reversal_stays_owed(REVERSING, 1, "no line"),
        (Look.of(Lookups.pending_settlement), None),
        (
            Look.of(Lookups.reversals),
            [Reversal(transaction=REVERSING, reason="power lost", attempts=1)],
        ),
        tells(Text.RECOVERED, Text.RECOVERED_REVERSAL_DUE, NUMBER),
    )


def test_paper_that_may_be_half_out_is_printed_again_as_a_duplicate():
    again = PrintQueued(
        job=5,
        copy=Copy.MERCHANT,
        batch=1,
        stan=1,
        duplicate=True,
        reason="power lost while printing",
    )
    follow(
        recover(desk(), power_lost=True),
        is_found([], [PAPER]),
        RECOVERING,
        (Append.of(PrintDoubtful(job=3, detail="power lost"), again), None),
        nothing_is_owed(),
    )


def test_paper_that_only_waited_goes_out_by_itself():
    follow(recover(desk(), power_lost=True), is_found([], []), nothing_is_owed())
