"""Refunds that the acquirer has not answered: repeated until it has, reversed never."""

from __future__ import annotations

import msgspec
import pytest

from firmware.core.kinds import Kind, Result
from firmware.journal.advice_records import AdviceAnswered, AdviceAttempted
from firmware.journal.faults import RuleBroken
from firmware.journal.records import (
    IntentRecorded,
    OutcomeRecorded,
    ReversalOpened,
    SettlementStarted,
)
from firmware.journal.transactions import State, Transaction
from firmware.journal.verify import verify_journal
from tests.journal.story import KEYS, Shop, outcome_of


def outcome(intent: IntentRecorded, result: Result) -> OutcomeRecorded:
    reference = "632600000009" if result is Result.APPROVED else ""
    return msgspec.structs.replace(outcome_of(intent), result=result, reference=reference)


def begun(shop: Shop, *, training: bool = False) -> tuple[Transaction, IntentRecorded]:
    sale = shop.sale(training=training)
    intent = shop.intent(Kind.REFUND, 850, original=sale, training=training)
    shop.journal.append(intent)
    return sale, intent


def pending(shop: Shop) -> tuple[Transaction, IntentRecorded]:
    sale, intent = begun(shop)
    shop.journal.append(outcome(intent, Result.PENDING))
    return sale, intent


def test_it_is_owed_over_restarts_until_its_outcome(shop: Shop) -> None:
    sale, intent = pending(shop)
    shop.journal.append(AdviceAttempted(batch=intent.batch, stan=intent.stan, attempt=1))
    shop.reopen()
    owed = shop.journal.advices()
    assert [(one.transaction.stan, one.attempts) for one in owed] == [(intent.stan, 1)]
    assert shop.find(intent).state is State.PENDING
    assert shop.journal.totals(intent.batch).refunds == 0
    shop.journal.append(outcome(intent, Result.APPROVED))
    shop.reopen()
    assert shop.journal.advices() == []
    assert shop.find(intent).reference == "632600000009"
    assert shop.journal.totals(intent.batch).refunds_minor == 850
    assert shop.find(sale).refunded_minor == 850
    assert verify_journal(shop.directory, KEYS.public_key).faults == []


def test_what_it_may_have_given_back_is_not_left_to_refund(shop: Shop) -> None:
    sale, _ = pending(shop)
    assert shop.find(sale).left.minor == sale.amount_minor - 850
    with pytest.raises(RuleBroken, match="refund of"):
        shop.journal.append(shop.intent(Kind.REFUND, sale.amount_minor, original=sale))
    with pytest.raises(RuleBroken, match="void of a refunded sale"):
        shop.journal.append(shop.intent(Kind.VOID, sale.amount_minor, original=sale))


def test_a_refused_one_is_left_to_refund_again(shop: Shop) -> None:
    sale, intent = pending(shop)
    shop.journal.append(outcome(intent, Result.DECLINED))
    assert shop.find(sale).refunded_minor == 0
    assert shop.journal.advices() == []


def test_it_is_never_reversed(shop: Shop) -> None:
    _, intent = pending(shop)
    opened = ReversalOpened(batch=intent.batch, stan=intent.stan, reason="no answer: timed out")
    with pytest.raises(RuleBroken, match="which is pending"):
        shop.journal.append(opened)


@pytest.mark.parametrize("result", [Result.PENDING, Result.FAILED])
def test_only_an_answer_ends_it(shop: Shop, result: Result) -> None:
    _, intent = pending(shop)
    with pytest.raises(RuleBroken, match="which is pending"):
        shop.journal.append(outcome(intent, result))
    told = AdviceAnswered(batch=intent.batch, stan=intent.stan, response_code="00")
    with pytest.raises(RuleBroken, match="no sale"):
        shop.journal.append(told)


def test_it_ends_once(shop: Shop) -> None:
    _, intent = pending(shop)
    shop.journal.append(outcome(intent, Result.APPROVED))
    with pytest.raises(RuleBroken, match="which is approved"):
        shop.journal.append(outcome(intent, Result.DECLINED))


def test_only_a_refund_that_counts_can_be_pending(shop: Shop) -> None:
    sale = shop.intent()
    shop.journal.append(sale)
    with pytest.raises(RuleBroken, match="no refund"):
        shop.journal.append(outcome(sale, Result.PENDING))
    shop.journal.append(outcome(sale, Result.APPROVED))
    _, trained = begun(shop, training=True)
    with pytest.raises(RuleBroken, match="no refund"):
        shop.journal.append(outcome(trained, Result.PENDING))


def test_a_settlement_waits_for_it(shop: Shop) -> None:
    _, intent = pending(shop)
    totals = shop.journal.totals(intent.batch)
    started = SettlementStarted(batch=intent.batch, totals=totals, operator="01")
    with pytest.raises(RuleBroken, match="advice still owed"):
        shop.journal.append(started)
    shop.journal.append(outcome(intent, Result.DECLINED), started)
