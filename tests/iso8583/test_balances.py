"""Field 54: what may be spent, there and back, and what is no balance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.money import CURRENCIES, MINOR_MAX, Currency
from firmware.iso8583.balances import pack_balance, unpack_balance
from firmware.iso8583.codec import WireError
from firmware.iso8583.messages import Balance

CNY, KWD = CURRENCIES["CNY"], CURRENCIES["KWD"]
BOOKED = "0001156C000000000700"
AVAILABLE = "0002156C000000487150"


@given(st.integers(-MINOR_MAX, MINOR_MAX), st.sampled_from(list(CURRENCIES.values())))
def test_a_balance_comes_back_as_it_was(minor: int, currency: Currency) -> None:
    told = Balance(minor, currency)
    assert unpack_balance(pack_balance(told)) == told


@pytest.mark.parametrize(
    ("field", "told"),
    [
        (AVAILABLE, Balance(487_150, CNY)),
        (BOOKED, Balance(700, CNY)),
        (BOOKED + AVAILABLE, Balance(487_150, CNY)),  # what may be spent, not what is booked
        ("1002414D000000001500", Balance(-1_500, KWD)),
        (AVAILABLE + "0002840C000000000001", Balance(487_150, CNY)),  # in another currency, too
        ("0040156C000000000001" * 5 + AVAILABLE, Balance(487_150, CNY)),
    ],
)
def test_what_may_be_spent_is_found(field: str, told: Balance) -> None:
    assert unpack_balance(field) == told


@pytest.mark.parametrize(
    "field",
    [
        AVAILABLE[:-1],
        AVAILABLE + "0",
        AVAILABLE.replace("C", "c"),
        AVAILABLE.replace("C", "+"),
        AVAILABLE.replace("156", "000"),
        AVAILABLE[:-1] + "\u0661",
        "0040156C000000000001",
        AVAILABLE * 7,
        AVAILABLE + BOOKED[:10],
    ],
)
def test_anything_else_is_no_balance(field: str) -> None:
    with pytest.raises(WireError, match="field 54"):
        unpack_balance(field)


def test_more_than_twelve_digits_do_not_fit() -> None:
    with pytest.raises(WireError, match="12 digits"):
        pack_balance(Balance(-(10**12), CNY))


def test_a_balance_is_said_in_its_currency() -> None:
    assert (str(Balance(-5, CNY)), str(Balance(3_500, KWD))) == ("-0.05", "3.500")
