"""Whenever a reversal comes, and whether its original does: nothing of it stands."""

from __future__ import annotations

from typing import Any

import pytest

from firmware.iso8583.messages import FinancialRequest
from tests.acquirer.conftest import original_of, reversal_of
from tests.payment import changed, yuan


def state(till: Any, request: FinancialRequest) -> str:
    return next(
        entry.state.value
        for entry in till.host.books()
        if (entry.batch, entry.stan) == (request.payment.batch, request.payment.stan)
    )


def test_a_reversal_after_its_original_leaves_nothing_standing(till: Any) -> None:
    sale = till.sold("debit", 1_000)
    assert [till.code(reversal_of(sale)) for _ in range(3)] == ["00"] * 3
    assert till.host.balances()["debit"] == 0
    assert state(till, sale) == "reversed"
    assert till.code(sale) == "94"


def test_a_reversal_before_its_original_blocks_it(till: Any) -> None:
    sale = till.sale("debit", 1_000)
    assert till.code(reversal_of(sale)) == "00"
    assert [till.code(sale) for _ in range(2)] == ["94", "94"]
    assert till.host.balances()["debit"] == 0
    assert state(till, sale) == "blocked"


def test_a_reversal_instead_of_its_original_leaves_no_trace_of_money(till: Any) -> None:
    assert till.code(reversal_of(till.sale("debit", 1_000))) == "00"
    assert till.host.books() == []


def test_a_reversed_void_lets_the_sale_stand_again(till: Any) -> None:
    sale = till.sold("debit", 1_000)
    void = till.void(sale)
    till.ask(void)
    assert till.code(reversal_of(void)) == "00"
    assert till.host.balances()["debit"] == 1_000
    assert till.code(till.void(sale)) == "00"


def test_a_reversed_refund_can_be_given_again(till: Any) -> None:
    sale = till.sale("credit", 1_000)
    reference = till.answered(sale).reference
    refund = till.refund(sale, reference, 1_000)
    till.ask(refund)
    till.ask(reversal_of(refund))
    assert till.host.balances()["credit"] == 1_000
    assert till.code(till.refund(sale, reference, 1_000)) == "00"


def test_what_rests_on_a_reversed_sale_falls_with_it(till: Any) -> None:
    sale = till.sold("debit", 1_000)
    void = till.void(sale)
    till.ask(void)
    assert till.code(reversal_of(sale)) == "00"
    assert till.host.balances()["debit"] == 0
    assert till.code(reversal_of(void)) == "00"
    assert till.host.balances()["debit"] == 0


def test_a_reversal_of_another_amount_is_refused(till: Any) -> None:
    sale = till.sold("debit", 1_000)
    assert till.code(changed(reversal_of(sale), amount=yuan(999))) == "64"
    assert till.host.balances()["debit"] == 1_000


@pytest.mark.parametrize(
    "change",
    [
        {"date": "20260313"},
        {"time": "120001"},
        {"last4": "0000"},
    ],
)
def test_a_reversal_reverses_nothing_that_only_has_its_numbers(
    till: Any, change: dict[str, str]
) -> None:
    """A terminal that lost its journal gives its numbers out once more."""
    sale = till.sold("debit", 1_000)
    assert till.code(changed(reversal_of(sale), **change)) == "94"
    assert (till.host.balances()["debit"], state(till, sale)) == (1_000, "standing")
    assert till.code(sale) == "00", "an honest repeat still has its answer"
    assert till.code(reversal_of(sale)) == "00"
    assert till.host.balances()["debit"] == 0


def test_a_voucher_number_given_out_anew_touches_the_old_sale_in_no_way(till: Any) -> None:
    old = till.sold("debit", 1_000)
    till.stan = 0
    anew = changed(till.sale("debit", 1_000), time="130000")
    assert till.code(anew) == "94"
    assert till.code(reversal_of(anew)) == "94"
    another = original_of(old.payment, reference="607300000000")
    assert till.code(till.void(old, original=original_of(old.payment, date="20260315"))) == "25"
    assert till.code(till.void(old, original=another)) == "25"
    assert (till.host.balances()["debit"], state(till, old)) == (1_000, "standing")


def test_a_reversal_of_an_earlier_release_says_less_and_is_taken(till: Any) -> None:
    sale = till.sold("debit", 1_000)
    older = changed(reversal_of(sale), date="", time="", last4="")
    assert till.code(older) == "00"
    assert till.host.balances()["debit"] == 0


def test_a_repeat_at_another_time_is_no_repeat(till: Any) -> None:
    sale = till.sold("debit", 1_000)
    assert till.code(changed(sale, time="120001")) == "94"
    assert till.code(changed(sale, date="20260315")) == "94"
    assert till.code(sale) == "00"
    assert till.host.balances()["debit"] == 1_000
