"""What another terminal of this merchant holds, at an acquirer written after the reference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from firmware.core.config import Preauth
from firmware.core.config_file import with_setting
from firmware.journal.transactions import State
from firmware.lab.scenario.stage import STAGE_CONFIG
from tests.flows.at_a_line import AWAY, Counter
from tests.flows.test_other_terminal import SETTLE, play

CODE = "022568"
DATED = (CODE, "ENTER", "20261120", "ENTER")
PIN = ("press", "123456", "ENTER")
COMPLETE = (
    ("press", "MENU", "9", "2", *DATED),
    ("expect screen", "非本机预授权", CODE, "2026-11-20", "由收单机构决定"),
    ("press", "ENTER"),
    ("press", "800", "ENTER"),
    ("expect screen", "核对", "8.00", CODE),
    ("press", "ENTER"),
    ("insert", "unionpay-debit"),
    PIN,
)
RELEASE = (("press", "MENU", "9", "3", "246810", "ENTER", *DATED), *COMPLETE[1:])
APPROVED = ("expect screen", "交易成功")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Counter]:
    counter = Counter(tmp_path, preauth=Preauth(other_terminals=True))
    yield counter
    counter.player.close()


def test_code_date_and_amount_go_to_the_acquirer_and_on_the_receipt(shop: Counter) -> None:
    shop.play(*COMPLETE, APPROVED)
    kind, asked = shop.acquirer.seen[-1]
    assert (kind, asked[3], asked[25], asked[60][:2]) == ("0200", "000000", "06", "20")
    assert (asked[38], asked[61], asked[4]) == (CODE, "0000000000001120", "000000000800")
    assert 37 not in asked
    assert 52 in asked
    paper = ("非本机预授权 HELD ELSEWHERE", CODE, "2026/11/20", "RMB 8.00")
    shop.play(("expect paper", *paper), ("expect no paper", "原凭证号"))
    shop.play(("expect totals", "completions=1/800"), ("press", "ENTER"), ("remove",), *SETTLE)


def test_a_void_names_it_in_the_same_way(shop: Counter) -> None:
    shop.play(*RELEASE, APPROVED)
    kind, asked = shop.acquirer.seen[-1]
    assert (kind, asked[3], asked[25], asked[60][:2]) == ("0100", "200000", "06", "11")
    assert (asked[38], asked[61], asked[4]) == (CODE, "0000000000001120", "000000000800")
    shop.play(("expect paper", "HELD ELSEWHERE", "RMB -8.00"), ("expect totals", "completions=0/0"))


@pytest.mark.parametrize("way", [COMPLETE, RELEASE])
def test_what_the_acquirer_refuses_is_said_and_counts_nowhere(
    shop: Counter, way: tuple[tuple[str, ...], ...]
) -> None:
    kind = "0200" if way is COMPLETE else "0100"
    shop.acquirer.codes[kind] = ["22"]
    shop.play(*way, ("expect screen", "原交易已用或失效", "22"))
    shop.play(("expect totals", "completions=0/0"))
    assert shop.last().state is State.DECLINED


@pytest.mark.parametrize("way", [COMPLETE, RELEASE])
def test_without_an_answer_it_is_reversed_by_its_own_numbers(
    shop: Counter, way: tuple[tuple[str, ...], ...]
) -> None:
    shop.acquirer.lose = lambda kind, _fields: kind != "0800"
    shop.play(*way, ("expect screen", "冲正待发"), *AWAY, ("power cut",))
    shop.acquirer.lose = lambda _kind, _fields: False
    shop.play(("power on",), ("wait", "1h"))
    asked = next(fields for kind, fields in shop.acquirer.seen if kind in ("0200", "0100"))
    kind, reversal = shop.acquirer.seen[-1]
    assert kind == "0400"
    for number in (2, 3, 4, 11, 38, 41, 42, 49, 60, 61):
        assert reversal[number] == asked[number], number
    assert shop.last().state is State.REVERSED
    shop.play(("expect totals", "completions=0/0"), *COMPLETE, APPROVED)


def test_its_void_is_by_its_voucher_and_its_refund_by_its_reference(shop: Counter) -> None:
    shop.play(*COMPLETE, APPROVED, *AWAY, ("wait", "1m"))
    paid = shop.last()
    shop.play(("press", "MENU", "9", "4", "246810", "ENTER", str(paid.stan), "ENTER"))
    shop.play(("press", "ENTER"), ("insert", "unionpay-debit"), PIN, APPROVED, *AWAY)
    kind, asked = shop.acquirer.seen[-1]
    assert (kind, asked[60][:2]) == ("0200", "21")
    assert asked[61] == f"{paid.batch:06d}{paid.stan:06d}"
    shop.play(*COMPLETE, APPROVED, *AWAY, ("wait", "1m"), ("tear",), *SETTLE, ("press", "ENTER"))
    again = shop.terminal.data.journal.by_reference(
        next(each for each in _references(shop)), shop.last().date
    )
    assert again is not None
    shop.play(("press", "MENU", "3", "246810", "ENTER", again.reference, "ENTER", "ENTER"))
    shop.play(("press", "ENTER"), ("press", "800", "ENTER"), ("press", "ENTER"))
    shop.play(("insert", "unionpay-debit"), APPROVED, ("expect totals", "refunds=1/800"))


def _references(shop: Counter) -> list[str]:
    """The reference numbers of completions that stand, newest first."""
    journal = shop.terminal.data.journal
    found = journal.list_transactions(None, 100)
    return [each.reference for each in found if each.kind.value == "completion"]


def test_a_card_without_an_online_pin_has_none_to_key(shop: Counter) -> None:
    shop.play(*COMPLETE[:6], ("insert", "visa-credit"), APPROVED)
    _, asked = shop.acquirer.seen[-1]
    assert 52 not in asked
    shop.play(("expect paper", "持卡人签名"))


def test_the_setting_is_off_by_default(counter: Counter) -> None:
    for way in (COMPLETE, RELEASE):
        counter.play(way[0], ("expect screen", "无此预授权"), ("press", "ENTER"))
    assert counter.acquirer.seen == []


def test_cancelled_anywhere_nothing_is_sent(shop: Counter) -> None:
    for way in (COMPLETE, RELEASE):
        for steps in (1, 3, 4, 6, 7):
            shop.play(*way[:steps], *(("press", "CANCEL"),) * 4)
            shop.play(("remove",), ("wait", "1m"), ("expect screen", "请输入金额"))
    assert shop.acquirer.seen == []


def test_typed_ahead_nothing_is_agreed_to(shop: Counter) -> None:
    shop.play(("press", "MENU", "9", "2", *DATED, "ENTER", "800", "ENTER", "ENTER"))
    shop.play(("insert", "unionpay-debit"), ("wait", "5s"))
    assert shop.acquirer.seen == []


def test_a_completion_is_limited_as_a_sale_is(tmp_path: Path) -> None:
    config = with_setting(STAGE_CONFIG, "sale.max_amount", "5.00", source="here")
    config = replace(config, preauth=Preauth(other_terminals=True))
    play(tmp_path, config, *COMPLETE[:4], ("expect screen", "5.00"))
