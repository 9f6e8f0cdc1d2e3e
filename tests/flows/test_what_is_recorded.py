"""The records of a sale, its void and a refund, written out and not built by the product."""

from __future__ import annotations

import json
from typing import Any

import pytest

from firmware.lab.scenario.language import Step
from firmware.lab.scenario.playing import play
from firmware.lab.scenario.stage import Stage

PAYS = """insert unionpay-debit
wait 1s
press 123456 ENTER
expect screen "交易成功"
press ENTER
remove"""
DAY = f"""
press 12850 ENTER
wait 1s
press ENTER
{PAYS}
press MENU 2 246810 ENTER
press 1 ENTER
press ENTER
{PAYS}
press 10000 ENTER
wait 1s
press ENTER
{PAYS}
press MENU 6
press ENTER
expect screen "对账平"
press ENTER
press MENU 3 246810 ENTER 3 ENTER ENTER
press ENTER
press 2500 ENTER
press ENTER
insert unionpay-debit
wait 1s
expect screen "交易成功"
"""
ANY = "(differs from run to run)"
CARD = {
    "hash": ANY,
    "first6": "625094",
    "last4": "0016",
    "pan_length": 16,
    "psn": "01",
    "expiry": "",
    "scheme": "银联 UnionPay",
    "label": "UNIONPAY DEBIT",
    "aid": "A000000333010101",
    "entry": "I",
}
SHOP = {
    "batch": 1,
    "currency": "CNY",
    "card": CARD,
    "operator": "01",
    "merchant": "104110054110001",
    "merchant_name": "幸福小店",
    "store": "S01",
    "terminal": "10000001",
    "date": "20261122",
    "time": ANY,
    "frame_sha256": ANY,
}
SALE_EMV = {
    "aid": "A000000333010101",
    "label": "UNIONPAY DEBIT",
    "tvr": "0000048000",
    "tsi": "F800",
    "atc": ANY,
    "ac": ANY,
    "ac_type": "TC",
    "cid": "40",
    "cvm_results": "420300",
    "iad": "0701120360000201",
    "unpredictable_number": ANY,
    "arqc": ANY,
    "test_keys": True,
}


def without_chance(value: Any, expected: Any) -> Any:
    """The value, with ANY wherever that is expected of something that is there."""
    if expected == ANY:
        return ANY if value else value
    if isinstance(value, dict) and isinstance(expected, dict):
        return {name: without_chance(each, expected.get(name)) for name, each in value.items()}
    return value


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    story = tmp_path_factory.mktemp("recorded") / "day.pos"
    story.write_text(DAY, encoding="utf-8")
    records: list[dict[str, Any]] = []

    def after(_step: Step, stage: Stage) -> None:
        assert stage.terminal is not None
        records[:] = [json.loads(each.body) for each in stage.terminal.data.journal.records()]

    play(story, on_step=after)
    return [one for one in records if one["type"] in ("IntentRecorded", "OutcomeRecorded")]


IDENTIFIED = dict.fromkeys(SALE_EMV, "") | {  # a chip that only says whose card it is
    "aid": "A000000333010101",
    "label": "UNIONPAY DEBIT",
    "test_keys": True,
}


def intent(kind: str, stan: int, amount_minor: int, **more: Any) -> dict[str, Any]:
    return SHOP | {
        "type": "IntentRecorded",
        "kind": kind,
        "stan": stan,
        "amount_minor": amount_minor,
        **more,
    }


def approval(
    kind: str, stan: int, reference: str, verification: str, emv: dict[str, Any], **more: Any
) -> dict[str, Any]:
    return {
        "type": "OutcomeRecorded",
        "kind": kind,
        "batch": 1,
        "stan": stan,
        "result": "approved",
        "response_code": "00",
        "authorisation_code": ANY,
        "reference": reference,
        "verification": verification,
        "emv": emv,
        **more,
    }


def original(stan: int, reference: str, amount_minor: int) -> dict[str, Any]:
    return {
        "batch": 1,
        "stan": stan,
        "reference": reference,
        "date": "20261122",
        "amount_minor": amount_minor,
        "authorisation_code": ANY,
        "elsewhere": False,
    }


def test_a_sale_its_void_and_a_refund_are_recorded_as_written_here(recorded):
    undone = original(1, "632600000001", 12_850)
    refunded = original(3, "632600000003", 10_000)
    expected = [
        intent("sale", 1, 12_850),
        approval("sale", 1, "632600000001", "pin", SALE_EMV),
        intent("void", 2, 12_850, original=undone),
        approval("void", 2, "632600000002", "pin", IDENTIFIED),
        intent("sale", 3, 10_000),
        approval("sale", 3, "632600000003", "pin", SALE_EMV),
        intent("refund", 4, 2_500, batch=2, original=refunded),
        approval("refund", 4, "632600000005", "signature", IDENTIFIED, batch=2),
    ]
    assert [without_chance(*pair) for pair in zip(recorded, expected, strict=True)] == expected


def test_who_paid_is_the_same_card_and_what_was_named_is_what_was_answered(recorded):
    """What differs from run to run hangs together all the same."""
    sale, answer, void, _, _, second, refund, _ = recorded
    assert {one["card"]["hash"] for one in (sale, void, refund)} == {sale["card"]["hash"]}
    assert void["original"]["authorisation_code"] == answer["authorisation_code"]
    assert refund["original"]["authorisation_code"] == second["authorisation_code"]
    assert [one["emv"]["atc"] for one in (answer, second)] == ["0001", "0003"]
    assert sale["frame_sha256"] != void["frame_sha256"]
