"""Whenever a reversal comes, and whether its original does: nothing of it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from firmware.host.messages import FinancialRequest

Reverse = Callable[..., Any]


def state(till: Any, request: FinancialRequest) -> str:
    return next(
        entry.state.value
        for entry in till.host.books()
        if (entry.batch, entry.stan) == (request.batch, request.stan)
    )


def test_a_reversal_after_its_original_leaves_nothing_standing(till: Any, reverse: Reverse) -> None:
    sale = till.sale("debit", 1_000)
    till.ask(sale)
    assert [till.code(reverse(sale)) for _ in range(3)] == ["00"] * 3
    assert till.host.balances()["debit"] == 0
    assert state(till, sale) == "reversed"
    assert till.code(sale) == "94"


def test_a_reversal_before_its_original_blocks_it(till: Any, reverse: Reverse) -> None:
    sale = till.sale("debit", 1_000)
    assert till.code(reverse(sale)) == "00"
    assert [till.code(sale) for _ in range(2)] == ["94", "94"]
    assert till.host.balances()["debit"] == 0
    assert state(till, sale) == "blocked"


def test_a_reversal_instead_of_its_original_leaves_no_trace_of_money(
    till: Any, reverse: Reverse
) -> None:
    assert till.code(reverse(till.sale("debit", 1_000))) == "00"
    assert till.host.books() == []


def test_a_reversed_void_lets_the_sale_stand_again(till: Any, reverse: Reverse) -> None:
    sale = till.sale("debit", 1_000)
    till.ask(sale)
    void = till.void(sale)
    till.ask(void)
    assert till.code(reverse(void)) == "00"
    assert till.host.balances()["debit"] == 1_000
    assert till.code(till.void(sale)) == "00"


def test_a_reversed_refund_can_be_given_again(till: Any, reverse: Reverse) -> None:
    sale = till.sale("credit", 1_000)
    reference = till.answered(sale).reference
    refund = till.refund(sale, reference, 1_000)
    till.ask(refund)
    till.ask(reverse(refund))
    assert till.host.balances()["credit"] == 1_000
    assert till.code(till.refund(sale, reference, 1_000)) == "00"


def test_what_rests_on_a_reversed_sale_falls_with_it(till: Any, reverse: Reverse) -> None:
    sale = till.sale("debit", 1_000)
    till.ask(sale)
    void = till.void(sale)
    till.ask(void)
    assert till.code(reverse(sale)) == "00"
    assert till.host.balances()["debit"] == 0
    assert till.code(reverse(void)) == "00"
    assert till.host.balances()["debit"] == 0


def test_a_reversal_of_another_amount_is_refused(till: Any, reverse: Reverse) -> None:
    sale = till.sale("debit", 1_000)
    till.ask(sale)
    assert till.code(replace(reverse(sale), amount_minor=999)) == "64"
    assert till.host.balances()["debit"] == 1_000
