"""The cards of the issuer: who may pay how much, and with which keys.

The list is provisioned anew at each start, from a file or from the modelled cards; PAN, PIN and
keys stay in memory and never reach the books.
"""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from firmware.acquirer.cryptogram import VERSIONS
from firmware.core.config import ConfigError
from firmware.core.config_across import Mistake
from firmware.core.files import read_text
from firmware.core.masked import Pan, Pin, SecretKey
from firmware.core.money import MINOR_MAX, Currency, MoneyError, example_of, minor_of


class AccountStatus(enum.Enum):
    """Whether an account may pay."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    LOST = "lost"
    STOLEN = "stolen"
    PIN_BLOCKED = "pin-blocked"


class Account(Struct, frozen=True):
    """One card's account.

    What may be spent is `balance_minor` plus `credit_limit_minor` less what was spent; an account
    with neither is not limited.
    """

    name: str
    pan: Pan
    psn: str  # two digits, tag 5F34
    expiry: str  # YYMM
    pin: Pin | None  # None: no PIN is checked online
    balance_minor: int | None
    credit_limit_minor: int | None
    imk_ac: SecretKey  # 16 bytes, issuer master key for application cryptograms
    cvn: int  # cryptogram version number: a key of firmware.acquirer.cryptogram.VERSIONS
    status: AccountStatus = AccountStatus.ACTIVE
    day_limit_minor: int | None = None  # approved sales of a day
    day_count: int | None = None
    arpc_method: int = 1
    currency: str = ""  # ISO 4217 number of its amounts; "" of accounts that were kept without it

    @property
    def limit_minor(self) -> int | None:
        """How much may be spent in all, or None."""
        if self.balance_minor is None and self.credit_limit_minor is None:
            return None
        return (self.balance_minor or 0) + (self.credit_limit_minor or 0)


_REQUIRED = ("name", "pan", "expiry", "imk_ac", "cvn")
_AMOUNTS = ("balance", "credit_limit", "day_limit")
_DIGITS = {
    "pan": ("[0-9]{8,19}", "8 to 19 digits as a string"),
    "psn": ("[0-9]{2}", 'two digits as a string, such as "01"'),
    "expiry": ("[0-9]{2}(0[1-9]|1[0-2])", 'YYMM as a string, such as "3012"'),
    "pin": ("[0-9]{4,12}", "4 to 12 digits as a string"),
    "imk_ac": ("[0-9A-Fa-f]{32}", "32 hex digits"),
    "name": (r"[\w .-]{1,40}", "1 to 40 letters, digits, spaces, dots or dashes"),
}
_CHOICES: dict[str, tuple[object, ...]] = {
    "cvn": tuple(VERSIONS),
    "arpc_method": (1, 2),
    "status": tuple(status.value for status in AccountStatus),
}


def load_accounts(path: Path, currency: Currency) -> list[Account]:
    """Read the `[[account]]` tables of the TOML file at `path`, amounts in `currency`.

    Raises ConfigError with every mistake, by file, account and key; no mistake repeats a value.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError([Mistake(str(path), "expected mode 0600: it holds keys and PINs")])
        tables = tomllib.loads(read_text(path))
    except OSError as error:
        raise ConfigError([Mistake(str(path), error.strerror or "cannot be read")]) from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at .*\)", str(error))  # the rest may quote the file
        raise ConfigError([Mistake(str(path), f"not TOML {place[0] if place else ''}")]) from None
    except UnicodeDecodeError:
        raise ConfigError([Mistake(str(path), "not UTF-8")]) from None
    mistakes = [
        Mistake(f"{path}: {key}", "unknown; expected [[account]]")
        for key in tables
        if key != "account"
    ]
    entries = tables.get("account", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigError([*mistakes, Mistake(f"{path}: account", "expected [[account]] tables")])
    accounts = [
        account
        for number, entry in enumerate(entries, 1)
        if (account := _account(entry, f"{path}: account {number}", currency, mistakes)) is not None
    ]
    mistakes += _repeated(accounts, str(path))
    if mistakes:
        raise ConfigError(mistakes)
    return accounts


def _account(
    entry: Mapping[str, Any], place: str, currency: Currency, mistakes: list[Mistake]
) -> Account | None:
    """One account, or None and its mistakes."""
    found = [
        Mistake(f"{place}.{key}", expected)
        for key, value in entry.items()
        if (expected := _expected(key, value, currency)) is not None
    ]
    found += [Mistake(f"{place}.{key}", "missing") for key in _REQUIRED if key not in entry]
    mistakes += found
    if found:
        return None
    return Account(
        name=entry["name"],
        pan=Pan(entry["pan"]),
        psn=entry.get("psn", "00"),
        expiry=entry["expiry"],
        pin=Pin(entry["pin"]) if "pin" in entry else None,
        balance_minor=_minor(entry.get("balance"), currency),
        credit_limit_minor=_minor(entry.get("credit_limit"), currency),
        imk_ac=SecretKey(bytes.fromhex(entry["imk_ac"])),
        cvn=entry["cvn"],
        status=AccountStatus(entry.get("status", "active")),
        day_limit_minor=_minor(entry.get("day_limit"), currency),
        day_count=entry.get("day_count"),
        arpc_method=entry.get("arpc_method", 1),
        currency=currency.numeric,
    )


def _expected(key: str, value: object, currency: Currency) -> str | None:
    """What `key` wants instead of `value`, or None if it is well."""
    if key in _DIGITS:
        pattern, words = _DIGITS[key]
        well = isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None
        return None if well else f"expected {words}"
    if key in _AMOUNTS:
        example = f'major units of {currency.alpha} such as "{example_of(currency)}"'
        well = _is_amount(value, currency)
        return None if well else f"expected {example}, or whole minor units"
    if key in _CHOICES:
        known = _CHOICES[key]
        well = type(value) in (int, str) and value in known
        return None if well else f"expected one of {', '.join(map(str, known))}"
    if key == "day_count":
        return None if type(value) is int and value >= 0 else "expected a whole number"
    return "unknown"


def _is_amount(value: object, currency: Currency) -> bool:
    if not isinstance(value, str):
        return type(value) is int and 0 <= value <= MINOR_MAX
    try:
        minor_of(value, currency)
    except MoneyError:
        return False
    return True


def _minor(value: str | int | None, currency: Currency) -> int | None:
    return minor_of(value, currency) if isinstance(value, str) else value


def _repeated(accounts: list[Account], source: str) -> list[Mistake]:
    names = [account.name for account in accounts]
    pans = [account.pan for account in accounts]
    return [
        Mistake(f"{source}: account {number}", f"repeats the {what} of an earlier one")
        for what, values in (("name", names), ("pan", pans))
        for number, value in enumerate(values, 1)
        if value in values[: number - 1]
    ]
