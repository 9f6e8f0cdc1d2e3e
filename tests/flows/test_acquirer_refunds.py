"""A refund at an acquirer's line: repeated until it is answered, and never reversed."""

from __future__ import annotations

import pytest

from firmware.core.kinds import Verification
from firmware.journal.transactions import State
from tests.acquirer.line_acquirer import Fields
from tests.flows.at_a_line import AWAY, Counter
from tests.flows.test_other_terminal import SALE, SETTLE

REFUND = (
    ("press", "MENU", "3", "246810", "ENTER", "1", "ENTER", "ENTER"),
    ("press", "ENTER"),
    ("press", "800", "ENTER"),
    ("press", "ENTER"),
    ("insert", "visa-credit"),
)
UNCONFIRMED = ("expect screen", "退货待银行确认", "自动重发 请勿再退")


def sold_before(counter: Counter) -> None:
    counter.play(*SALE, *SETTLE, ("press", "ENTER"), ("tear",))
    counter.acquirer.seen.clear()


def test_a_refund_without_an_answer_is_repeated_and_never_reversed(counter: Counter) -> None:
    sold_before(counter)
    counter.acquirer.silent = 2
    counter.acquirer.codes["0220"] = ["00", "94", "94"]
    counter.play(
        *REFUND, UNCONFIRMED, ("expect paper", "待银行确认"), ("expect paper", "请勿再次退货")
    )
    assert counter.last().state is State.PENDING
    counter.play(*AWAY, ("expect screen", "1笔退货待确认"), ("tear",), ("wait", "24h"))
    assert counter.acquirer.types() == ["0220"] * 3
    asked, *repeated = [fields for _, fields in counter.acquirer.seen]
    for told in repeated:
        for number in (2, 3, 4, 11, 14, 37, 41, 42, 49, 60, 61, 63):
            assert told[number] == asked[number], number
        assert not {35, 52} & told.keys()
    assert counter.last().state is State.APPROVED
    counter.play(
        ("expect paper", "商户存根"),
        ("expect no paper", "待银行确认"),
        ("expect totals", "refunds=1/800"),
        *SETTLE,
    )


@pytest.mark.parametrize("silent", [0, 1])
def test_a_late_answer_is_recorded_as_one_that_came_at_once(counter: Counter, silent: int) -> None:
    sold_before(counter)
    counter.acquirer.silent = silent
    counter.acquirer.parties = "01020000   01050000   "
    counter.play(*REFUND, *AWAY, ("wait", "1h"), ("expect paper", "商户存根"))
    last = counter.last()
    assert (last.state, last.response_code, last.issuer) == (State.APPROVED, "00", "01020000")
    assert last.emv.aid
    assert last.verification is Verification.SIGNATURE
    counter.play(("expect paper", "01020000"))  # the issuer


@pytest.mark.parametrize("code", ["91", "96", "98", "99", "A0"])
def test_a_refund_that_the_acquirer_is_not_sure_of_is_repeated(counter: Counter, code: str) -> None:
    sold_before(counter)
    counter.acquirer.codes["0220"] = [code]
    counter.play(*REFUND, UNCONFIRMED, *AWAY, ("wait", "1h"))
    assert "0400" not in counter.acquirer.types()
    assert counter.acquirer.types().count("0220") == 2
    counter.play(("expect totals", "refunds=1/800"))


def test_a_repeated_refund_that_is_refused_prints_what_to_do(counter: Counter) -> None:
    sold_before(counter)
    counter.acquirer.silent = 1
    counter.acquirer.codes["0220"] = ["00", "57"]
    counter.play(*REFUND, UNCONFIRMED, *AWAY, ("tear",), ("wait", "1h"))
    counter.play(("expect paper", "现被银行拒绝"), ("expect totals", "refunds=0/0"))
    assert counter.last().state is State.DECLINED
    counter.play(*REFUND[:1], ("expect screen", "可退 20.00"))


def test_a_refund_that_cannot_be_taken_for_long_prints_a_fault_slip(counter: Counter) -> None:
    sold_before(counter)
    counter.acquirer.codes["0220"] = ["96"] * 99
    counter.play(*REFUND, *AWAY, ("tear",), ("wait", "24h"), ("expect paper", "银行尚未确认"))
    assert counter.last().state is State.PENDING


def test_neither_settlement_nor_refund_nor_void_begins_while_a_refund_waits(
    counter: Counter,
) -> None:
    sold_before(counter)
    counter.play(*SALE, ("tear",))
    counter.acquirer.lose = lambda kind, _fields: kind == "0220"
    refused = ("expect screen", "退货未确认", "000003 8.00")
    counter.play(*REFUND, UNCONFIRMED, *AWAY)
    counter.play(("press", "MENU", "3", "246810", "ENTER"), refused, ("press", "ENTER"))
    counter.play(("press", "MENU", "2", "246810", "ENTER"), refused, ("press", "ENTER"))
    counter.play(("press", "MENU", "6"), ("press", "ENTER"), refused, ("press", "ENTER"))
    counter.play(*SALE)  # nothing of a sale builds on it
    assert "0500" not in counter.acquirer.types()


def test_a_refund_that_never_left_is_not_owed(counter: Counter) -> None:
    sold_before(counter)
    counter.acquirer.undelivered = True
    counter.acquirer.lose = lambda _kind, _fields: True
    counter.play(*REFUND, ("expect screen", "未送达银行", "未退款"), *AWAY)
    assert counter.last().state is State.FAILED
    counter.acquirer.undelivered, counter.acquirer.lose = False, lambda _kind, _fields: False
    counter.play(*REFUND, ("expect screen", "交易成功"), ("expect totals", "refunds=1/800"))


def test_a_refund_cut_by_the_power_is_repeated_at_the_next_start(counter: Counter) -> None:
    sold_before(counter)

    def cut(kind: str, _fields: Fields) -> bool:
        if kind == "0220" and not power:
            power.append("gone")
            raise PowerGone
        return False

    power: list[str] = []
    counter.acquirer.lose = cut
    with pytest.raises(PowerGone):
        counter.play(*REFUND, ("wait", "1s"))
    counter.player.stage.power_cut()
    counter.play(("power on",))
    counter.play(("expect screen", "断电恢复", "未完退货已处理"))
    assert counter.acquirer.types() == ["0220", "0220"]
    counter.play(("expect totals", "refunds=1/800"))


def test_a_training_transaction_is_reversed_as_ever(counter: Counter) -> None:
    """In training nothing reaches an acquirer, so nothing is repeated."""
    counter.play(
        ("press", "MENU", "7", "6", "246810", "ENTER"), ("press", "ENTER"), *SALE, ("tear",)
    )
    counter.play(("press", "MENU", "3", "246810", "ENTER", "1", "ENTER", "ENTER", "2"))
    counter.play(*REFUND[1:], ("expect screen", "交易成功"))
    assert counter.acquirer.seen == []


class PowerGone(Exception):  # noqa: N818 - what happened
    """The request had left when the power went."""
