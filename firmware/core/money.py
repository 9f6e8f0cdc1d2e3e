"""Money: an integer of minor units with its ISO 4217 currency. No floats, anywhere near it.

Only this module reads amounts from text and writes them as text, by the currency's exponent.
"""

from __future__ import annotations

import re
from decimal import Decimal

from msgspec import Struct


class Currency(Struct, frozen=True):
    """A currency as receipts and EMV name it: ISO 4217 letters, number and exponent."""

    alpha: str
    numeric: str
    exponent: int
    label: str  # printed before an amount on a receipt


CURRENCIES = {
    currency.alpha: currency
    for currency in (
        Currency("CNY", "156", 2, "RMB"),
        Currency("HKD", "344", 2, "HKD"),
        Currency("MOP", "446", 2, "MOP"),
        Currency("TWD", "901", 2, "TWD"),
        Currency("JPY", "392", 0, "JPY"),
        Currency("KRW", "410", 0, "KRW"),
        Currency("SGD", "702", 2, "SGD"),
        Currency("THB", "764", 2, "THB"),
        Currency("USD", "840", 2, "USD"),
        Currency("EUR", "978", 2, "EUR"),
        Currency("GBP", "826", 2, "GBP"),
        Currency("CHF", "756", 2, "CHF"),
        Currency("KWD", "414", 3, "KWD"),
    )
}
NOTHING = Decimal(0)  # in major units of any currency
_BY_CODE = {key: c for c in CURRENCIES.values() for key in (c.alpha, c.numeric)}
MINOR_MAX = 999_999_999_999  # twelve digits: ISO 8583 field 4, EMV tag 9F02


class MoneyError(ValueError):
    """An amount that is not money: not an integer, negative, too large, or of another currency."""


class Money(Struct, frozen=True):
    """`minor` units of `currency`, 0 to 999,999,999,999. Raises MoneyError on anything else.

    So do adding, subtracting and ordering amounts of two currencies. What may be below nothing or
    outgrow twelve digits, as a day's sum may, is an integer of minor units instead.
    """

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise MoneyError(f"minor units must be an integer, not {type(self.minor).__name__}")
        if not 0 <= self.minor <= MINOR_MAX:
            raise MoneyError(f"{self.minor} minor units do not fit 12 digits")

    def __str__(self) -> str:
        """The amount in major units, without currency: `128.50`."""
        return major_text(self.minor, self.currency)

    def __add__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same_currency(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same_currency(other)
        return self.minor <= other.minor

    def _same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise MoneyError(f"{self.currency.alpha} with {other.currency.alpha}")


def currency_of(code: str) -> Currency:
    """The currency of an ISO 4217 code, letters or number. Raises KeyError for none."""
    return _BY_CODE[code]


def major_text(minor: int, currency: Currency) -> str:
    """`minor` units in major ones, without a label: `128.50`, 300 in JPY, `3.500` in KWD.

    Of any size, and below zero too: sums and differences are no Money.
    """
    sign = "-" if minor < 0 else ""
    major, rest = divmod(abs(minor), 10**currency.exponent)
    decimals = f".{rest:0{currency.exponent}d}" if currency.exponent else ""
    return f"{sign}{major}{decimals}"


def minor_of(text: str, currency: Currency) -> int:
    """What a person wrote in major units, in minor ones: `3.500` in KWD is 3,500, `300` in JPY 300.

    It has no decimals, or as many as the currency: another number of them was meant for another
    currency. Raises MoneyError, with what was expected.
    """
    exponent = currency.exponent
    decimals = rf"(?:\.([0-9]{{{exponent}}}))?" if exponent else "()"
    found = re.fullmatch(rf"([0-9]{{1,13}}){decimals}", text, re.ASCII)
    minor = int(found[1]) * 10**exponent + int(found[2] or 0) if found else MINOR_MAX + 1
    if minor > MINOR_MAX:
        words = f'a string of {currency.alpha} like "{example_of(currency)}"'
        raise MoneyError(f'Expected minor units up to {MINOR_MAX}, or {words}, got "{text}"')
    return minor


def decimal_of(minor: int, currency: Currency) -> Decimal:
    """`minor` units in major ones, exactly, for a format that has decimals: 128.50."""
    return Decimal(minor).scaleb(-currency.exponent)


def minor_of_decimal(amount: Decimal, currency: Currency) -> int:
    """A format's decimal of major units in minor ones: 12.5 in CNY is 1,250, 300.00 in JPY 300.

    Any number of decimals is taken if those that the currency does not have are zero. Raises
    MoneyError on what is no amount of this currency.
    """
    sane = amount.is_finite() and amount.adjusted() < len(str(MINOR_MAX))
    minor = amount.scaleb(currency.exponent) if sane else Decimal(-1)
    if not 0 <= minor <= MINOR_MAX or minor != minor.to_integral_value():
        raise MoneyError(f"{amount!s:.40} is no amount of {currency.alpha}")
    return int(minor)


def percent_of(minor: int, percent: int) -> int:
    """`percent` of an amount in whole minor units, rounded down."""
    return minor * percent // 100


def example_of(currency: Currency) -> str:
    """A well written amount, for the message to somebody who wrote one otherwise."""
    return major_text(500 * 10**currency.exponent, currency)


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿", "万亿")


def _group_in_capitals(group: int) -> str:
    """Four digits in capital numerals, inner zeros once, no leading or trailing ones."""
    text, zero = "", False
    for place in (3, 2, 1, 0):
        digit = group // 10**place % 10
        if digit:
            text += ("零" if zero and text else "") + _DIGITS[digit] + _PLACES[place]
            zero = False
        else:
            zero = True
    return text


def capitals(amount: Money) -> str:
    """The amount in Chinese capital numerals, as on a cheque: 壹佰贰拾捌元伍角整.

    See 票据法 / 支付结算办法, Annex 1 (正确填写票据和结算凭证的基本规定). Only for currencies
    with two decimals or none.
    """
    exponent = amount.currency.exponent
    if exponent not in (0, 2):
        raise MoneyError(f"no capital numerals for {amount.currency.alpha}")
    major, minor = divmod(amount.minor, 10**exponent)
    text = _integer_in_capitals(major)
    jiao, fen = divmod(minor, 10)
    if text:
        text += "元"
    if not text and not minor:
        return "零元整"
    if jiao:
        # 仟佰拾 end in zero before 角: the rule allows 零 there; it is written after a zero 元
        text += ("零" if text and major % 10 == 0 else "") + _DIGITS[jiao] + "角"
    if fen:
        text += ("零" if text and not jiao else "") + _DIGITS[fen] + "分"
    return text if fen else text + "整"


def _integer_in_capitals(value: int) -> str:
    groups = []
    while value:
        value, group = divmod(value, 10_000)
        groups.append(group)
    text, gap = "", False
    for index in reversed(range(len(groups))):
        group = groups[index]
        if not group:
            gap = True
            continue
        if text and (gap or group < 1000 or groups[index + 1] % 10 == 0):
            text += "零"
        text += _group_in_capitals(group) + _GROUPS[index]
        gap = False
    return text
