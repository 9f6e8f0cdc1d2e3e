"""Results of an issuer's scripts: told until the acquirer has answered."""

from __future__ import annotations

import pytest

from firmware.emv import tlv
from tests.acquirer.line_acquirer import Fields
from tests.flows.at_a_line import AWAY, PAID, Counter
from tests.flows.test_other_terminal import SALE, SETTLE

# a script after the last cryptogram whose MAC is wrong: the card refuses it, and the sale stands
SCRIPT = "7216" + "9F180411223344" + "860D" + "8424000008" + "00" * 8


@pytest.fixture
def scripted(counter: Counter) -> Counter:
    plain = counter.acquirer.chip
    counter.acquirer.chip = lambda fields: plain(fields) + SCRIPT
    return counter


def results(counter: Counter) -> list[Fields]:
    return [fields for kind, fields in counter.acquirer.seen if kind == "0620"]


def test_the_result_is_told_as_soon_as_the_terminal_is_idle(scripted: Counter) -> None:
    scripted.play(*SALE, ("wait", "40s"))
    assert scripted.acquirer.types() == ["0800", "0200", "0620"]
    asked, told = scripted.acquirer.seen[1][1], results(scripted)[0]
    for number in (2, 3, 4, 11, 41, 42, 49):
        assert told[number] == asked[number], number
    assert told[60][8:11] == "951"
    assert told[61] == "000001000001"
    assert told[37] == scripted.last().reference
    assert not {35, 52} & told.keys()
    chip = {f"{one.tag:X}": one.value.hex() for one in tlv.parse(bytes.fromhex(told[55]))}
    assert chip["DF31"][2:] == "11223344"
    assert chip["9F36"] == scripted.last().emv.atc.lower()
    assert not {"5A", "57"} & chip.keys()


def test_without_an_answer_it_is_told_again_over_power_cuts_and_settlements(
    scripted: Counter,
) -> None:
    scripted.acquirer.lose = lambda kind, _fields: kind == "0620"
    scripted.play(*SALE, ("wait", "40s"), *SETTLE, ("press", "ENTER"))
    assert scripted.sealed() == 1
    scripted.play(("power cut",), ("power on",), ("wait", "1m"))
    scripted.acquirer.lose = lambda _kind, _fields: False
    scripted.play(("wait", "2h"))
    assert len(results(scripted)) >= 3
    sent = len(results(scripted))
    scripted.play(("wait", "4h"))
    assert len(results(scripted)) == sent
    assert scripted.sealed() == 0


@pytest.mark.parametrize(("code", "count"), [("00", 1), ("94", 1), ("12", 1), ("A0", 2)])
def test_any_answer_ends_it_but_one_to_other_keys(scripted: Counter, code: str, count: int) -> None:
    scripted.acquirer.codes["0620"] = [code]
    scripted.play(*SALE, ("wait", "1h"))
    assert len(results(scripted)) == count


def test_it_stops_no_sale_and_is_named_in_the_menu(scripted: Counter) -> None:
    scripted.acquirer.lose = lambda kind, _fields: kind == "0620"
    scripted.play(*SALE, ("wait", "40s"), ("press", "3000", "ENTER"), *SALE[1:])
    scripted.play(("press", "MENU", "8", "3"), ("press", "ENTER"), ("expect screen", "脚本结果"))


def test_a_declined_sales_script_is_told_too(scripted: Counter) -> None:
    def declined(kind: str, fields: Fields) -> Fields | None:
        answer = scripted.acquirer.usual(kind, fields)
        if kind == "0200" and answer is not None:
            answer |= {39: "51"}
        return answer

    scripted.acquirer.behave = declined
    scripted.play(*PAID, *AWAY, ("wait", "40s"))
    assert len(results(scripted)) == 1
    assert scripted.sealed() == 0


def test_no_script_no_message(counter: Counter) -> None:
    counter.play(*SALE, ("wait", "1h"))
    assert counter.acquirer.types() == ["0800", "0200"]
