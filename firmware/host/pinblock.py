"""The PIN on the wire: an ISO 9564-1 format 0 block under the session's PIN key."""

from __future__ import annotations

from psec.pinblock import decode_pinblock_iso_0, encode_pinblock_iso_0

from firmware.host.des import decrypt, encrypt
from firmware.masked import Key, Pan, Pin

PAN_MIN = 13  # format 0 takes the 12 digits left of the check digit; a shorter PAN gets zeros


def encipher(pin: Pin, pan: Pan, key: Key) -> bytes:
    """The 8 bytes of field 52. See ISO 9564-1, 9.3.2."""
    return encrypt(key.reveal(), encode_pinblock_iso_0(pin.reveal(), _long(pan)))


def decipher(block: bytes, pan: Pan, key: Key) -> Pin | None:
    """The PIN in field 52, or None when the block is not one under this key and PAN."""
    try:
        return Pin(decode_pinblock_iso_0(decrypt(key.reveal(), block), _long(pan)))
    except ValueError:  # whose words quote the block, so they go no further
        return None


def _long(pan: Pan) -> str:
    return pan.reveal().rjust(PAN_MIN, "0")
