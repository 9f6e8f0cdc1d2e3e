"""A till's refund at an acquirer's line that is not answered, not sent, or declined."""

from __future__ import annotations

import pytest

from firmware.journal.transactions import State
from tests.flows.at_a_line import Counter

CARD = ("insert", "visa-credit")
AWAY = (("remove",), ("wait", "10s"))


@pytest.fixture
def paid(counter: Counter) -> Counter:
    """An order of 20.00 that was paid, in a batch that is settled."""
    counter.play(("order", "paid", "2000"), ("press", "ENTER"), CARD, ("wait", "2s"), *AWAY)
    counter.play(("expect order", "paid", "approved"), ("press", "MENU", "6"), ("press", "ENTER"))
    counter.play(("expect screen", "对账平"), ("press", "ENTER"), ("wait", "20s"))
    return counter


def refunded(counter: Counter) -> None:
    counter.play(("order", "back", "refund", "paid", "800"), ("press", "ENTER"), CARD)


def test_without_an_answer_it_is_repeated_and_the_till_learns_the_end(paid: Counter) -> None:
    paid.acquirer.silent = 2
    refunded(paid)
    paid.play(("expect screen", "退货待银行确认", "自动重发 请勿再退"))
    assert paid.last().state is State.PENDING
    paid.play(("expect order", "back", "authorising"), *AWAY, ("wait", "24h"))
    paid.play(("expect order", "back", "approved"), ("expect order", "paid", "refunded"))
    assert "0400" not in paid.acquirer.types()


def test_one_that_never_left_is_not_owed_and_the_till_may_ask_again(paid: Counter) -> None:
    paid.acquirer.undelivered, paid.acquirer.lose = True, lambda _kind, _fields: True
    refunded(paid)
    paid.play(("expect screen", "未送达银行", "未退款"), *AWAY)
    paid.play(("expect order", "back", "failed"), ("expect order", "paid", "approved"))
    paid.acquirer.undelivered, paid.acquirer.lose = False, lambda _kind, _fields: False
    paid.play(("order", "again", "refund", "paid", "800"), ("press", "ENTER"), CARD)
    paid.play(("expect screen", "交易成功"), ("expect order", "again", "approved"))


def test_one_that_is_declined_says_that_nothing_was_given_back(paid: Counter) -> None:
    paid.acquirer.codes["0220"] = ["57"]
    refunded(paid)
    paid.play(("expect screen", "未退款", "[57]"), ("expect order", "back", "declined"))
    paid.play(("expect order", "paid", "approved"), ("expect totals", "refunds=0/0"))
