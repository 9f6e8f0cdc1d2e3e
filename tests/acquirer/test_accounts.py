"""Provisioned accounts: read in full, and every mistake named without its secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.acquirer.accounts import AccountStatus, load_accounts
from firmware.core.config import ConfigError
from firmware.core.masked import Pan, Pin, SecretKey
from firmware.core.money import CURRENCIES

CARD = """
[[account]]
name = "gift-0001"
pan = "6280000000010001"
psn = "01"
expiry = "3012"
pin = "1234"
balance = "500.00"
credit_limit = 1000
day_limit = "1000.00"
day_count = 9
imk_ac = "0123456789ABCDEFFEDCBA9876543210"
cvn = 18
arpc_method = 2
status = "lost"
"""
LEAST = """
[[account]]
name = "gift-0002"
pan = "6280000000010002"
expiry = "3012"
imk_ac = "0123456789ABCDEFFEDCBA9876543210"
cvn = 18
"""

YUAN = CURRENCIES["CNY"]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_an_account_is_read_in_full(tmp_path: Path) -> None:
    first, second = load_accounts(written(tmp_path, CARD + LEAST), YUAN)
    assert (first.name, first.pan, first.pin) == ("gift-0001", Pan("6280000000010001"), Pin("1234"))
    assert (first.balance_minor, first.credit_limit_minor) == (50_000, 1_000)
    assert first.limit_minor == 51_000
    assert (first.day_limit_minor, first.day_count) == (100_000, 9)
    assert (first.cvn, first.arpc_method, first.status) == (18, 2, AccountStatus.LOST)
    assert first.imk_ac == SecretKey(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    assert (second.psn, second.pin, second.limit_minor) == ("00", None, None)
    assert second.status is AccountStatus.ACTIVE


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('pan = "6280000000010002"', 'pan = "62800x"', "account 1.pan: expected 8 to 19 digits"),
        ('pan = "6280000000010002"', "pan = 6280000000010002", "account 1.pan: expected"),
        ('pan = "6280000000010002"', "", "account 1.pan: missing"),
        ('expiry = "3012"', 'expiry = "3013"', "account 1.expiry: expected YYMM"),
        ("cvn = 18", "cvn = 17", "account 1.cvn: expected one of"),
        ("cvn = 18", "cvn = [18]", "account 1.cvn: expected one of"),
        ("cvn = 18", "cvn = 18\npin = 1234", "account 1.pin: expected 4 to 12 digits"),
        ("cvn = 18", "cvn = 18\nbalance = 1.5", "account 1.balance: expected"),
        ("cvn = 18", "cvn = 18\nbalance = -1", "account 1.balance: expected"),
        ("cvn = 18", 'cvn = 18\nstatus = "gone"', "account 1.status: expected one of"),
        ("cvn = 18", "cvn = 18\ncolour = 1", "account 1.colour: unknown"),
        ("[[account]]", "[account]", "account: expected"),
        ("[[account]]", "[[card]]", "card: unknown"),
    ],
)
def test_each_mistake_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_accounts(written(tmp_path, LEAST.replace(old, new)), YUAN)
    assert f"accounts.toml: {place}" in str(caught.value)


def test_one_mistake_does_not_hide_the_next(tmp_path: Path) -> None:
    broken = CARD.replace("cvn = 18", "cvn = 1") + LEAST.replace('expiry = "3012"', "")
    with pytest.raises(ConfigError) as caught:
        load_accounts(written(tmp_path, broken), YUAN)
    assert len(caught.value.mistakes) == 2


def test_no_mistake_repeats_a_secret(tmp_path: Path) -> None:
    broken = CARD.replace('"6280000000010001"', '"628000000001000199999"').replace("1234", "12x4")
    with pytest.raises(ConfigError) as caught:
        load_accounts(written(tmp_path, broken), YUAN)
    assert "62800000" not in str(caught.value)
    assert "12x4" not in str(caught.value)
    torn = CARD + 'pan = "6280000000010009\n'
    with pytest.raises(ConfigError, match="not TOML") as caught:
        load_accounts(written(tmp_path, torn), YUAN)
    assert "62800000" not in str(caught.value)


def test_the_same_card_twice_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="account 2: repeats the pan"):
        load_accounts(written(tmp_path, LEAST + LEAST.replace("gift-0002", "gift-0003")), YUAN)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, LEAST)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="mode 0600"):
        load_accounts(path, YUAN)
    with pytest.raises(ConfigError, match=r"none\.toml"):
        load_accounts(tmp_path / "none.toml", YUAN)
