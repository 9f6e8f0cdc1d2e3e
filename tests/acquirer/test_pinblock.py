"""The PIN on the wire, in the formats 0 and 4 of ISO 9564-1."""

from __future__ import annotations

import pytest
from psec import pinblock

from firmware.core.masked import Pan, Pin, SecretKey
from firmware.iso8583.keys import SessionKeys, derive
from firmware.iso8583.pinblock import PinFormat, decipher, encipher
from firmware.iso8583.unionpay import embedded_line
from tests.iso8583.ends import CARD, EMBEDDED, KEYS, Ends

PAN = CARD.pan.reveal()


@pytest.mark.parametrize(("form", "field", "made"), [(0, "52", "26"), (4, "62", "47")])
def test_the_pin_travels_enciphered_under_its_session(
    form: PinFormat, field: str, made: str
) -> None:
    fields = Ends(embedded_line(form)).fields(EMBEDDED.sale)
    block = bytes.fromhex(fields[field])
    assert fields["53"] == made + "0" * 14
    assert not {"52", "62"} - {field} & fields.keys()
    assert decipher(block, CARD.pan, KEYS) == Pin("123456")
    assert decipher(block, CARD.pan, SessionKeys(mac=KEYS.pin, pin=KEYS.mac)) is None
    assert decipher(block, Pan("6224242900000121"), KEYS) != Pin("123456")


def test_a_pin_block_is_that_of_the_oracle() -> None:
    clear = pinblock.encode_pinblock_iso_0("123456", PAN)
    block = encipher(Pin("123456"), Pan(PAN), KEYS)
    assert block != clear
    assert decipher(block, Pan(PAN), KEYS) == Pin("123456")


class PublishedKeys(SessionKeys, frozen=True):
    """Keys whose AES key is that of psec's documentation."""

    @property
    def pin_aes(self) -> SecretKey:
        return SecretKey(bytes.fromhex("00112233445566778899AABBCCDDEEFF"))


def test_the_aes_key_is_made_from_the_pin_key_and_is_neither_of_the_two():
    assert KEYS.pin_aes == derive(KEYS.pin, "pin-aes", 16)
    assert len({KEYS.pin_aes.reveal(), KEYS.pin.reveal(), KEYS.mac.reveal()}) == 3


def test_format_4_is_never_twice_the_same_and_reads_a_published_block() -> None:
    keys = PublishedKeys(mac=KEYS.mac, pin=KEYS.pin)
    pan = Pan("1234567890123456")
    published = bytes.fromhex("E4BE5B623AF7E006AC319E5B93544564")  # of psec's documentation
    assert decipher(published, pan, keys) == Pin("1234")
    blocks = {encipher(Pin("1234"), pan, keys, 4) for _ in range(8)}
    assert len(blocks) == 8
    assert {decipher(block, pan, keys) for block in blocks} == {Pin("1234")}
