"""The slip of a reversal that is not delivered: what stands on it, and what never does."""

import re

import pytest

from firmware.core.config import Merchant
from firmware.core.kinds import Copy, Kind, ReversalCause
from firmware.journal.transactions import Reversal, State
from firmware.receipts.fault import fault_slip
from firmware.receipts.texts import REASONS
from firmware.receipts.transaction import transaction_receipt

MERCHANT = Merchant(phone="021-6135 0000")


def test_a_fault_slip_is_no_receipt_and_says_what_a_person_needs(transaction, texts):
    reversal = Reversal(
        transaction=transaction(state=State.REVERSING), reason=ReversalCause.NO_LINE, attempts=4
    )
    lines = texts(fault_slip(reversal, MERCHANT, columns=48))
    assert "故障单" in lines
    assert lines.count("***非凭证 NOT A RECEIPT***") == 2
    assert "消费 SALE 凭证号 VOUCHER 000027" in lines
    assert "RMB 128.50" in lines
    assert "卡号 CARD NO: **** **** **** 0012 /I" in lines
    assert "已试 TRIED: 4" in lines
    assert "原因 REASON: 线路不通 no line" in lines
    assert any("按未收款处理" in line for line in lines)


@pytest.mark.parametrize(
    ("kind", "first"), [(Kind.VOID, "原消费仍有效"), (Kind.REFUND, "未退款")], ids=str
)
def test_a_fault_slip_says_what_stands_at_the_till(transaction, texts, kind, first):
    why = ReversalCause.POWER_LOST
    reversal = Reversal(transaction=transaction(kind=kind), reason=why, attempts=1)
    lines = texts(fault_slip(reversal, MERCHANT, columns=48))
    assert any(first in line for line in lines)
    assert not any("未收款" in line for line in lines)


def test_a_reason_without_a_translation_is_printed_as_it_is(transaction, texts):
    reversal = Reversal(transaction=transaction(), reason="card: mute", attempts=1)
    assert "原因 REASON: card: mute" in texts(fault_slip(reversal, MERCHANT, columns=48))


@pytest.mark.parametrize("cause", ReversalCause)
def test_each_cause_of_a_reversal_is_said_in_both_languages(transaction, texts, cause):
    reversal = Reversal(transaction=transaction(), reason=cause, attempts=1)
    said = texts(fault_slip(reversal, MERCHANT, columns=48))
    (line,) = (line for line in said if "REASON" in line)
    assert re.fullmatch(r"原因 REASON: [\u4e00-\u9fff]+ [a-z ]+", line)


def test_a_card_error_is_said_on_a_fault_slip(transaction, texts):
    reversal = Reversal(transaction=transaction(), reason=ReversalCause.CARD_ERROR, attempts=1)
    lines = texts(fault_slip(reversal, MERCHANT, columns=32))
    assert "原因 REASON: 卡片错误 card error" in lines


def test_the_receipt_of_a_refund_that_was_not_sent_says_why_in_both_languages(transaction, texts):
    unsent = transaction(kind=Kind.REFUND, state=State.FAILED, reason=ReversalCause.NO_LINE)
    lines = texts(
        transaction_receipt(
            unsent, MERCHANT, copy=Copy.MERCHANT, columns=48, duplicate=True, qr=None, left=None
        )
    )
    assert "交易失败 FAILED 线路不通 no line" in " ".join(lines)


def test_all_causes_of_a_reversal_have_a_text_for_the_paper():
    assert set(REASONS) == set(ReversalCause)
