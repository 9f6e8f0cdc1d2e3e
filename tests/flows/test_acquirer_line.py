"""A terminal at an acquirer's line, judged by an acquirer that was written after the reference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.acquirer.cryptogram import IssuerKey, issuer_authentication_data
from firmware.core.config import Config, Host
from firmware.core.masked import Key
from firmware.emv import tlv
from firmware.iso8583.key_store import ACQUIRER_KEYS, KeyStore
from firmware.journal.keys import TerminalKeys
from firmware.journal.transactions import State, Transaction
from firmware.lab.issuers import tray_books
from firmware.lab.scenario.language import Step
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import STAGE_CONFIG, Stage
from tests.acquirer.line_acquirer import TMK, Fields, LineAcquirer
from tests.flows.test_other_terminal import SALE, SETTLE

PAID = SALE[:3]


class AtALine(Stage):
    """The stage with another acquirer; `acquirer` outlives a power cut."""

    def __init__(self, directory: Path, acquirer: LineAcquirer) -> None:
        super().__init__(directory, _config())
        self.far = acquirer
        storage = TerminalKeys.load(directory).card
        KeyStore(directory / ACQUIRER_KEYS, storage).load_master(Key(TMK))


def _config() -> Config:
    host = Host(kind="acquirer", address="192.0.2.1", port=1)
    return Config(emv=STAGE_CONFIG.emv, host=host)


def _issuer_says(asked: Fields) -> str:
    """Tag 91 of the tray's issuer, whose keys its cards were made with."""
    chip = {f"{one.tag:X}": one.value for one in tlv.parse(bytes.fromhex(asked.get(55, "")))}
    account = next((one for one in tray_books() if one.pan.reveal() == asked[2]), None)
    if account is None or "9F26" not in chip:
        return ""
    issuer = IssuerKey(account.imk_ac, account.pan, account.psn, account.cvn, account.arpc_method)
    data = issuer_authentication_data(issuer, chip, "00")
    return f"91{len(data):02X}{data.hex().upper()}"


class Counter:
    """A player at a line, with the acquirer at its end."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.acquirer = LineAcquirer()
        self.acquirer.chip = _issuer_says
        self.player = Player(
            directory, directory, make_stage=lambda _config: AtALine(directory, self.acquirer)
        )

    def play(self, *lines: tuple[str, ...]) -> None:
        for verb, *words in lines:
            self.player.play(Step(verb, tuple(words), "here"))

    def sealed(self) -> int:
        terminal = self.player.stage.terminal
        assert terminal is not None
        db = terminal.ledger.journal._db
        return int(db.execute("SELECT count(*) FROM sealed").fetchone()[0])


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    counter = Counter(tmp_path)
    yield counter
    counter.player.close()


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
    first, second, end = counter.acquirer.uploaded
    assert (first[:2], second[:2], end) == ("08", "02", "0010")
    assert len(first) == 2 + 8 * 40
    assert [int(first[at + 2 : at + 8]) for at in range(2, len(first), 40)] == [*range(1, 9)]
    assert first[2 + 28 : 2 + 40] == "000000002000"
    assert counter.acquirer.seen[-1][1][60][8:] == "202"
    assert counter.sealed() == 0


@pytest.mark.parametrize("cut", ["0500", "0320 1", "0320 2", "0320 3"])
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
    told = [fields[48] for came, fields in counter.acquirer.seen if came == "0320"]
    whole = counter.acquirer.uploaded
    assert whole[-1] == "0010"
    assert len(told) == 3 + (kind == "0320"), "only what was not answered goes out again"
    assert counter.acquirer.types().count("0500") == (2 if kind == "0500" else 1)


# --- refunds: repeated, never reversed ---

REFUND = (
    ("press", "MENU", "3", "246810", "ENTER", "1", "ENTER", "ENTER"),
    ("press", "ENTER"),
    ("press", "800", "ENTER"),
    ("press", "ENTER"),
    ("insert", "visa-credit"),
)
UNCONFIRMED = ("expect screen", "退货待银行确认", "自动重发 请勿再退")
AWAY = (("press", "ENTER"), ("remove",))


def sold_before(counter: Counter) -> None:
    counter.play(*SALE, *SETTLE, ("press", "ENTER"), ("tear",))
    counter.acquirer.seen.clear()


def refund_of(counter: Counter) -> Transaction:
    terminal = counter.player.stage.terminal
    assert terminal is not None
    found = terminal.ledger.journal.last_transaction()
    assert found is not None
    return found


def test_a_refund_without_an_answer_is_repeated_and_never_reversed(counter: Counter) -> None:
    sold_before(counter)
    counter.acquirer.silent = 2
    counter.acquirer.codes["0220"] = ["00", "94", "94"]
    counter.play(
        *REFUND, UNCONFIRMED, ("expect paper", "待银行确认"), ("expect paper", "请勿再次退货")
    )
    assert refund_of(counter).state is State.PENDING
    counter.play(*AWAY, ("expect screen", "1笔退货待确认"), ("tear",), ("wait", "24h"))
    assert counter.acquirer.types() == ["0220"] * 3
    asked, *repeated = [fields for _, fields in counter.acquirer.seen]
    for told in repeated:
        for number in (2, 3, 4, 11, 14, 37, 41, 42, 49, 60, 61, 63):
            assert told[number] == asked[number], number
        assert not {35, 52} & told.keys()
    assert refund_of(counter).state is State.APPROVED
    counter.play(
        ("expect paper", "商户存根"),
        ("expect no paper", "待银行确认"),
        ("expect totals", "refunds=1/800"),
        *SETTLE,
    )


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
    assert refund_of(counter).state is State.DECLINED
    counter.play(*REFUND[:1], ("expect screen", "可退 20.00"))


def test_a_refund_that_cannot_be_taken_for_long_prints_a_fault_slip(counter: Counter) -> None:
    sold_before(counter)
    counter.acquirer.codes["0220"] = ["96"] * 99
    counter.play(*REFUND, *AWAY, ("tear",), ("wait", "24h"), ("expect paper", "银行尚未确认"))
    assert refund_of(counter).state is State.PENDING


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
    assert refund_of(counter).state is State.FAILED
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


def test_a_lesson_is_reversed_as_ever(counter: Counter) -> None:
    """In training nothing reaches an acquirer, so nothing is repeated."""
    counter.play(
        ("press", "MENU", "7", "6", "246810", "ENTER"), ("press", "ENTER"), *SALE, ("tear",)
    )
    counter.play(("press", "MENU", "3", "246810", "ENTER", "1", "ENTER", "ENTER", "2"))
    counter.play(*REFUND[1:], ("expect screen", "交易成功"))
    assert counter.acquirer.seen == []


# --- signing on again, and the acquirer's batch ---


def batch_of(counter: Counter) -> int:
    terminal = counter.player.stage.terminal
    assert terminal is not None
    return terminal.ledger.journal.batch()


def test_77_signs_on_at_once_and_goes_on_with_the_acquirers_batch(counter: Counter) -> None:
    counter.play(*SALE, *SETTLE, ("press", "ENTER"), ("tear",))
    counter.acquirer.seen.clear()
    counter.acquirer.batch = 41
    counter.play(("press", "3000", "ENTER"), *PAID[1:])
    counter.play(("expect screen", "批次已更换"), ("press", "ENTER"), ("remove",))
    assert counter.acquirer.types() == ["0200", "0800"]
    assert batch_of(counter) == 41
    counter.play(("expect no paper", "结算单"), ("press", "4000", "ENTER"), *SALE[1:])
    counter.play(("expect totals", "sales=1/4000"), *SETTLE)
    assert counter.acquirer.seen[2][1][60][2:8] == "000041"
    assert batch_of(counter) == 42


def test_what_the_batch_before_holds_is_closed_not_balanced_and_a_slip_tells(
    counter: Counter,
) -> None:
    counter.play(*SALE, ("tear",))
    counter.acquirer.batch = 7
    counter.play(*PAID, ("press", "ENTER"), ("remove",))
    counter.play(("expect paper", "结算单", "对账不平", "联系收单机构"))
    assert batch_of(counter) == 7
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
    assert batch_of(counter) == 3


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


class PowerGone(Exception):  # noqa: N818 - what happened
    """The request had left when the power went."""
