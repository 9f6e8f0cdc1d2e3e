"""Amounts are read and written in one place, by the currency's exponent."""

from __future__ import annotations

from decimal import Decimal
from operator import add, ge, gt, le, lt, sub
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.acquirer.accounts import load_accounts
from firmware.core.config import ConfigError
from firmware.core.config_example import literal
from firmware.core.config_file import from_tables, set_from_text
from firmware.core.money import (
    CURRENCIES,
    MINOR_MAX,
    Money,
    MoneyError,
    currency_of,
    decimal_of,
    major_text,
    minor_of,
    minor_of_decimal,
)

YUAN, YEN, DINAR = (CURRENCIES[name] for name in ("CNY", "JPY", "KWD"))


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("300", YEN, 300),
        ("3.500", DINAR, 3_500),
        ("3", DINAR, 3_000),
        ("500.00", YUAN, 50_000),
        ("500", YUAN, 50_000),
        ("0", YEN, 0),
        ("9999999999.99", YUAN, MINOR_MAX),
    ],
)
def test_an_amount_is_read_by_its_currency(text, currency, minor):
    assert minor_of(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("300.00", YEN),
        ("3.5005", DINAR),
        ("3.50", DINAR),
        ("3.500", YUAN),
        ("5.", YUAN),
        (".50", YUAN),
        ("-1", YUAN),
        ("1,000.00", YUAN),
        ("３００", YEN),
        ("1e3", YEN),
        ("", YEN),
        ("10000000000.00", YUAN),
    ],
)
def test_what_was_meant_for_another_currency_is_refused(text, currency):
    with pytest.raises(MoneyError, match=f"string of {currency.alpha} like"):
        minor_of(text, currency)


@given(st.integers(0, MINOR_MAX), st.sampled_from(sorted(CURRENCIES)))
def test_what_is_written_is_read_again(minor, alpha):
    currency = CURRENCIES[alpha]
    assert minor_of(major_text(minor, currency), currency) == minor
    assert major_text(-minor, currency).removeprefix("-") == major_text(minor, currency)


@given(st.integers(0, MINOR_MAX), st.integers(0, MINOR_MAX))
def test_amounts_have_the_order_of_their_minor_units(one, other):
    left, right = Money(one, YUAN), Money(other, YUAN)
    assert (left < right, left <= right) == (one < other, one <= other)
    assert (left > right, left >= right) == (one > other, one >= other)


@pytest.mark.parametrize("of_two", [lt, le, gt, ge, add, sub])
def test_amounts_of_two_currencies_have_no_order_and_no_sum(of_two):
    assert Money(300, YUAN) != Money(300, YEN)
    with pytest.raises(MoneyError, match=r"CNY with JPY|JPY with CNY"):
        of_two(Money(300, YUAN), Money(300, YEN))


def test_sums_outgrow_money_and_still_have_their_text():
    assert major_text(1_234_567_890_123_456, YUAN) == "12345678901234.56"
    assert major_text(-5, DINAR) == "-0.005"
    assert currency_of("392") is currency_of("JPY") is YEN


def kiosk(currency, price):
    item = {"key": "1", "name": "茶", "price": price}
    tables = {
        "kiosk": {"items": [item]},
        "sale": {"max_amount": 0},
        "general": {"currency": currency},
    }
    return from_tables(tables, source="pos.toml")


@pytest.mark.parametrize(
    ("currency", "price", "minor"), [("JPY", "300", 300), ("KWD", "3.500", 3_500)]
)
def test_a_price_is_of_the_configured_currency(currency, price, minor):
    """Wherever in the file the currency stands."""
    config = kiosk(currency, price)
    assert config.kiosk.items[0].price == minor
    assert literal(config.kiosk.items[0], "price", config.currency) == f'"{price}"'


@pytest.mark.parametrize(("currency", "price"), [("KWD", "3.5005"), ("JPY", "3.00")])
def test_a_price_of_another_currency_is_refused_with_its_place(currency, price):
    with pytest.raises(ConfigError, match=r"kiosk\.items 1\.price: Expected minor units") as caught:
        kiosk(currency, price)
    assert f'got "{price}"' in str(caught.value)


def test_an_unknown_currency_is_the_one_mistake():
    with pytest.raises(ConfigError) as caught:
        kiosk("XXX", "3.00")
    assert [each.place for each in caught.value.mistakes] == ["pos.toml: general.currency"]


def test_a_limit_from_a_text_is_of_the_currency_that_is_set():
    config = kiosk("JPY", "300")
    assert set_from_text(config, "sale.day_limit", "5000", source="s").sale.day_limit == 5_000
    with pytest.raises(ConfigError, match=r"sale\.day_limit: .* string of JPY"):
        set_from_text(config, "sale.day_limit", '"50.00"', source="s")


ACCOUNT = """[[account]]
name = "gift"
pan = "9999000000000001"
expiry = "3012"
imk_ac = "0123456789ABCDEF0123456789ABCDEF"
cvn = 10
balance = "{}"
"""


@pytest.mark.parametrize(
    ("currency", "balance", "minor"), [(YEN, "300", 300), (DINAR, "3.500", 3_500)]
)
def test_a_balance_is_of_the_hosts_currency(tmp_path: Path, currency, balance, minor):
    path = tmp_path / "accounts.toml"
    path.touch(0o600)
    path.write_text(ACCOUNT.format(balance))
    assert load_accounts(path, currency)[0].balance_minor == minor
    path.write_text(ACCOUNT.format("3.50"))
    with pytest.raises(ConfigError, match=r"account 1\.balance: expected major units of"):
        load_accounts(path, currency)


@pytest.mark.parametrize(
    ("number", "code", "minor"),
    [
        ("128.50", "CNY", 12_850),
        ("128.5", "CNY", 12_850),
        ("128", "CNY", 12_800),
        ("128.5000", "CNY", 12_850),
        ("1E+2", "CNY", 10_000),
        ("300", "JPY", 300),
        ("300.00", "JPY", 300),
        ("3.5", "KWD", 3_500),
        ("9999999999.99", "CNY", MINOR_MAX),
    ],
)
def test_a_formats_decimal_is_read_exactly(number: str, code: str, minor: int) -> None:
    assert minor_of_decimal(Decimal(number), CURRENCIES[code]) == minor


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("128.505", "CNY"),
        ("300.5", "JPY"),
        ("-1", "CNY"),
        ("NaN", "CNY"),
        ("Infinity", "CNY"),
        ("1E+999999", "CNY"),
        ("1E-999999", "CNY"),
        ("10000000000.00", "CNY"),
    ],
)
def test_a_decimal_that_is_no_amount_is_refused(number: str, code: str) -> None:
    with pytest.raises(MoneyError, match=code):
        minor_of_decimal(Decimal(number), CURRENCIES[code])


@pytest.mark.parametrize(
    ("minor", "code", "number"),
    [(12_850, "CNY", "128.50"), (300, "JPY", "300"), (5, "KWD", "0.005")],
)
def test_an_amount_is_written_as_a_decimal_with_its_zeros(
    minor: int, code: str, number: str
) -> None:
    assert str(decimal_of(minor, CURRENCIES[code])) == number
