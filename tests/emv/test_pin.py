"""Offline PIN coding and encipherment against EMV 4.4 Book 3, 6.5.12 and Book 2, 7."""

import pytest

from firmware.core.masked import Pin
from firmware.emv.codes import Aip
from firmware.emv.contact.cvm import verify_cardholder
from firmware.emv.contact.pin import pin_block
from firmware.emv.contact.state import SessionState
from firmware.emv.tags import Tag
from tests.emv.issuer import CA, ICC, ISSUER, ca_keys, certify_icc, certify_issuer, key
from tests.emv.support import ScriptedDialogue, run, state_of, tsi_hex, tvr_hex

SUPPORTED = Aip.CARDHOLDER_VERIFICATION_SUPPORTED
AMOUNTS = "00" * 8


def marks(state: SessionState) -> tuple[str, str, str]:
    """CVM results, TVR byte 3, and TSI."""
    return state.cvm_results.hex().upper(), tvr_hex(state)[4:6], tsi_hex(state)


@pytest.mark.parametrize(
    ("pin", "block"),
    [
        ("1234", "241234FFFFFFFFFF"),
        ("123456", "26123456FFFFFFFF"),
        ("123456789012", "2C123456789012FF"),
    ],
)
def test_6_5_12_the_plaintext_pin_block(pin: str, block: str):
    assert pin_block(Pin(pin)).hex().upper() == block


CHALLENGE = "0102030405060708"
PIN_KEY = key(1024, 65537, 7)
STATIC = b"static"


def with_keys(*, own_key: bool) -> dict[int, str]:
    """A card's certificates; `own_key`: a PIN encipherment key besides the ICC key."""
    issuer = certify_issuer(CA, ISSUER)
    icc = certify_icc(ISSUER, ICC, static=STATIC)
    pin = certify_icc(ISSUER, PIN_KEY)
    card = {
        int(Tag.CA_PUBLIC_KEY_INDEX): "F7",
        int(Tag.ISSUER_PUBLIC_KEY_CERTIFICATE): issuer.certificate.hex(),
        int(Tag.ISSUER_PUBLIC_KEY_REMAINDER): issuer.remainder.hex(),
        int(Tag.ISSUER_PUBLIC_KEY_EXPONENT): issuer.exponent.hex(),
        int(Tag.ICC_PUBLIC_KEY_CERTIFICATE): icc.certificate.hex(),
        int(Tag.ICC_PUBLIC_KEY_REMAINDER): icc.remainder.hex(),
        int(Tag.ICC_PUBLIC_KEY_EXPONENT): icc.exponent.hex(),
    }
    if own_key:
        card |= {
            int(Tag.ICC_PIN_ENCIPHERMENT_CERTIFICATE): pin.certificate.hex(),
            int(Tag.ICC_PIN_ENCIPHERMENT_REMAINDER): pin.remainder.hex(),
            int(Tag.ICC_PIN_ENCIPHERMENT_EXPONENT): pin.exponent.hex(),
        }
    return card


def enciphered_session(card: dict[int, str], answers: dict[int, str], *, static: bytes = STATIC):
    """Rule 4400 against a card that answers by instruction byte; gives state and commands."""
    sent: list[bytes] = []

    def answer(command: bytes) -> bytes:
        sent.append(command)
        return bytes.fromhex(answers[command[1]])

    dialogue = ScriptedDialogue(pins=["1234"], card=answer)
    state = state_of(
        dialogue, aip=SUPPORTED, card={**card, Tag.CVM_LIST: AMOUNTS + "0400"}, ca_keys=ca_keys()
    )
    state.static_data = static
    run(verify_cardholder(state))
    return state, sent


GIVES = {0xCA: "9F1701039000", 0x84: CHALLENGE + "9000", 0x20: "9000"}


@pytest.mark.parametrize(("own_key", "private"), [(False, ICC), (True, PIN_KEY)])
def test_book_2_7_2_an_enciphered_pin(own_key: bool, private):
    state, sent = enciphered_session(with_keys(own_key=own_key), GIVES)
    assert marks(state) == ("040002", "00", "4000")
    verify = sent[-1]
    assert verify[:4].hex() == "00200088"
    clear = private.apply(verify[5:])
    assert clear[:17].hex().upper() == "7F" + "241234FFFFFFFFFF" + CHALLENGE
    assert clear[17:] == b"\x55" * (128 - 17)  # random padding, from the terminal's source


@pytest.mark.parametrize(
    ("challenge", "why"), [("6D00", "refused"), ("01020304 9000", "short"), ("9000", "empty")]
)
def test_book_2_7_2_without_a_challenge_no_pin_leaves_the_terminal(challenge: str, why: str):
    state, sent = enciphered_session(with_keys(own_key=False), {**GIVES, 0x84: challenge})
    assert marks(state) == ("040001", "80", "4000"), why
    assert all(command[1] != 0x20 for command in sent)


TRIES_ASKED = bytes.fromhex("80CA9F1700")


@pytest.mark.parametrize(
    "lacking", [Tag.ICC_PUBLIC_KEY_CERTIFICATE, Tag.ISSUER_PUBLIC_KEY_REMAINDER]
)
def test_book_2_7_1_without_a_key_nobody_is_asked_for_a_pin(lacking: Tag):
    card = with_keys(own_key=False)
    del card[lacking]
    state, sent = enciphered_session(card, GIVES)
    # Book 3, 7.5, note: what is missing for a PIN alone does not mark 'ICC data missing'
    assert (tvr_hex(state), sent) == ("0000800000", [TRIES_ASKED])


def test_10_5_1_a_card_without_tries_left_says_so_before_its_key_is_looked_at():
    card = with_keys(own_key=False)
    del card[Tag.ICC_PUBLIC_KEY_CERTIFICATE]
    state, sent = enciphered_session(card, {**GIVES, 0xCA: "9F1701009000"})
    assert (tvr_hex(state), sent) == ("0000A00000", [TRIES_ASKED])


def test_book_2_7_1_a_key_that_does_not_verify_fails_the_method():
    state, sent = enciphered_session(with_keys(own_key=False), GIVES, static=b"changed")
    assert (tvr_hex(state), sent) == ("0000800000", [TRIES_ASKED])
