"""Issuer scripts on the cards, made by pyemv as the issuer. EMV 4.4 Book 2, 9; Book 3, 6.5."""

import pytest

from tests.hw.counterpart import ARQC, TC, BareTerminal, authentication_by_issuer, issuer_of

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
APPLICATION_BLOCK, APPLICATION_UNBLOCK = "841E000008", "8418000008"
CARD_BLOCK, PIN_UNBLOCK = "8416000008", "8424000008"
BY_ATC, BY_ARQC = "visa-debit", "mastercard-cda"  # the two ways of script keys


@pytest.fixture(params=[BY_ATC, BY_ARQC])
def online(request, started):
    """A terminal that has gone online, the ARQC just given."""
    terminal = started(request.param)
    terminal.data[0x9F26] = terminal.generate_ac(ARQC)[0x9F26]
    return terminal


def counted(arqc: bytes, number: int) -> bytes:
    return (int.from_bytes(arqc, "big") + number).to_bytes(8, "big")


def with_mac(terminal: BareTerminal, header: str, number: int = 0) -> bytes:
    """A command without data and its MAC of 8 bytes; `number` counts the script's commands."""
    by_arqc = terminal.card.applications[0].own.issuer_data == "mchip"
    arqc = terminal.data[0x9F26]
    arqc = counted(arqc, number) if by_arqc else arqc
    issuer = issuer_of(terminal.card)
    mac = issuer.generate_command_mac(bytes.fromhex(header), arqc, terminal.data[0x9F36])
    return bytes.fromhex(header) + mac


def test_an_application_is_blocked_and_unblocked(online):
    assert online.status(with_mac(online, APPLICATION_BLOCK)) == "9000"
    assert online.status(with_mac(online, APPLICATION_UNBLOCK, 1)) == "9000"
    assert online.select()[-2:] == b"\x90\x00"


def test_an_application_blocked_on_the_way_declines(online):
    """What the second GENERATE AC asks for does not matter any more. Book 3, 6.5.1.1."""
    data = authentication_by_issuer(online.card, online.data)
    assert online.status(with_mac(online, APPLICATION_BLOCK)) == "9000"
    assert online.generate_ac(TC, {0x91: data})[0x9F27] == b"\x00"


def test_a_blocked_application_gives_an_aac_and_can_be_unblocked_by_it(online):
    online.send(with_mac(online, APPLICATION_BLOCK))
    again = BareTerminal(online.card).start()
    answer = again.generate_ac(ARQC)
    assert answer[0x9F27] == b"\x00"
    again.data[0x9F26] = answer[0x9F26]
    assert again.status(with_mac(again, APPLICATION_UNBLOCK)) == "9000"
    assert again.select()[-2:] == b"\x90\x00"


def test_a_blocked_application_says_so_at_the_next_selection(online):
    online.send(with_mac(online, APPLICATION_BLOCK))
    assert online.select()[-2:] == bytes.fromhex("6283")


def test_a_blocked_card_says_so_at_every_selection(online):
    assert online.status(with_mac(online, CARD_BLOCK)) == "9000"
    online.card.power_on()
    assert online.select() == bytes.fromhex("6A81")


def test_a_wrong_mac_changes_nothing(online):
    command = with_mac(online, APPLICATION_BLOCK)
    assert online.status(command[:-1] + bytes([command[-1] ^ 1])) == "6988"
    assert online.select()[-2:] == b"\x90\x00"


def test_a_script_without_a_mac_is_refused(online):
    assert online.status("841E000003 010203") == "6987"


def test_yesterdays_script_does_not_work_today(online):
    command = with_mac(online, APPLICATION_BLOCK)
    again = BareTerminal(online.card).start()
    again.generate_ac(ARQC)
    assert again.status(command) == "6988"


def test_the_pin_is_unblocked(online):
    memory = online.card.applications[0].memory
    memory.pin_tries_left = 0
    assert online.status(with_mac(online, PIN_UNBLOCK)) == "9000"
    assert memory.pin_tries_left == 3


def test_the_pin_is_changed_enciphered(online):
    command = issuer_of(online.card).generate_pin_change_command(
        pin="98765", tag_9f26=online.data[0x9F26], tag_9f36=online.data[0x9F36]
    )
    assert online.status(command) == "9000"
    assert online.card.applications[0].memory.pin == "98765"


def test_the_pin_is_changed_with_the_current_one_on_cards_of_visas_kind(started):
    terminal = started(BY_ATC)
    terminal.data[0x9F26] = terminal.generate_ac(ARQC)[0x9F26]
    command = issuer_of(terminal.card).generate_pin_change_command(
        pin="98765",
        tag_9f26=terminal.data[0x9F26],
        tag_9f36=terminal.data[0x9F36],
        current_pin="1234",
    )
    assert terminal.status(command) == "9000"
    assert terminal.card.applications[0].memory.pin == "98765"


def test_scripts_run_before_and_after_the_second_cryptogram_and_are_counted(started):
    terminal = started(BY_ATC)
    terminal.data[0x9F26] = terminal.generate_ac(ARQC)[0x9F26]
    data = authentication_by_issuer(terminal.card, terminal.data)
    before = with_mac(terminal, PIN_UNBLOCK)
    after = with_mac(terminal, APPLICATION_BLOCK)
    assert terminal.status(before) == "9000"
    answer = terminal.generate_ac(TC, {0x91: data})
    assert answer[0x9F27] == bytes([TC])
    assert answer[0x9F10][6] == 0x10  # CVR byte 4: one script command, none failed
    assert terminal.status(after) == "9000"


def test_a_failed_script_is_told_in_the_second_cryptogram(started):
    terminal = started(BY_ATC)
    terminal.generate_ac(ARQC)
    terminal.send("841E000004 00000000")
    assert terminal.generate_ac(0x00)[0x9F10][6] == 0x18
