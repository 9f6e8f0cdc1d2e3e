"""Signing on again where the acquirer asks for it, and the batch that is open there."""

from __future__ import annotations

from tests.flows.at_a_line import PAID, Counter
from tests.flows.test_other_terminal import SALE, SETTLE


def test_77_signs_on_at_once_and_goes_on_with_the_acquirers_batch(counter: Counter) -> None:
    counter.play(*SALE, *SETTLE, ("press", "ENTER"), ("tear",))
    counter.acquirer.seen.clear()
    counter.acquirer.batch = 41
    counter.play(("press", "3000", "ENTER"), *PAID[1:])
    counter.play(("expect screen", "批次已更换"), ("press", "ENTER"), ("remove",))
    assert counter.acquirer.types() == ["0200", "0800"]
    assert counter.terminal.data.journal.batch() == 41
    counter.play(("expect no paper", "结算单"), ("press", "4000", "ENTER"), *SALE[1:])
    counter.play(("expect totals", "sales=1/4000"), *SETTLE)
    assert counter.acquirer.seen[2][1][60][2:8] == "000041"
    assert counter.terminal.data.journal.batch() == 42


def test_what_the_batch_before_holds_is_closed_not_balanced_and_a_slip_tells(
    counter: Counter,
) -> None:
    counter.play(*SALE, ("tear",))
    counter.acquirer.batch = 7
    counter.play(*PAID, ("press", "ENTER"), ("remove",))
    counter.play(("expect paper", "结算单", "对账不平", "联系收单机构"))
    assert counter.terminal.data.journal.batch() == 7
    counter.play(*SALE, ("expect totals", "sales=1/2000"))
    assert "0400" not in counter.acquirer.types()


def test_the_daily_sign_on_tells_of_another_batch_before_anything_leaves(counter: Counter) -> None:
    counter.play(*SALE, *SETTLE, ("press", "ENTER"), ("tear",), ("wait", "24h"))
    counter.acquirer.seen.clear()
    counter.acquirer.batch = 9
    counter.play(*PAID, ("expect screen", "批次已更换"), ("press", "ENTER"), ("remove",))
    assert counter.acquirer.types() == ["0800"]
    counter.play(*SALE)
    assert counter.acquirer.types() == ["0800", "0200"]


def test_a_settlement_that_the_acquirer_does_not_know_closes_the_batch_as_it_is(
    counter: Counter,
) -> None:
    counter.play(*SALE, ("tear",))
    counter.acquirer.batch = 3
    counter.play(("press", "MENU", "6"), ("press", "ENTER"), ("expect screen", "对账不平"))
    assert counter.acquirer.types() == ["0800", "0200", "0500", "0800"]
    counter.play(("expect paper", "对账不平"), ("press", "ENTER"))
    assert counter.terminal.data.journal.batch() == 3


def test_the_header_demands_a_sign_on_after_the_sale_is_recorded(counter: Counter) -> None:
    counter.play(*SALE, ("tear",))
    counter.acquirer.demand = 3
    counter.play(*PAID, ("press", "ENTER"))  # the same card and amount, agreed to once more
    counter.play(("expect totals", "sales=2/4000"))
    assert counter.acquirer.types() == ["0800", "0200", "0200", "0800"]


def test_a_sign_on_that_is_not_answered_goes_out_before_the_next_request(counter: Counter) -> None:
    counter.play(*SALE, ("tear",))
    counter.acquirer.lose = lambda kind, _fields: kind == "0800"
    counter.acquirer.codes["0200"] = ["77"]
    counter.play(*PAID, ("press", "ENTER"), ("press", "ENTER"), ("remove",))
    counter.acquirer.lose = lambda _kind, _fields: False
    counter.play(*PAID, ("press", "ENTER"))
    assert counter.acquirer.types() == ["0800", "0200", "0200", "0800", "0800", "0200"]
