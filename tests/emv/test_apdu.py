"""Commands and responses against EMV 4.4 Book 1, 9.4 and Book 3, 6.5."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.emv import apdu
from firmware.emv.apdu import Command, Response
from firmware.emv.errors import CardError


@pytest.mark.parametrize(
    ("command", "coded", "name"),
    [
        (apdu.select(b"1PAY.SYS.DDF01"), "00A404000E315041592E5359532E444446303100", "SELECT"),
        (
            apdu.select(bytes.fromhex("A000000003"), next_occurrence=True),
            "00A4040205A00000000300",
            "SELECT",
        ),
        (apdu.read_record(1, 2), "00B2020C00", "READ RECORD"),
        (apdu.read_record(30, 255), "00B2FFF400", "READ RECORD"),
        (
            apdu.get_processing_options(bytes.fromhex("8300")),
            "80A8000002830000",
            "GET PROCESSING OPTIONS",
        ),
        (apdu.get_data(0x9F17), "80CA9F1700", "GET DATA"),
        (apdu.get_challenge(), "0084000000", "GET CHALLENGE"),
        (
            apdu.internal_authenticate(bytes.fromhex("11223344")),
            "00880000041122334400",
            "INTERNAL AUTHENTICATE",
        ),
        (
            apdu.external_authenticate(bytes(10)),
            "008200000A00000000000000000000",
            "EXTERNAL AUTHENTICATE",
        ),
        (
            apdu.verify(bytes.fromhex("241234FFFFFFFFFF"), enciphered=False),
            "0020008008241234FFFFFFFFFF",
            "VERIFY",
        ),
        (apdu.verify(b"\x01", enciphered=True), "002000880101", "VERIFY"),
        (apdu.generate_ac(0x90, b"\x01\x02"), "80AE900002010200", "GENERATE AC"),
        (apdu.generate_ac(0x00, b""), "80AE000000", "GENERATE AC"),
        (Command(0x84, 0xDA, 0x9F, 0x58, b"\x01"), "84DA9F580101", "INS DA"),
    ],
)
def test_6_5_commands_are_coded_as_the_books_say(command: Command, coded: str, name: str):
    assert command.to_bytes().hex().upper() == coded
    assert command.name == name


def test_a_command_too_long_is_the_cards_error():
    with pytest.raises(CardError, match="256 bytes"):
        apdu.generate_ac(0, bytes(256)).to_bytes()


@pytest.mark.parametrize("raw", [b"", b"\x90", bytes(259)])
def test_a_response_too_short_or_too_long_is_refused(raw: bytes):
    with pytest.raises(CardError, match="a response of"):
        Response.parse(raw)


@given(st.binary(max_size=300))
def test_hostile_responses_are_split_or_refused(raw: bytes):
    try:
        response = Response.parse(raw)
    except CardError:
        return
    assert response.data + response.sw.to_bytes(2, "big") == raw


def test_no_repr_shows_what_was_sent_or_received():
    assert "1234" not in repr(apdu.verify(bytes.fromhex("241234FFFFFFFFFF"), enciphered=False))
    assert "4761" not in repr(Response.parse(bytes.fromhex("47619000")))
