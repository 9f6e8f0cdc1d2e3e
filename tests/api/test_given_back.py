"""Voids and refunds that a till asks for: the keypad's rules, the same card, one of each id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from firmware.ui.texts import Language, Text
from tests.api.http import PAY, Till

Numbers = Callable[[Any], dict[str, Any]]
SAME_CARD = "press ENTER\ninsert unionpay-debit\n"


@pytest.fixture
def paid(till: Till) -> Iterator[Till]:
    till.put("a")
    till.play(PAY + "remove\nwait 10s")
    yield till
    till.play("expect books balanced")


def void(till: Till, name: str, **body: Any) -> Any:
    return till.ask("PUT", f"/v1/voids/{name}", {"payment": "a"} | body)


def refund(till: Till, name: str, amount_minor: int, **body: Any) -> Any:
    path, asked = f"/v1/refunds/{name}", {"payment": "a", "amount_minor": amount_minor}
    return till.ask("PUT", path, asked | body)


def test_a_payment_is_voided_once(paid: Till) -> None:
    assert void(paid, "v").status == 201
    paid.play(
        'expect screen "消费撤销" "128.50" "000001"\n' + SAME_CARD + "press 123456 ENTER\nwait 1s"
    )
    done = paid.get("v")
    assert (done["kind"], done["payment"], done["state"]) == ("void", "a", "approved")
    assert paid.get("a")["state"] == "voided"
    assert void(paid, "v").json == done
    paid.play("remove\nwait 10s")
    again = void(paid, "w")
    assert (again.status, again.kind, again.json["detail"]) == (
        422,
        "payment-stands-not",
        "already_voided",
    )
    words = Text.ALREADY_VOIDED
    assert again.json["texts"] == {
        "zh_CN": words.in_language(Language.ZH),
        "en": words.in_language(Language.EN),
    }, "why, and not only that it cannot be"
    paid.play("expect totals voids=1/12850")


def test_a_payment_is_refunded_in_parts_and_not_a_cent_more(paid: Till) -> None:
    assert refund(paid, "r", 10_000).status == 201
    paid.play(SAME_CARD + "wait 1s\nremove\nwait 10s")
    assert paid.get("r")["state"] == "approved"
    assert (paid.get("a")["state"], paid.get("a")["refunded_minor"]) == ("refunded", 10_000)
    over = refund(paid, "s", 2_851)
    assert (over.kind, over.json["limit_minor"]) == ("amount-over-left", 2_850)
    assert refund(paid, "s", 2_850).status == 201


NUMBERS: list[Numbers] = [
    lambda sale: {"voucher": sale["voucher"], "batch": sale["batch"]},
    lambda sale: {"voucher": sale["voucher"].lstrip("0"), "date": sale["paid_on"][:8]},
    lambda sale: {"rrn": sale["rrn"], "date": sale["paid_on"][:8]},
    lambda sale: {"reference": sale["rrn"], "date": sale["paid_on"][:8]},
]


@pytest.mark.parametrize("numbers", NUMBERS, ids=["batch", "voucher", "rrn", "reference"])
def test_a_sale_is_refunded_by_the_numbers_of_its_receipt(paid: Till, numbers: Numbers) -> None:
    named = numbers(paid.get("a"))
    path, body = "/v1/refunds/r", {**named, "amount_minor": 100}
    assert paid.ask("PUT", path, body).status == 201
    paid.play(SAME_CARD + "wait 1s\nremove\nwait 10s")
    done = paid.get("r")
    assert (done["state"], done["payment"], done["reference"]) == ("approved", "a", "")
    assert done["original"]["voucher"] == "000001"
    assert paid.get("a")["refunded_minor"] == 100
    again = paid.ask("PUT", path, body)
    assert (again.status, again.json) == (200, done)


def test_a_sale_that_was_keyed_is_refunded_in_a_later_batch(till: Till) -> None:
    till.play("press 5000 ENTER\n" + PAY + "press ENTER\nremove\nwait 1m")
    till.play("press MENU 6\npress ENTER\nwait 10s\npress ENTER\nwait 1m")
    numbers = {"voucher": "000001", "batch": 1}
    refused = till.ask("PUT", "/v1/voids/v", numbers)
    assert (refused.kind, refused.json["detail"]) == ("payment-stands-not", "batch_settled")
    body = {**numbers, "amount_minor": 5_000, "reference": "back 1"}
    assert till.ask("PUT", "/v1/refunds/r", body).status == 201
    till.play('expect screen "50.00" "000001"\n' + SAME_CARD + "wait 1s")
    done = till.get("r")
    assert (done["state"], done["payment"], done["reference"]) == ("approved", "", "back 1")
    till.play("power cut\npower on\nremove\nwait 10s\nexpect books balanced")
    assert till.ask("PUT", "/v1/refunds/r", body).json["state"] == "approved"


@pytest.mark.parametrize(
    ("named", "kind", "field"),
    [
        ({}, "invalid-body", "payment"),
        ({"payment": "a", "voucher": "1"}, "invalid-body", "voucher"),
        ({"voucher": "1"}, "invalid-body", "batch"),
        ({"rrn": "123456789012"}, "invalid-body", "date"),
        ({"voucher": "1", "date": "20230230"}, "invalid-body", "date"),
        ({"voucher": "2", "batch": 1}, "payment-not-paid", "voucher"),
        ({"voucher": "1", "batch": 7}, "payment-not-paid", "voucher"),
        ({"voucher": "1", "batch": 1, "date": "20190101"}, "payment-not-paid", "voucher"),
        ({"rrn": "999999999999", "date": "20190101"}, "payment-not-paid", "rrn"),
    ],
)
def test_a_sale_that_is_not_named_is_not_given_back(
    paid: Till, named: Any, kind: str, field: str
) -> None:
    refused = paid.ask("PUT", "/v1/refunds/r", {**named, "amount_minor": 1})
    assert (refused.status, refused.kind, refused.json["field"]) == (422, kind, field)
    assert paid.ask("GET", "/v1/payments/r").status == 404


def test_another_card_gets_nothing(paid: Till) -> None:
    refund(paid, "r", 100)
    paid.play("press ENTER\ninsert visa-credit\nwait 2s")
    assert paid.ask("POST", "/v1/payments/r/cancel").status == 202
    paid.play("remove\nwait 2s")
    assert paid.get("r")["state"] == "cancelled"
    assert paid.get("a")["refunded_minor"] == 0


def test_what_was_never_paid_is_not_given_back(till: Till) -> None:
    assert void(till, "v").kind == "payment-not-paid"
    assert refund(till, "r", 1).kind == "payment-not-paid"


def test_an_id_of_a_payment_is_none_of_a_refund(paid: Till) -> None:
    assert refund(paid, "a", 100).kind == "payment-differs"
