"""The card's wire is decoded live, with what a command's data says, and shows no account number."""

from __future__ import annotations

import json

import pytest

from firmware.lab.benchmarks.hands import CARD, Hands
from firmware.lab.issuers import tray_books
from firmware.lab.page.exchanges import Exchanges
from firmware.lab.scenario.stage import Stage


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory):
    """Every exchange of a sale for 128.50."""
    stage = Stage(tmp_path_factory.mktemp("stage"))
    wire, found = Exchanges(), []
    stage.bench.slot.on_apdu.append(lambda *pair: found.append(wire.next(*pair)))
    assert Hands(stage).sell(12_850)
    stage.close()
    return found


def sent(exchanges, name: str, nth: int = 0) -> dict[str, str]:
    one = [each for each in exchanges if each["name"] == name][nth]
    return {each["tag"]: each["value"] for each in one["sent"]}


def test_the_first_cryptogram_is_asked_for_with_the_amount(exchanges):
    assert sent(exchanges, "GENERATE AC")["9F02"] == "000000012850"


def test_the_second_cryptogram_is_asked_for_with_the_host_s_answer(exchanges):
    second = sent(exchanges, "GENERATE AC", 1)
    assert bytes.fromhex(second["8A"]) == b"00"  # Authorisation Response Code


def test_a_response_that_is_fetched_names_what_it_answers(exchanges):
    names = [each["name"] for each in exchanges]
    assert "GET RESPONSE · GENERATE AC" in names
    assert None not in exchanges


def test_no_account_number_is_shown_in_whichever_exchange(exchanges):
    (account,) = [one for one in tray_books() if one.name == CARD]
    assert account.pan.reveal() not in json.dumps(exchanges)
    assert any("*" in each["response"] for each in exchanges)


def test_what_is_no_command_is_left_out():
    assert Exchanges().next(b"\x00", b"\x90\x00") is None
    assert Exchanges().next(b"\x00\xa4\x04\x00", b"\x90") is None


def test_a_list_that_is_cut_off_leaves_the_bytes_as_they_are():
    wire = Exchanges()
    wire.next(bytes.fromhex("00B2010C00"), bytes.fromhex("70038C019F9000"))
    shown = wire.next(bytes.fromhex("80AE400002AABB00"), bytes.fromhex("6985"))
    assert not shown["sent"]
    assert "AABB" in shown["command"]
