"""A refund of what another terminal of this merchant sold: the acquirer knows it and decides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.core.config import Refund
from firmware.core.kinds import OriginalRef
from firmware.journal.transactions import State
from firmware.payments.originals import elsewhere
from tests.flows.at_a_line import AWAY, Counter
from tests.flows.test_other_terminal import SALE, SETTLE

REFERENCE = "632618765432"
NAMED = ("press", "MENU", "3", "246810", "ENTER", REFERENCE, "ENTER")
DATED = ("press", "20261120", "ENTER")
REFUND = (
    NAMED,
    DATED,
    ("expect screen", "非本机交易", REFERENCE, "2026-11-20", "由收单机构决定"),
    ("press", "ENTER"),
    ("press", "800", "ENTER"),
    ("expect screen", "核对", "8.00", REFERENCE),
    ("press", "ENTER"),
    ("insert", "visa-credit"),
)
UNKNOWN = ("expect screen", "无此凭证号")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Counter]:
    counter = Counter(tmp_path, Refund(other_terminals=True))
    yield counter
    counter.player.close()


def test_reference_and_date_go_to_the_acquirer_and_on_the_receipt(shop: Counter) -> None:
    shop.play(*REFUND, ("expect screen", "交易成功"))
    kind, asked = shop.acquirer.seen[-1]
    assert kind == "0220"
    assert asked[37] == REFERENCE
    assert asked[61] == "0000000000001120"
    assert asked[4] == "000000000800"
    paper = ("非本机交易 SOLD ELSEWHERE", REFERENCE, "2026/11/20", "RMB -8.00")
    shop.play(("expect paper", *paper), ("expect no paper", "原凭证号"))
    shop.play(("expect no paper", "可退余额"), ("expect totals", "refunds=1/800"))
    shop.play(("press", "ENTER"), ("remove",), *SETTLE)


def test_the_acquirer_says_that_it_is_too_much(shop: Counter) -> None:
    shop.acquirer.codes["0220"] = ["61"]
    shop.play(*REFUND, ("expect screen", "交易金额超限", "61", "未退款"))
    shop.play(("expect totals", "refunds=0/0"))
    assert shop.acquirer.types()[-1] == "0220"


def test_without_an_answer_it_is_repeated_as_it_was(shop: Counter) -> None:
    shop.acquirer.lose = lambda kind, _fields: kind == "0220"
    shop.play(*REFUND, ("expect screen", "退货待银行确认"), *AWAY)
    shop.acquirer.lose = lambda _kind, _fields: False
    shop.play(("power cut",), ("power on",), ("wait", "1h"))
    first, second = (fields for kind, fields in shop.acquirer.seen if kind == "0220")
    assert (first[61], first[37], first[11]) == (second[61], second[37], second[11])
    assert shop.last().state is State.APPROVED


def test_the_setting_is_off_by_default(counter: Counter) -> None:
    counter.play(NAMED, DATED, UNKNOWN)
    assert counter.acquirer.seen == []


@pytest.mark.parametrize("day", ["20261121", "20261122"])
def test_a_sale_of_this_terminal_is_refunded_as_its_own(shop: Counter, day: str) -> None:
    shop.play(*SALE, *SETTLE, ("press", "ENTER"), ("tear",))
    sale = shop.terminal.data.journal.by_voucher(1)
    assert sale is not None
    shop.play((*NAMED[:5], sale.reference, "ENTER"), ("press", day, "ENTER"))
    own = day == sale.date
    shop.play(("expect screen", "可退 20.00") if own else UNKNOWN)


@pytest.mark.parametrize(
    ("day", "words"), [("20260601", "超过退货期限90天"), ("20261123", "无此凭证号")]
)
def test_the_day_is_within_the_window_and_has_come(shop: Counter, day: str, words: str) -> None:
    shop.play(NAMED, ("press", day, "ENTER"), ("expect screen", words))


def test_a_voucher_number_names_only_sales_of_this_terminal(shop: Counter) -> None:
    shop.play(("press", "MENU", "3", "246810", "ENTER", "7", "ENTER"), DATED, UNKNOWN)


def test_cancelled_anywhere_nothing_is_sent(shop: Counter) -> None:
    for steps in (3, 4, 6, 7):
        shop.play(*REFUND[:steps], ("press", "CANCEL"), ("press", "CANCEL"), ("press", "CANCEL"))
        shop.play(("expect screen", "请输入金额"))
    assert shop.acquirer.seen == []


def test_how_it_is_named() -> None:
    named = OriginalRef(
        batch=0, stan=0, reference=REFERENCE, date="20261120", amount_minor=0, elsewhere=True
    )
    assert elsewhere(REFERENCE, "20261120") == named
