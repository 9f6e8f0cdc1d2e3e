"""The cards' order of commands and their refusals. EMV 4.4 Book 3, 6.3 and 6.5."""

import pytest

from tests.hw.counterpart import ARQC, TC, BareTerminal

VERIFY = "0020008008 24 1234FFFFFFFFFF"
CHALLENGE, INTERNAL = "0084000000", "0088000004 01020304 00"
EXTERNAL = "008200000A 0102030405060708 3030"
ATC, RECORD = "80CA9F3600", "00B2010C00"
GPO = "80A80000028300"
FIRST_AC = "80AE80001D" + "00" * 29 + "00"
SECOND_AC = "80AE40001F" + "00" * 31 + "00"
SCRIPT = "841E000004 01020304"


def at_phase(card, phase: str) -> BareTerminal:
    terminal = BareTerminal(card)
    card.power_on()
    if phase == "powered":
        return terminal
    terminal.select()
    if phase == "selected":
        return terminal
    terminal.initiate()
    terminal.read()
    if phase in ("online", "complete"):
        terminal.generate_ac(ARQC)
    if phase == "complete":
        terminal.generate_ac(TC)
    return terminal


@pytest.mark.parametrize(
    ("phase", "refused"),
    [
        ("powered", [GPO, RECORD, ATC, CHALLENGE, INTERNAL, VERIFY, FIRST_AC, EXTERNAL, SCRIPT]),
        ("selected", [RECORD, INTERNAL, VERIFY, FIRST_AC, EXTERNAL, SCRIPT]),
        ("initiated", [GPO, EXTERNAL, SCRIPT]),
        ("online", [GPO, INTERNAL, VERIFY]),
        ("complete", [GPO, INTERNAL, VERIFY, FIRST_AC, SECOND_AC, EXTERNAL]),
    ],
)
def test_a_command_out_of_order_is_refused_with_6985(card_named, phase, refused):
    terminal = at_phase(card_named("visa-credit"), phase)
    assert {command: terminal.status(command) for command in refused} == dict.fromkeys(
        refused, "6985"
    )


@pytest.mark.parametrize(
    ("phase", "allowed"),
    [
        ("selected", [ATC, CHALLENGE, GPO]),
        ("initiated", [RECORD, ATC, CHALLENGE, INTERNAL, INTERNAL, FIRST_AC]),
        ("online", [RECORD, ATC, SECOND_AC]),
        ("complete", [RECORD, ATC]),
    ],
)
def test_commands_in_order_are_obeyed(card_named, phase, allowed):
    terminal = at_phase(card_named("visa-credit"), phase)
    assert [terminal.status(command) for command in allowed] == ["9000"] * len(allowed)


def test_external_authenticate_is_tried_once_a_transaction(card_named):
    terminal = at_phase(card_named("visa-credit"), "online")
    assert [terminal.status(EXTERNAL) for _ in range(2)] == ["6300", "6985"]


def test_the_second_cryptogram_cannot_be_an_arqc(card_named):
    terminal = at_phase(card_named("visa-credit"), "online")
    assert terminal.status("80AE80001F" + "00" * 31 + "00") == "6985"


def test_a_declined_transaction_has_no_second_cryptogram(card_named):
    terminal = at_phase(card_named("visa-credit"), "initiated")
    terminal.generate_ac(0x00)
    assert terminal.status(SECOND_AC) == "6985"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("10A4040000", "6E00"),
        ("FF00000000", "6E00"),
        ("0000000000", "6D00"),
        ("80A4040000", "6D00"),  # SELECT in the other class
        ("00CA9F3600", "6D00"),
        ("00A40000 07 A0000000031010 00", "6A86"),
        ("00A40401 07 A0000000031010 00", "6A86"),
        ("80A80100 02 8300 00", "6A86"),
        ("80A80000 03 830100 00", "6700"),  # a longer PDOL than the card has
        ("80A80000 02 8500 00", "6A80"),
        ("80A80000 01 83 00", "6A80"),
        ("80CA9F3700", "6A88"),
        ("0084000100", "6A86"),
    ],
)
def test_a_wrong_command_after_selection_has_its_own_status_word(card_named, command, status):
    terminal = at_phase(card_named("visa-credit"), "selected")
    assert terminal.status(command) == status


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("00B2010D00", "6A86"),  # P2 names no record number
        ("00B2000C00", "6A86"),
        ("00B2020C00", "6A83"),
        ("00B2012C00", "6A82"),
        ("80AE80001C" + "00" * 28 + "00", "6700"),
        ("80AEC0001D" + "00" * 29 + "00", "6A86"),  # RFU
        ("80AE80011D" + "00" * 29 + "00", "6A86"),
        ("80AE81001D" + "00" * 29 + "00", "6A86"),
        ("0088000003 010203 00", "6700"),
        ("0088000104 01020304 00", "6A86"),
        ("0020000008 241234FFFFFFFFFF", "6A86"),
        ("0020018008 241234FFFFFFFFFF", "6A86"),
    ],
)
def test_a_wrong_command_in_a_transaction_has_its_own_status_word(card_named, command, status):
    terminal = at_phase(card_named("visa-credit"), "initiated")
    assert terminal.status(command) == status


def test_external_authenticate_is_unknown_to_a_card_that_wants_it_in_generate_ac(card_named):
    assert at_phase(card_named("mastercard-cda"), "online").status(EXTERNAL) == "6D00"


def test_a_card_without_a_key_knows_no_internal_authenticate(card_named):
    assert at_phase(card_named("amex"), "initiated").status(INTERNAL) == "6D00"


def test_both_formats_of_the_processing_options_are_played(started):
    assert started("visa-credit").data[0x82] == bytes.fromhex("3C00")
    for name, template in (("visa-credit", 0x80), ("unionpay-debit", 0x77)):
        terminal = started(name)
        terminal.select()
        assert terminal.initiate()[0] == template


def test_the_interchange_profile_says_what_the_card_does(started):
    offers = {
        name: started(name).data[0x82].hex()
        for name in ("amex", "unionpay-debit", "mastercard-cda", "store-card")
    }
    assert offers == {
        "amex": "5c00",  # SDA
        "unionpay-debit": "3c00",  # DDA, EXTERNAL AUTHENTICATE
        "mastercard-cda": "3900",  # DDA and CDA, issuer authentication in GENERATE AC
        "store-card": "3800",
    }


def test_counters_are_read_by_get_data(started):
    terminal = started("visa-debit")
    assert terminal.send("80CA9F3600").hex() == "9f360200019000"
    assert terminal.send("80CA9F1300").hex() == "9f130200009000"
    assert terminal.send("80CA9F1700").hex() == "9f1701039000"


def test_a_card_whose_counter_is_at_its_end_refuses_further_transactions(card_named):
    card = card_named("visa-credit")
    card.applications[0].memory.atc = 0xFFFF
    assert at_phase(card, "selected").status(GPO) == "6985"
