"""The cards' PIN: in clear, enciphered, counted. EMV 4.4 Book 3, 6.5.12 and Book 2, 7."""

import pytest

from hw.sim.cards.pin import pin_block
from tests.hw.counterpart import BareTerminal

CHALLENGE = "0084000000"


def verify(terminal: BareTerminal, pin: str) -> str:
    return terminal.status(terminal.build("00200080", pin_block(pin), answer=False))


def enciphered(terminal: BareTerminal, pin: str, challenge: bytes, header: int = 0x7F) -> str:
    """VERIFY with the PIN under the card's key. See Book 2, 7.2."""
    key = terminal.card.applications[0].files.pin_key
    clear = bytes([header]) + pin_block(pin) + challenge + b"\x11" * (key.size - 17)
    number = pow(int.from_bytes(clear, "big"), key.exponent, key.modulus)
    data = number.to_bytes(key.size, "big")
    return terminal.status(terminal.build("00200088", data, answer=False))


def tries_left(terminal: BareTerminal) -> int:
    return terminal.send("80CA9F1700")[3]


def test_a_pin_block_is_control_2_length_digits_and_fill():
    assert pin_block("1234").hex() == "241234ffffffffff"
    assert pin_block("123456789012").hex() == "2c123456789012ff"


def test_the_right_pin_is_taken(started):
    terminal = started("store-card")
    assert verify(terminal, "0000") == "9000"
    assert tries_left(terminal) == 3


def test_wrong_pins_count_down_to_blocked(started):
    terminal = started("store-card")
    assert [verify(terminal, "1111") for _ in range(4)] == ["63C2", "63C1", "63C0", "6983"]
    assert tries_left(terminal) == 0
    assert verify(terminal, "0000") == "6983"


def test_the_right_pin_sets_the_counter_back(started):
    terminal = started("store-card")
    verify(terminal, "1111")
    verify(terminal, "1111")
    assert (verify(terminal, "0000"), tries_left(terminal)) == ("9000", 3)


def test_the_counter_outlives_power_and_the_slot(started):
    card = started("store-card").card
    verify(BareTerminal(card).start(), "1111")
    assert tries_left(BareTerminal(card).start()) == 2


def test_a_card_of_exhausted_tries_takes_no_pin(started):
    assert verify(started("pin-blocked"), "1234") == "6983"


def test_a_card_without_a_pin_has_none_to_compare(started):
    assert verify(started("visa-credit"), "1234") == "6A88"
    assert started("visa-credit").status("80CA9F1700") == "6A88"


def test_a_block_of_another_length_is_refused_uncounted(started):
    terminal = started("store-card")
    assert terminal.status("0020008007 241234FFFFFFFF") == "6700"
    assert tries_left(terminal) == 3


@pytest.mark.parametrize("name", ["visa-debit", "mastercard-cda"])
def test_an_enciphered_pin_is_taken_with_a_fresh_challenge(started, name):
    terminal = started(name)
    assert enciphered(terminal, "1234", terminal.send(CHALLENGE)[:-2]) == "9000"


def test_a_wrong_enciphered_pin_counts(started):
    terminal = started("visa-debit")
    assert enciphered(terminal, "4321", terminal.send(CHALLENGE)[:-2]) == "63C2"


def test_a_challenge_serves_once(started):
    terminal = started("visa-debit")
    challenge = terminal.send(CHALLENGE)[:-2]
    assert enciphered(terminal, "1234", challenge) == "9000"
    assert enciphered(terminal, "1234", challenge) == "6984"


@pytest.mark.parametrize(("challenge", "header"), [(bytes(8), 0x7F), (None, 0x6A)])
def test_a_block_of_another_make_is_refused_uncounted(started, challenge, header):
    terminal = started("visa-debit")
    fresh = terminal.send(CHALLENGE)[:-2]
    assert enciphered(terminal, "1234", challenge or fresh, header) == "6984"
    assert tries_left(terminal) == 3


def test_data_above_the_modulus_is_refused(started):
    terminal = started("visa-debit")
    terminal.send(CHALLENGE)
    data = b"\xff" * terminal.card.applications[0].files.pin_key.size
    assert terminal.status(terminal.build("00200088", data, answer=False)) == "6984"


def test_a_card_without_any_key_deciphers_nothing(started):
    terminal = started("amex")
    terminal.card.applications[0].memory.pin = "1234"
    assert terminal.status(terminal.build("00200088", bytes(128), answer=False)) == "6A86"


def test_the_issuer_is_told_of_the_pin(started):
    """The CVR in 9F10: bit 3 of its second byte is "performed", bit 2 "failed"."""
    terminal = started("visa-debit")
    enciphered(terminal, "4321", terminal.send(CHALLENGE)[:-2])
    failed = terminal.generate_ac(0x80)[0x9F10]
    assert failed[4] & 0x06 == 0x06
    terminal = BareTerminal(terminal.card).start()
    enciphered(terminal, "1234", terminal.send(CHALLENGE)[:-2])
    assert terminal.generate_ac(0x80)[0x9F10][4] & 0x06 == 0x04


def test_a_challenge_serves_the_next_command_alone(started):
    """EMV 4.4 Book 3, 6.5.6.1."""
    terminal = started("visa-debit")
    challenge = terminal.send(CHALLENGE)[:8]
    terminal.send("80CA9F1700")
    assert enciphered(terminal, "1234", challenge) == "6984"
    assert tries_left(terminal) == 3
