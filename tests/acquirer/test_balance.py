"""Balance enquiries at the embedded acquirer: who is told, and that nothing is booked."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firmware.core.masked import Pin
from firmware.core.money import CURRENCIES
from firmware.iso8583.messages import Balance

CNY = CURRENCIES["CNY"]


def test_the_balance_is_what_sales_and_voids_leave(till: Any) -> None:
    sale = till.sold("debit", 12_850)
    told = till.answered(till.balance("debit"))
    assert (told.response_code, told.balance) == ("00", Balance(487_150, CNY))
    assert told.issuer_authentication_data is not None
    till.answered(till.void(sale))
    assert till.answered(till.balance("debit")).balance == Balance(500_000, CNY)


def test_an_enquiry_leaves_nothing_in_the_books(till: Any) -> None:
    before = till.host.books()
    till.answered(till.balance("debit"))
    assert (till.host.books(), till.host.balances()) == (before, dict.fromkeys(till.cards, 0))


@pytest.mark.parametrize(
    ("name", "code"),
    [("lost", "41"), ("stolen", "43"), ("blocked", "62"), ("old", "54"), ("locked", "75")],
)
def test_an_account_out_of_use_tells_nothing(till: Any, name: str, code: str) -> None:
    told = till.answered(till.balance(name))
    assert (told.response_code, told.balance) == (code, None)


def test_nobody_without_the_pin_is_told(till: Any) -> None:
    assert till.answered(till.balance("debit", pin=None)).response_code == "55"
    wrong = [till.answered(till.balance("debit", pin="000000")) for _ in range(3)]
    assert [one.response_code for one in wrong] == ["55", "55", "75"]
    right = till.answered(till.balance("debit"))
    assert (right.response_code, right.balance) == ("75", None)
    assert till.code(till.sale("debit", 100, "123456")) == "75"  # a sale's tries are the same


def test_a_right_pin_takes_back_the_wrong_ones(till: Any) -> None:
    till.answered(till.balance("debit", pin="000000"))
    till.answered(till.balance("debit"))
    assert [till.code(till.balance("debit", pin="000000")) for _ in range(2)] == ["55", "55"]


def test_a_cryptogram_that_is_not_the_cards_tells_nothing(till: Any) -> None:
    forged = till.cards["store"].de55(0)
    assert till.code(till.balance("debit", de55=forged)) == "05"
    assert till.code(till.balance("debit", de55=b"\x9f")) == "30"


def test_an_account_without_a_pin_or_without_a_limit_is_not_told_about(till: Any) -> None:
    assert till.code(till.balance("credit")) == "55"
    assert till.code(till.balance("free")) == "57"


def test_an_enquiry_of_a_terminal_that_is_not_known_is_refused(till: Any) -> None:
    asked = till.balance("debit")
    assert till.code(replace(asked, terminal="10000009")) == "97"
    assert till.code(replace(asked, currency=CURRENCIES["USD"])) == "12"
    other = replace(asked.card, psn="02", pin=Pin("123456"))
    assert till.code(replace(asked, card=other)) == "14"
