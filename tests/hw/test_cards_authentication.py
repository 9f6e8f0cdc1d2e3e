"""The cards' certificates and signatures, recovered with public keys alone.

EMV 4.4 Book 2, 5 (SDA), 6.1-6.4 (certificates), 6.5 (DDA), 6.6 (CDA), 7.1 (PIN encipherment key).
"""

import hashlib

import pytest

from hw.sim.cards import generate_keys, tray
from hw.sim.cards.personalisation import load_keys
from tests.hw.counterpart import AAC, ARQC, CDA, TC, TERMINAL, BareTerminal, ca_keys, recover
from tests.hw.counterpart import authentication_by_issuer as issuer_answers

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
NAMES = sorted(tray())
DYNAMIC = [name for name in NAMES if name not in ("amex", "blocked")]


def issuer_key(terminal: BareTerminal) -> tuple[int, int]:
    """The issuer's modulus and exponent, out of 90, 92 and 9F32."""
    data = terminal.data
    modulus, exponent = ca_keys()[terminal.card.applications[0].own.rid, data[0x8F][0]]
    remainder = data.get(0x92, b"")
    message = recover(modulus, exponent, data[0x90], remainder + data[0x9F32])
    assert message is not None
    assert message[0] == 0x02
    assert message[10:12] == b"\x01\x01"
    digits = (message[14:] + remainder)[: message[12]]
    assert len(digits) == message[12]
    return int.from_bytes(digits, "big"), int.from_bytes(data[0x9F32], "big")


def icc_key(terminal: BareTerminal, tag: int = 0x9F46, static: bytes | None = None):
    """A key of the card's, out of its certificate, exponent and remainder."""
    data = terminal.data
    remainder = data.get(tag + 2, b"")
    covered = remainder + data[tag + 1] + (terminal.static if static is None else static)
    message = recover(*issuer_key(terminal), data[tag], covered)
    assert message is not None
    assert message[0] == 0x04
    assert message[1:11].hex().rstrip("f") == terminal.card.applications[0].own.account.pan
    digits = (message[20:] + remainder)[: message[18]]
    return int.from_bytes(digits, "big"), int.from_bytes(data[tag + 1], "big")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "blocked"])
def test_the_issuers_certificate_recovers_under_the_published_test_ca_key(started, name):
    terminal = started(name)
    modulus, _ = issuer_key(terminal)
    assert (
        modulus
        == terminal.card.applications[0]
        .files.keys.issuer[terminal.card.applications[0].own.rid]
        .modulus
    )


@pytest.mark.parametrize("name", DYNAMIC)
def test_the_cards_certificate_covers_its_static_data(started, name):
    terminal = started(name)
    modulus, _ = icc_key(terminal)
    assert modulus == terminal.card.applications[0].files.icc_key.modulus


def test_other_static_data_does_not_fit_the_cards_certificate(started):
    terminal = started("unionpay-debit")
    changed = terminal.static[:-1] + bytes([terminal.static[-1] ^ 1])
    covered = terminal.data.get(0x9F48, b"") + terminal.data[0x9F47] + changed
    assert recover(*issuer_key(terminal), terminal.data[0x9F46], covered) is None


def test_keys_come_with_and_without_remainder_and_with_both_exponents(card_named):
    shapes = set()
    for name in DYNAMIC:
        data = BareTerminal(card_named(name)).start().data
        shapes.add((0x92 in data, 0x9F48 in data))
    assert {(True, True), (False, True), (True, False)} & shapes
    exponents = {exponent for _, exponent in ca_keys().values()}
    assert exponents == {3, 65537}
    assert max(modulus.bit_length() for modulus, _ in ca_keys().values()) == 1984


def test_signed_static_data_recovers_and_names_its_code(started):
    terminal = started("amex")
    message = recover(*issuer_key(terminal), terminal.data[0x93], terminal.static)
    assert message is not None
    assert message[:4] == bytes.fromhex("0301DAC0")
    assert set(message[4:]) == {0xBB}


@pytest.mark.parametrize("name", [name for name in DYNAMIC if name != "cloned"])
def test_dynamic_data_is_signed_over_the_terminals_number(started, name):
    terminal = started(name)
    key = icc_key(terminal)
    answer = terminal.send("0088000004 1A2B3C4D 00")
    signature = answer[-2 - (key[0].bit_length() + 7) // 8 : -2]
    message = recover(*key, signature, bytes.fromhex("1A2B3C4D"))
    assert message is not None
    assert message[:4] == bytes.fromhex("05010908")  # nine bytes: a length and eight of a number
    assert recover(*key, signature, bytes.fromhex("1A2B3C4E")) is None


def test_the_cards_number_is_another_each_time(started):
    terminal = started("visa-credit")
    answers = {terminal.send("0088000004 1A2B3C4D 00") for _ in range(3)}
    assert len(answers) == 3


def test_a_clones_signature_has_the_right_length_and_does_not_recover(started):
    terminal = started("cloned")
    key = icc_key(terminal)
    answer = terminal.send("0088000004 1A2B3C4D 00")
    signature = answer[-2 - (key[0].bit_length() + 7) // 8 : -2]
    assert recover(*key, signature, bytes.fromhex("1A2B3C4D")) is None


def test_a_clones_cryptogram_is_not_the_issuers(started):
    from tests.hw.counterpart import cryptogram_by_issuer  # noqa: PLC0415

    terminal = started("cloned")
    answer = terminal.generate_ac(ARQC)
    assert answer[0x9F26] != cryptogram_by_issuer(terminal.card, terminal.data, TERMINAL)


def test_a_wrong_signature_can_be_asked_for(started):
    terminal = started("jcb")
    key = icc_key(terminal)
    terminal.card.wrong_signature()
    answer = terminal.send("0088000004 1A2B3C4D 00")
    signature = answer[-2 - (key[0].bit_length() + 7) // 8 : -2]
    assert recover(*key, signature, bytes.fromhex("1A2B3C4D")) is None


def test_the_pin_encipherment_key_has_a_certificate_without_static_data(started):
    terminal = started("visa-debit")
    modulus, exponent = icc_key(terminal, 0x9F2D, static=b"")
    assert (modulus, exponent) == (terminal.card.applications[0].files.pin_key.modulus, 3)


def combined(terminal: BareTerminal, answer: dict[int, bytes], heard: bytes) -> bytes:
    """Check a CDA answer; gives the recovered cryptogram. See Book 2, 6.6.2."""
    message = recover(*icc_key(terminal), answer[0x9F4B], TERMINAL[0x9F37])
    assert message is not None
    length = message[3]
    dynamic = message[3 : 3 + message[2]]
    assert dynamic[0] == 8 == length
    cid, cryptogram, digest = dynamic[9:10], dynamic[10:18], dynamic[18:38]
    assert cid == answer[0x9F27]
    said = bytes.fromhex("9F2701") + cid + bytes.fromhex("9F3602") + answer[0x9F36]
    said += bytes.fromhex("9F10") + bytes([len(answer[0x9F10])]) + answer[0x9F10]
    assert digest == hashlib.sha1(heard + said).digest()
    return cryptogram


def test_cda_signs_both_cryptograms_and_all_that_was_said(started):
    terminal = started("mastercard-cda")
    first = terminal.generate_ac(ARQC | CDA)
    assert 0x9F26 not in first
    heard = terminal.pdol_data + terminal.cdol1_data
    terminal.data[0x9F26] = combined(terminal, first, heard)
    values = {0x91: issuer_answers(terminal.card, terminal.data)}
    second = terminal.generate_ac(TC | CDA, values)
    assert second[0x9F27] == bytes([TC])
    listed = terminal.data[0x8D]
    from tests.hw.counterpart import filled  # noqa: PLC0415

    combined(terminal, second, heard + filled(listed, TERMINAL | values))


def test_an_aac_is_never_signed(started):
    answer = started("mastercard-cda").generate_ac(AAC | CDA)
    assert 0x9F4B not in answer
    assert len(answer[0x9F26]) == 8


def test_cda_is_ignored_by_a_card_that_does_not_offer_it(started):
    assert 0x9F26 in started("unionpay-debit").generate_ac(ARQC | CDA)


def test_every_published_test_ca_key_has_a_valid_check_value():
    keys = load_keys()
    rows = generate_keys.HERE.joinpath("test_ca_keys.tsv").read_text().splitlines()[3:]
    assert len(rows) == len(keys.ca)
    for row in rows:
        rid, index, exponent, modulus, check, *_ = row.split("\t")
        covered = bytes.fromhex(rid + index + modulus + exponent)
        assert hashlib.sha1(covered).hexdigest().upper() == check


def test_the_keys_follow_from_their_names():
    made = generate_keys.make_key("card visa-credit", 1024, 3)
    assert made.modulus == load_keys().card["visa-credit"].modulus
