"""A terminal at an acquirer's line, judged by an acquirer that was written after the reference."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from firmware.core.config import Acquirer
from tests.acquirer.line_acquirer import Fields
from tests.flows.at_a_line import PAID, Counter
from tests.flows.test_other_terminal import SALE, SETTLE


def test_a_sale_stands_at_the_acquirer(counter: Counter) -> None:
    counter.play(*SALE)
    assert counter.acquirer.types() == ["0800", "0200"]
    assert counter.acquirer.standing == 2_000


@pytest.mark.parametrize("code", ["11", "A2", "A4", "A5", "A6"])
def test_other_approvals_are_approvals_and_some_have_a_remark(counter: Counter, code: str) -> None:
    counter.acquirer.codes["0200"] = [code]
    remark = ("expect paper", "请向发卡行确认")
    counter.play(*SALE, *((remark,) if code != "11" else ()))
    counter.play(("expect totals", "sales=1/2000"))


@pytest.mark.parametrize(
    ("parties", "issuer"),
    [("01020000   48020000   ", "01020000"), ("           48020000   ", ""), ("0105", "0105")],
)
def test_the_issuer_is_printed_where_the_answer_names_it(
    counter: Counter, parties: str, issuer: str
) -> None:
    counter.acquirer.parties = parties
    named = ("expect paper", "发卡行 ISSUER:") if issuer else ("expect no paper", "发卡行 ISSUER:")
    counter.play(*SALE, named)
    stage = counter.player.stage
    assert stage.terminal is not None
    sale = stage.terminal.data.journal.transaction(1, 1)
    assert sale is not None
    assert sale.issuer == issuer


@pytest.mark.parametrize("code", ["51", "ZZ", "01", "65"])
def test_what_is_no_approval_is_declined_and_not_reversed(counter: Counter, code: str) -> None:
    counter.acquirer.codes["0200"] = [code]
    counter.play(*PAID, ("expect totals", "sales=0/0"))
    assert "0400" not in counter.acquirer.types()
    assert counter.sealed() == 0


@pytest.mark.parametrize("code", ["91", "96", "98", "99", "A0"])
def test_where_money_may_stand_it_is_reversed(counter: Counter, code: str) -> None:
    counter.acquirer.codes["0200"] = [code]
    counter.play(*PAID, ("expect totals", "sales=0/0"))
    again = ["0800"] if code in ("99", "A0") else []
    assert counter.acquirer.types() == ["0800", "0200", *again, "0400"]
    assert counter.acquirer.seen[-1][1][39] == "06"


def test_a_part_is_reversed_and_said(counter: Counter) -> None:
    counter.acquirer.codes["0200"] = ["10"]
    counter.play(*PAID, ("expect screen", "银行只批准部分"), ("expect totals", "sales=0/0"))
    assert counter.acquirer.standing == 0


def test_a_sale_without_an_answer_is_reversed_with_its_card_and_numbers(counter: Counter) -> None:
    counter.play(*SALE)
    counter.acquirer.silent = 1
    counter.play(("tear",), *PAID, ("press", "ENTER"), ("expect totals", "sales=1/2000"))
    kind, told = counter.acquirer.seen[-1]
    asked = next(fields for kind, fields in reversed(counter.acquirer.seen) if kind == "0200")
    assert kind == "0400"
    assert told[39] == "98"
    for number in (2, 3, 4, 11, 14, 25, 41, 42, 49, 60):
        assert told[number] == asked[number], number
    assert not {35, 36, 37, 52, 53, 26} & told.keys()
    assert counter.acquirer.standing == 2_000


@pytest.mark.parametrize("code", ["00", "12", "25"])
def test_these_answers_end_a_reversal(counter: Counter, code: str) -> None:
    counter.acquirer.codes |= {"0200": ["91"], "0400": [code]}
    counter.play(*PAID, ("wait", "1h"))
    assert counter.acquirer.types().count("0400") == 1
    assert counter.sealed() == 0


@pytest.mark.parametrize("code", ["94", "96", "A0", "ZZ"])
def test_any_other_answer_leaves_it_owed_until_one_ends_it(counter: Counter, code: str) -> None:
    counter.acquirer.codes |= {"0200": ["91"], "0400": [code] * 5}
    counter.play(*PAID, ("press", "ENTER"), ("remove",), ("wait", "24h"))
    assert counter.acquirer.types().count("0400") == 6


def test_a_balanced_batch_is_ended(counter: Counter) -> None:
    counter.play(*SALE, *SETTLE)
    assert counter.acquirer.types() == ["0800", "0200", "0500", "0320"]
    end = counter.acquirer.seen[-1][1]
    assert (end[60][8:], end[48]) == ("207", "0000")
    assert counter.acquirer.seen[-2][1][48][:31] == "0000000020000010000000000000000"
    assert counter.sealed() == 0


def sales(counter: Counter, count: int) -> None:
    for number in range(count):
        amount = str(2_000 + number)
        counter.play(("press", amount, "ENTER"), *SALE[1:], ("tear",))


def test_an_unbalanced_batch_is_uploaded_by_eights_and_ended(counter: Counter) -> None:
    sales(counter, 10)
    counter.acquirer.balanced = False
    counter.play(("press", "MENU", "6"), ("press", "ENTER"), ("expect screen", "对账不平"))
    first, second, *chips, end = counter.acquirer.uploaded
    assert chips == [f"203 {stan:06d}" for stan in range(1, 11)]
    codes = [fields[60][8:11] for kind, fields in counter.acquirer.seen if kind == "0320"]
    assert codes == ["201"] * 2 + ["203"] * 10 + ["202"]
    assert (first[:2], second[:2], end) == ("08", "02", "0010")
    assert len(first) == 2 + 8 * 40
    assert [int(first[at + 2 : at + 8]) for at in range(2, len(first), 40)] == [*range(1, 9)]
    assert first[2 + 28 : 2 + 40] == "000000002000"
    assert counter.acquirer.seen[-1][1][60][8:] == "202"
    assert counter.sealed() == 0


@pytest.mark.parametrize("cut", ["0500", "0320 1", "0320 2", "0320 3", "0320 12", "0320 13"])
def test_an_upload_that_is_cut_goes_on_behind_what_was_taken(counter: Counter, cut: str) -> None:
    sales(counter, 10)
    counter.acquirer.balanced = False
    kind, _, number = cut.partition(" ")
    seen = 0

    def lose(came: str, _fields: Fields) -> bool:
        nonlocal seen
        seen += came == kind
        return came == kind and seen == int(number or 1)

    counter.acquirer.lose = lose
    settle = (("press", "MENU", "6"), ("press", "ENTER"))
    counter.play(*settle, ("expect screen", "结算未完成"), ("power cut",), ("power on",))
    counter.play(("expect screen", "对账不平"))  # taken up again by itself
    whole = counter.acquirer.uploaded
    assert whole[-1] == "0010"
    told = counter.acquirer.types().count("0320")
    assert told == 13 + (kind == "0320"), "only what was not answered goes out again"
    assert len(set(whole)) == 13
    assert counter.acquirer.types().count("0500") == (2 if kind == "0500" else 1)


def test_which_approvals_have_the_remark_is_the_profiles(counter: Counter, tmp_path: Path) -> None:
    """An acquirer whose A2 says nothing, and whose 11 wants to be confirmed."""
    shipped = resources.files("firmware.iso8583.profiles").joinpath("unionpay.toml").read_text()
    profile = tmp_path / "ours.toml"
    profile.write_text(shipped.replace('remarked = ["A2", "A4", "A5", "A6"]', 'remarked = ["11"]'))
    counter.line = Acquirer(profile=str(profile))
    counter.acquirer.codes["0200"] = ["A2", "11"]
    counter.play(*SALE, ("expect no paper", "请向发卡行确认"), ("tear",))
    counter.play(("press", "3000", "ENTER"), *SALE[1:], ("expect paper", "请向发卡行确认"))
