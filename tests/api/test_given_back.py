"""Voids and refunds that a till asks for: the keypad's rules, the same card, one of each id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.http import PAY, Till

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
    paid.play("expect totals voids=1/12850")


def test_a_payment_is_refunded_in_parts_and_not_a_cent_more(paid: Till) -> None:
    assert refund(paid, "r", 10_000).status == 201
    paid.play(SAME_CARD + "wait 1s\nremove\nwait 10s")
    assert paid.get("r")["state"] == "approved"
    assert (paid.get("a")["state"], paid.get("a")["refunded_minor"]) == ("refunded", 10_000)
    over = refund(paid, "s", 2_851)
    assert (over.kind, over.json["limit_minor"]) == ("amount-over-left", 2_850)
    assert refund(paid, "s", 2_850).status == 201


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
