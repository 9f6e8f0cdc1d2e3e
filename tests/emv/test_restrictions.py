"""Processing restrictions against EMV 4.4 Book 3, 10.4."""

from datetime import datetime

import pytest
from msgspec.structs import replace

from firmware.emv.codes import AdditionalCapabilities, Auc
from firmware.emv.contact.restrictions import check_restrictions
from firmware.emv.tags import Tag
from firmware.emv.terminal_data import CASH, CASHBACK, REFUND, SALE
from tests.emv.support import APPLICATION, CARD_DATA, SALE_OF_100, TERMINAL, state_of, tvr_hex


@pytest.mark.parametrize(
    ("version", "tvr"),
    [("0096", "0000000000"), ("008C", "0000000000"), ("0097", "0080000000"), (None, "0000000000")],
)
def test_10_4_1_the_version_must_be_one_of_the_terminals(version: str | None, tvr: str):
    card = {} if version is None else {int(Tag.APPLICATION_VERSION_NUMBER): version}
    versions = (b"\x00\x96", b"\x00\x8c")
    state = state_of(card=card, application=replace(APPLICATION, versions=versions))
    check_restrictions(state)
    assert tvr_hex(state) == tvr


SHOP, ATM = Auc.OTHER_THAN_ATMS, Auc.ATMS


@pytest.mark.parametrize(
    ("auc", "kind", "country", "allowed"),
    [
        (SHOP | Auc.DOMESTIC_GOODS, SALE, "156", True),
        (SHOP | Auc.DOMESTIC_SERVICES, SALE, "156", True),
        (SHOP | Auc.INTERNATIONAL_GOODS, SALE, "156", False),
        (SHOP | Auc.INTERNATIONAL_GOODS, SALE, "840", True),
        (SHOP | Auc.DOMESTIC_GOODS, SALE, "840", False),
        (SHOP | Auc.DOMESTIC_GOODS, SALE, None, True),  # no issuer country: not checked
        (SHOP, SALE, "156", False),
        (ATM | Auc.DOMESTIC_GOODS, SALE, "156", False),  # only at ATMs
        (Auc(0), SALE, None, False),
        (SHOP | Auc.DOMESTIC_CASH, CASH, "156", True),
        (SHOP | Auc.DOMESTIC_GOODS, CASH, "156", False),
        (SHOP | Auc.INTERNATIONAL_CASH, CASH, "840", True),
        (SHOP | Auc.DOMESTIC_CASHBACK, CASHBACK, "156", True),
        (SHOP | Auc.DOMESTIC_GOODS, CASHBACK, "156", False),
        (SHOP | Auc.INTERNATIONAL_CASHBACK, CASHBACK, "840", True),
        (SHOP | Auc.DOMESTIC_GOODS, REFUND, "156", True),
        (SHOP, 0x30, "156", True),  # a kind the Books have no bits for
        (None, SALE, "156", True),
    ],
)
def test_10_4_2_usage_control(auc: Auc | None, kind: int, country: str | None, allowed: bool):
    card = {} if auc is None else {int(Tag.APPLICATION_USAGE_CONTROL): f"{auc:04X}"}
    state = state_of(
        card=card,
        identity=replace(CARD_DATA, country=country),
        transaction=replace(SALE_OF_100, type=kind),
    )
    check_restrictions(state)
    assert tvr_hex(state) == ("0000000000" if allowed else "0010000000")


@pytest.mark.parametrize(("auc", "allowed"), [(ATM | Auc.DOMESTIC_CASH, True), (SHOP, False)])
def test_10_4_2_an_atm_is_a_banks_unattended_terminal_with_cash(auc: Auc, allowed: bool):
    atm = replace(TERMINAL, terminal_type=0x14, additional_capabilities=AdditionalCapabilities.CASH)
    state = state_of(
        card={int(Tag.APPLICATION_USAGE_CONTROL): f"{auc:04X}"},
        terminal=atm,
        transaction=replace(SALE_OF_100, type=CASH),
    )
    check_restrictions(state)
    assert tvr_hex(state) == ("0000000000" if allowed else "0010000000")


@pytest.mark.parametrize(
    ("today", "effective", "expiry", "tvr"),
    [
        ("260501", None, "260501", "0000000000"),  # the last day still counts
        ("260502", None, "260501", "0040000000"),
        ("260501", None, "260430", "0040000000"),
        ("260501", None, "490101", "0000000000"),  # 2049
        ("260501", None, "500101", "0040000000"),  # 1950, Book 4, 6.7.3
        ("260501", "260501", "311231", "0000000000"),  # the first day counts
        ("260501", "260502", "311231", "0020000000"),
        ("260501", "991231", "311231", "0000000000"),  # 1999
        ("260501", "270101", "200101", "0060000000"),
        ("270228", None, "270231", "0000000000"),  # issuers write 31 in every month
    ],
)
def test_10_4_3_dates(today: str, effective: str | None, expiry: str, tvr: str):
    at = datetime.strptime(today, "%y%m%d")  # noqa: DTZ007 - a card knows no zone
    state = state_of(
        identity=replace(CARD_DATA, effective=effective, expiry=expiry),
        transaction=replace(SALE_OF_100, at=at),
    )
    check_restrictions(state)
    assert tvr_hex(state) == tvr
