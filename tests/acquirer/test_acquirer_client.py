"""The terminal at an acquirer's line: signing on, its keys at rest, and when it signs on again."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from firmware.core.kinds import Kind
from firmware.core.masked import Pan, Pin, SecretKey
from firmware.core.money import CURRENCIES, Money
from firmware.core.payment import Payment
from firmware.iso8583.acquirer_client import AcquirerClient
from firmware.iso8583.key_store import ACQUIRER_KEYS, KeyStore
from firmware.iso8583.keys import KeyFileError
from firmware.iso8583.messages import (
    Answered,
    CardPresented,
    Control,
    ControlRequest,
    FinancialRequest,
    NoAnswer,
    NoAnswerReason,
    ReversalRequest,
)
from firmware.iso8583.profile import MacShape
from firmware.iso8583.unionpay import UnionPay, line_of
from tests.acquirer.line_acquirer import TMK, LineAcquirer, des

STORAGE = SecretKey(bytes(range(32)))
PLACE = {"terminal": "10000001", "merchant": "104110054110001", "batch": 1}
CARD = CardPresented(Pan("6228480012340012"), "01", "3012", pin=Pin("123456"))


class Line:
    """A client with its acquirer, on a day that can be changed."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / ACQUIRER_KEYS
        self.day = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self.acquirer = LineAcquirer()
        self.messages = line_of("unionpay")
        self._stan = 0
        self.start()

    def start(self) -> None:
        self.keys = KeyStore(self.path, STORAGE)
        self.client = AcquirerClient(self.acquirer, self.messages, self.keys, lambda: self.day)

    def sale(self) -> FinancialRequest:
        self._stan += 1
        paid = Payment(
            kind=Kind.SALE,
            amount=Money(500, CURRENCIES["CNY"]),
            date="",
            time="",
            stan=self._stan,
            **PLACE,  # type: ignore[arg-type]
        )
        return FinancialRequest(paid, CARD)

    def ask(self) -> Answered | NoAnswer:
        return self.client.ask(self.sale(), 1_000)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    line = Line(tmp_path)
    line.keys.load_master(SecretKey(TMK))
    return line


def test_without_a_master_key_nothing_leaves(tmp_path: Path) -> None:
    line = Line(tmp_path)
    answer = line.ask()
    assert isinstance(answer, NoAnswer)
    assert answer.reason is NoAnswerReason.NO_LINE
    assert "pos key load" in answer.detail
    assert line.acquirer.seen == []


def test_the_first_request_signs_on_and_the_next_does_not(line: Line) -> None:
    for _ in range(2):
        answer = line.ask()
        assert isinstance(answer, Answered)
        assert answer.response_code == "00"
    assert line.acquirer.types() == ["0800", "0200", "0200"]


def test_a_pin_goes_under_the_key_that_came(line: Line) -> None:
    line.ask()
    block = bytes.fromhex(line.acquirer.seen[-1][1][52])
    clear = des(line.acquirer.pik, block, undo=True)
    pan = bytes.fromhex("0000" + "848001234001")
    assert bytes(a ^ b for a, b in zip(clear, pan, strict=True)).hex().upper() == "06123456FFFFFFFF"


def test_keys_survive_a_restart_and_are_not_in_clear_at_rest(line: Line) -> None:
    line.ask()
    line.start()
    assert isinstance(line.ask(), Answered)
    assert line.acquirer.types() == ["0800", "0200", "0200"]
    assert stat.S_IMODE(line.path.stat().st_mode) == 0o600
    kept = line.path.read_bytes()
    for key in (TMK, line.acquirer.pik, line.acquirer.mak):
        assert key not in kept
        assert key.hex().encode() not in kept.lower()


def test_a_key_file_of_another_terminal_changed_or_open_to_others_is_refused(line: Line) -> None:
    line.ask()
    with pytest.raises(KeyFileError, match="another terminal's"):
        KeyStore(line.path, SecretKey(bytes(32)))
    kept = bytearray(line.path.read_bytes())
    kept[-1] ^= 1
    line.path.write_bytes(kept)
    with pytest.raises(KeyFileError, match="was changed"):
        line.start()
    line.path.chmod(0o640)
    with pytest.raises(KeyFileError, match="0600"):
        line.start()


def test_another_day_signs_on_again(line: Line) -> None:
    line.ask()
    line.day += timedelta(days=1)
    line.ask()
    line.ask()
    assert line.acquirer.types() == ["0800", "0200", "0800", "0200", "0200"]


@pytest.mark.parametrize("code", ["77", "99", "A0"])
def test_a_code_that_asks_for_it_signs_on_before_the_next_request(line: Line, code: str) -> None:
    line.acquirer.codes["0200"] = [code]
    answer = line.ask()
    assert isinstance(answer, Answered)
    assert answer.response_code == code
    line.ask()
    assert line.acquirer.types() == ["0800", "0200", "0800", "0200"]


def test_a_demand_in_the_header_signs_on_before_the_next_request(line: Line) -> None:
    line.ask()
    line.acquirer.demand = 3
    assert isinstance(line.ask(), Answered)
    line.ask()
    assert line.acquirer.types() == ["0800", "0200", "0200", "0800", "0200"]


@pytest.mark.parametrize(("wrong", "signs_on"), [(2, 1), (3, 2)])
def test_three_wrong_macs_in_a_row_sign_on(line: Line, wrong: int, signs_on: int) -> None:
    line.ask()
    line.acquirer.wrong_macs = wrong
    for _ in range(wrong):
        answer = line.ask()
        assert isinstance(answer, NoAnswer)
        assert answer.reason is NoAnswerReason.GARBLED
    assert isinstance(line.ask(), Answered)
    assert line.acquirer.types().count("0800") == signs_on


def test_keys_with_a_wrong_check_value_are_not_taken_and_nothing_is_asked(line: Line) -> None:
    line.ask()
    before = line.keys.session
    line.day += timedelta(days=1)
    line.acquirer.check_flip = 1
    answer = line.ask()
    assert isinstance(answer, NoAnswer)
    assert "check value of the PIN key differs" in answer.detail
    assert line.keys.session == before
    assert line.acquirer.types() == ["0800", "0200", "0800"]


def test_a_mac_key_that_the_scheme_does_not_have_is_neither_used_nor_taken(line: Line) -> None:
    line.ask()
    ecb = line.keys.session
    single = replace(line.messages.profile, mac=MacShape("x9.9"))  # as after other settings
    line.messages = UnionPay(single)
    line.start()
    answer = line.ask()
    assert isinstance(answer, NoAnswer)
    assert answer.reason is NoAnswerReason.NO_LINE
    assert "x9.9 takes no MAC key of 16 bytes" in answer.detail
    assert line.acquirer.types() == ["0800", "0200", "0800"]
    assert line.keys.session == ecb


def test_a_sign_on_that_is_refused_leaves_the_keys_of_before_in_use(line: Line) -> None:
    line.ask()
    before = line.keys.session
    line.day += timedelta(days=1)
    line.acquirer.codes["0800"] = ["91"]
    mak = line.acquirer.mak
    assert isinstance(line.ask(), Answered)
    assert line.keys.session == before
    assert line.acquirer.mak == mak


def test_a_reversal_goes_out_under_the_new_keys(line: Line) -> None:
    sale = line.sale()
    line.acquirer.codes["0200"] = ["A0"]
    line.client.ask(sale, 1_000)
    paid = sale.payment
    answer = line.client.ask(ReversalRequest(paid, "", "", "A0", "0012", CARD), 1_000)
    assert isinstance(answer, Answered)
    assert line.acquirer.types() == ["0800", "0200", "0800", "0400"]
    reversal = line.acquirer.seen[-1][1]
    assert (reversal[11], reversal[60][2:8], reversal[39]) == ("000001", "000001", "A0")
    assert not {35, 36, 37, 52, 53, 26} & reversal.keys()


def test_echo_and_sign_off_need_no_keys(tmp_path: Path) -> None:
    line = Line(tmp_path)
    for what, code in ((Control.ECHO, "301"), (Control.SIGN_OFF, "002")):
        request = ControlRequest(what, **PLACE, stan=1)  # type: ignore[arg-type]
        assert isinstance(line.client.ask(request, 1_000), Answered)
        assert line.acquirer.seen[-1][1][60][8:] == code
