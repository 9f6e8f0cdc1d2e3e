"""The PIN on the wire: a block of ISO 9564-1 under the session's key for that format.

Format 0 has 8 bytes under two-key 3DES, or under DES where an acquirer's PIN key has 8 bytes;
format 4 has 16 under AES-128, with random fill, so that the same PIN never looks the same twice.
"""

from __future__ import annotations

from typing import Literal

from psec.pinblock import (
    decipher_pinblock_iso_4,
    decode_pinblock_iso_0,
    encipher_pinblock_iso_4,
    encode_pinblock_iso_0,
)

from firmware.core.masked import Pan, Pin
from firmware.iso8583.des import decrypt, encrypt
from firmware.iso8583.keys import SessionKeys

PinFormat = Literal[0, 4]
FORMAT_4_BYTES = 16
PAN_MIN = 13  # format 0 takes the 12 digits left of the check digit; a shorter PAN gets zeros


def encipher(pin: Pin, pan: Pan, keys: SessionKeys, form: PinFormat = 0) -> bytes:
    """The 8 or 16 bytes of a block. See ISO 9564-1, 9.3.2 and 9.4.2."""
    if form == 4:
        return encipher_pinblock_iso_4(keys.pin_aes.reveal(), pin.reveal(), pan.reveal())
    return encrypt(keys.pin.reveal(), encode_pinblock_iso_0(pin.reveal(), _long(pan)))


def decipher(block: bytes, pan: Pan, keys: SessionKeys) -> Pin | None:
    """The PIN in a block, or None when it is not one under these keys and this PAN."""
    try:
        if len(block) == FORMAT_4_BYTES:
            return Pin(decipher_pinblock_iso_4(keys.pin_aes.reveal(), block, pan.reveal()))
        return Pin(decode_pinblock_iso_0(decrypt(keys.pin.reveal(), block), _long(pan)))
    except ValueError:  # its message quotes the block, so it is not passed on
        return None


def _long(pan: Pan) -> str:
    return pan.reveal().rjust(PAN_MIN, "0")
