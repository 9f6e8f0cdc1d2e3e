"""What the acquirer must hear of first: a code, a voucher number and an amount, and no text."""

from __future__ import annotations

from firmware.core.kinds import Kind
from firmware.flows.words import voucher_line
from firmware.iso8583.messages import NoAnswer, NoAnswerReason
from firmware.journal.transactions import State
from firmware.payments.refusals import Code, OwedVoucher, Refusal
from firmware.payments.settlement import clear_what_is_owed
from tests.flows.records import (
    intent_of,
    reversal_is_named,
    reversal_is_sent,
    reversal_stays_owed,
    transaction_of,
)
from tests.flows.script import desk, follow
from tests.flows.words import facts_of
from tests.payment import yuan

SALE = intent_of(Kind.SALE, 1_200, facts_of("visa-credit"), stan=12)


def test_a_reversal_that_is_owed_is_named_by_number_and_amount():
    owed = transaction_of(SALE, State.REVERSING, reference="")
    refusal = follow(
        clear_what_is_owed(desk(), advice=False),
        reversal_is_sent(owed, "power lost", NoAnswer(NoAnswerReason.TIMED_OUT)),
        reversal_stays_owed(owed, 1, "timed out"),
        [reversal_is_named(owed)[0]],
    )
    assert refusal == Refusal(Code.REVERSAL_FIRST, owed=OwedVoucher(12, yuan(1_200)))


def test_people_read_the_voucher_as_papers_have_it():
    assert voucher_line(12, yuan(1_200)) == "000012 12.00"
