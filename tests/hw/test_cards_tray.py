"""The tray: every file makes a card, numbers are sound, secrets stay out of sight."""

import re
from pathlib import Path

import pytest

from firmware.acquirer.accounts import AccountStatus
from firmware.lab.issuers import tray_accounts
from hw.sim.cards import PersonalisationError, tray
from hw.sim.cards.commands import Command
from hw.sim.cards.personalisation import TRAY, load_card, luhn_valid
from hw.sim.cards.pin import pin_block

SCENARIO_CARDS = {
    "unionpay-debit",
    "unionpay-credit",
    "visa-credit",
    "visa-debit",
    "mastercard-cda",
    "amex",
    "jcb",
    "expired",
    "blocked",
    "no-funds",
    "pin-blocked",
    "cloned",
    "two-apps",
    "two-accounts",
    "english",
    "offline-ok",
    "t1",
    "store-card",
}
ACCOUNTS = tray_accounts()


def account(name: str):
    return next(one.account for one in ACCOUNTS if one.account.name == name)


def test_the_tray_holds_the_scenarios_cards():
    assert set(tray()) == SCENARIO_CARDS


def test_account_numbers_are_distinct_and_have_their_check_digits():
    numbers = [one.account.pan.reveal() for one in ACCOUNTS]
    assert len(set(numbers)) == len(numbers)
    assert all(luhn_valid(number) for number in numbers)


@pytest.mark.parametrize(
    ("aid", "digits"),
    [
        ("A000000333", "62"),
        ("A000000003", "4"),
        ("A000000004", "5"),
        ("A000000025", "37"),
        ("A000000065", "35"),
        ("F000008888", "9999"),
    ],
)
def test_account_numbers_begin_as_their_schemes_do(aid, digits):
    numbers = [one.account.pan.reveal() for one in ACCOUNTS if one.aid.startswith(aid)]
    assert numbers
    assert all(number.startswith(digits) for number in numbers)


def test_the_books_say_what_the_scenarios_promise():
    assert account("unionpay-debit").pin.reveal() == "123456"
    assert account("unionpay-debit").balance_minor == 500_000
    assert account("no-funds").balance_minor == 100
    assert account("store-card").pin.reveal() == "0000"
    assert account("blocked").status is AccountStatus.BLOCKED
    assert account("expired").expiry == "2012"
    assert account("visa-debit").expiry == "4912"
    names = {one.account.name for one in ACCOUNTS}
    assert {name for name in names if name.startswith("two-apps")} == {"two-apps-1", "two-apps-2"}


def test_no_representation_shows_a_number_a_pin_or_a_key():
    shown = repr(ACCOUNTS) + repr(tray()) + repr([load_card(p) for p in TRAY.glob("*.toml")])
    shown += repr([card.applications for card in tray().values()])
    shown += repr([one.memory for card in tray().values() for one in card.applications])
    shown += repr(Command(0x00, 0x20, 0x00, 0x80, pin_block("123456")))
    for one in ACCOUNTS:
        key = one.account.imk_ac.reveal()
        assert one.account.pan.reveal() not in shown
        assert key.hex().upper() not in shown.upper()
        assert repr(key) not in shown
    assert not re.search(r"pin='", shown)
    assert pin_block("123456").hex() not in shown


def card_file(tmp_path: Path, change: tuple[str, str]) -> Path:
    text = (TRAY / "visa-debit.toml").read_text()
    assert change[0] in text
    path = tmp_path / "visa-debit.toml"
    path.write_text(text.replace(*change))
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('version = "0096"', 'verzion = "0096"'), "verzion"),
        (("cvn = 0x12", "cvn = 0x11"), "cvn"),
        (('"enciphered-pin supported else-next"', '"enciphered-pin whenever"'), "cvm.rules"),
        (("4761739001010119", "4761739001010118"), "pan"),
        (('icc_key = "visa-debit"', ""), "icc_key"),
        (("[[application]]", "[[application]"), "visa-debit.toml"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_file_and_key(tmp_path, change, said):
    with pytest.raises(PersonalisationError) as error:
        load_card(card_file(tmp_path, change))
    assert str(error.value).startswith("visa-debit.toml: ")
    assert said in str(error.value)


def test_what_the_issuers_books_say_may_stand_in_the_account_as_in_earlier_releases(tmp_path):
    told = "[application.issuer]\nbalance_minor = 300000\n"
    earlier = card_file(tmp_path, (told, "balance_minor = 300000\n"))
    assert load_card(earlier) == load_card(TRAY / "visa-debit.toml")


def test_what_the_issuers_books_say_stands_in_one_place(tmp_path):
    twice = ("[application.issuer]", 'status = "lost"\n[application.issuer]')
    with pytest.raises(PersonalisationError, match=r"^visa-debit\.toml: account: status: "):
        load_card(card_file(tmp_path, twice))


def test_a_missing_file_is_an_error_of_its_own(tmp_path):
    with pytest.raises(PersonalisationError, match=r"^none\.toml: "):
        load_card(tmp_path / "none.toml")


def test_every_file_says_that_its_keys_are_test_keys():
    files = [*TRAY.glob("*.toml"), TRAY.parent / "keys.toml", TRAY.parent / "test_ca_keys.tsv"]
    assert all("test key" in path.read_text().splitlines()[0].lower() for path in files)
