"""Advices of offline sales in the journal: owed from the approval until they are answered."""

from __future__ import annotations

import msgspec
import pytest

from firmware.core.kinds import Copy
from firmware.journal.advice_records import AdviceAnswered, AdviceAttempted, AdviceQueued
from firmware.journal.faults import JournalFault, RuleBroken
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import SettlementStarted
from firmware.journal.transactions import Transaction
from firmware.journal.verify import verify_journal
from tests.journal.story import KEYS, Shop, outcome_of


def offline_sale(shop: Shop) -> Transaction:
    intent = shop.intent(amount_minor=5_000)
    outcome = msgspec.structs.replace(outcome_of(intent), reference="", offline=True)
    shop.journal.append(intent, outcome, AdviceQueued(batch=intent.batch, stan=intent.stan))
    return shop.find(intent)


def answer(sale: Transaction, code: str = "00") -> AdviceAnswered:
    reference = "632600000001" if code == "00" else ""
    return AdviceAnswered(batch=sale.batch, stan=sale.stan, response_code=code, reference=reference)


def test_an_advice_is_owed_over_restarts_until_it_is_answered(shop: Shop) -> None:
    sale = offline_sale(shop)
    shop.journal.append(AdviceAttempted(batch=sale.batch, stan=sale.stan, attempt=1))
    shop.reopen()
    assert [(one.transaction, one.attempts) for one in shop.journal.advices()] == [(sale, 1)]
    shop.journal.append(answer(sale))
    shop.reopen()
    assert shop.journal.advices() == []
    assert verify_journal(shop.directory, KEYS.public_key).faults == []


def test_an_owed_advice_remembers_that_a_slip_has_told_of_it(shop: Shop) -> None:
    first, second = offline_sale(shop), offline_sale(shop)
    shop.journal.append(PrintQueued(job=1, copy=Copy.FAULT, batch=second.batch, stan=second.stan))
    assert [(one.transaction.stan, one.told) for one in shop.journal.advices()] == [
        (first.stan, False),
        (second.stan, True),
    ]


def test_the_hosts_reference_becomes_the_sales(shop: Shop) -> None:
    sale = offline_sale(shop)
    assert sale.reference == ""
    shop.journal.append(answer(sale))
    found = shop.journal.by_reference("632600000001", sale.date)
    assert found is not None
    assert (found.stan, found.reference) == (sale.stan, "632600000001")


def test_an_advice_is_answered_once(shop: Shop) -> None:
    sale = offline_sale(shop)
    shop.journal.append(answer(sale, "14"))
    with pytest.raises(RuleBroken, match="not owed"):
        shop.journal.append(answer(sale))
    with pytest.raises(RuleBroken, match="not owed"):
        shop.journal.append(AdviceAttempted(batch=sale.batch, stan=sale.stan, attempt=2))


def test_only_an_approved_sale_that_the_host_was_not_asked_for_is_told(shop: Shop) -> None:
    asked = shop.sale()
    undecided = shop.intent()
    shop.journal.append(undecided)
    for stan in (asked.stan, undecided.stan, 999):
        with pytest.raises(RuleBroken, match="advice of"):
            shop.journal.append(AdviceQueued(batch=asked.batch, stan=stan))


def test_a_settlement_waits_for_every_advice(shop: Shop) -> None:
    sale = offline_sale(shop)
    totals = shop.journal.totals(sale.batch)
    started = SettlementStarted(batch=sale.batch, totals=totals, operator="01")
    with pytest.raises(RuleBroken, match="advice still owed"):
        shop.journal.append(started)
    shop.journal.append(answer(sale))
    shop.journal.append(started)


def test_sealed_data_that_are_gone_are_a_fault_and_not_a_blank(shop: Shop) -> None:
    sale = offline_sale(shop)
    with pytest.raises(JournalFault):
        shop.journal.sealed(sale.batch, sale.stan)
