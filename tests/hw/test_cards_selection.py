"""How the cards are selected: PSE, names whole and in part, blocked ones. EMV 4.4 Book 1, 11-12."""

import pytest

from tests.hw.counterpart import ARQC, TC, BareTerminal, flat

PSE = b"1PAY.SYS.DDF01"
UNIONPAY, VISA = bytes.fromhex("A000000333"), bytes.fromhex("A0000000031010")


@pytest.fixture
def terminal(card_named):
    """A terminal with the card of two applications in, powered."""
    powered = BareTerminal(card_named("two-apps"))
    powered.card.power_on()
    return powered


def test_the_payment_directory_names_its_file_and_the_languages(terminal):
    found = flat(terminal.select(PSE)[:-2])
    assert (found[0x84], found[0x88], found[0x5F2D]) == (PSE, b"\x01", b"zhen")


def test_the_directory_lists_every_application_and_then_ends(terminal):
    terminal.select(PSE)
    first, second = (flat(terminal.send(f"00B20{n}0C00")[:-2]) for n in (1, 2))
    assert (first[0x4F].hex(), first[0x50], first[0x87]) == (
        "a000000333010101",
        b"UNIONPAY DEBIT",
        b"\x01",
    )
    assert (second[0x4F].hex(), second[0x87]) == ("a000000333010102", b"\x02")
    assert terminal.status("00B2030C00") == "6A83"


def test_the_directory_has_no_other_file_and_no_record_zero(terminal):
    terminal.select(PSE)
    assert terminal.status("00B2011400") == "6A82"
    assert terminal.status("00B2000C00") == "6A86"


def test_a_name_in_part_finds_the_applications_one_after_the_other(terminal):
    names = [terminal.select(UNIONPAY) and terminal.data[0x84].hex()]
    names.append(terminal.select(UNIONPAY, following=True) and terminal.data[0x84].hex())
    assert names == ["a000000333010101", "a000000333010102"]
    assert terminal.select(UNIONPAY, following=True) == bytes.fromhex("6A82")


def test_next_without_a_first_begins_at_the_first(terminal):
    terminal.select(UNIONPAY, following=True)
    assert terminal.data[0x84].hex() == "a000000333010101"


def test_the_fci_carries_label_priority_languages_and_pdol(terminal):
    terminal.select(bytes.fromhex("A000000333010102"))
    data = terminal.data
    assert (data[0x50], data[0x87], data[0x5F2D]) == (b"UNIONPAY CREDIT", b"\x02", b"zhen")
    assert data[0x9F38] == bytes.fromhex("9F1A029F3303")


@pytest.mark.parametrize("name", [VISA, UNIONPAY[:4], bytes.fromhex("A000000333010101FF")])
def test_an_unknown_name_is_not_found(terminal, name):
    assert terminal.select(name) == bytes.fromhex("6A82")


def test_a_failed_selection_leaves_the_application_selected(terminal):
    terminal.select(UNIONPAY)
    terminal.select(VISA)
    assert terminal.status("80A80000 07 8305 0156 E0F8C8 00") == "9000"


def test_a_blocked_application_warns_and_still_gives_its_fci(card_named):
    terminal = BareTerminal(card_named("blocked"))
    terminal.card.power_on()
    response = terminal.select()
    assert response[-2:] == bytes.fromhex("6283")
    assert terminal.data[0x84] == VISA


@pytest.mark.parametrize("asked", [TC, ARQC])
def test_a_blocked_application_only_ever_declines(started, asked):
    """EMV 4.4 Book 3, 6.5.1.1."""
    assert started("blocked").generate_ac(asked)[0x9F27] == b"\x00"


def test_a_blocked_card_refuses_every_selection(card_named):
    terminal = BareTerminal(card_named("visa-credit"))
    terminal.card.blocked = True
    terminal.card.power_on()
    assert terminal.select(PSE) == terminal.select(VISA) == bytes.fromhex("6A81")


def test_selection_begins_anew_after_a_reset(terminal):
    terminal.select(UNIONPAY)
    terminal.card.power_on()
    assert terminal.status("80A80000028300") == "6985"
    terminal.select(UNIONPAY, following=True)
    assert terminal.data[0x84].hex() == "a000000333010101"
