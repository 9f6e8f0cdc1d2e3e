"""Working keys as an acquirer delivers them in field 62 of an answer to a sign-on.

Each is enciphered under the terminal's master key (TMK) in ECB and followed by its check value: the
first 4 bytes of the key's own cipher of 8 zero bytes.

    24 bytes  PIK 8+4  | MAK 8+4
    40 bytes  PIK 16+4 | MAK 16+4             (a MAK of 8 bytes is followed by 8 zero bytes)
    60 bytes  PIK 16+4 | MAK 16+4 | TDK 16+4
"""

from __future__ import annotations

import hmac

from msgspec import Struct

from firmware.core.masked import SecretKey
from firmware.iso8583 import des
from firmware.iso8583.keys import SessionKeys

CHECK_BYTES = 4
_KEY_BYTES = {24: 8, 40: 16, 60: 16}
_NAMES = ("PIN key", "MAC key", "track key")


class WorkingKeysError(ValueError):
    """Keys that are not to be used; the message names the first that is wrong, and no key."""


class KeyCheckError(WorkingKeysError):
    """A key whose check value is another: it was enciphered under another master key."""


class DeliveredKeys(Struct, frozen=True):
    """What a sign-on brought, in clear."""

    pin: SecretKey
    mac: SecretKey
    track: SecretKey | None = None

    @property
    def session(self) -> SessionKeys:
        """The keys that protect messages."""
        return SessionKeys(mac=self.mac, pin=self.pin)


def check_value(key: SecretKey) -> bytes:
    """The first 4 bytes of the key's cipher of 8 zero bytes."""
    return des.encrypt(key.reveal(), bytes(des.BLOCK))[:CHECK_BYTES]


def master_of(first: bytes, second: bytes) -> SecretKey:
    """The TMK of two components of 16 bytes, which two people keep. Raises WorkingKeysError."""
    for number, component in enumerate((first, second), 1):
        if len(component) != 2 * des.BLOCK:
            raise WorkingKeysError(f"component {number}: expected 32 hexadecimal digits")
    clear = des.exclusive_or(first, second)
    if clear[: des.BLOCK] == clear[des.BLOCK :]:
        raise WorkingKeysError("the two components make a single-length key")
    return SecretKey(clear)


def unpack_keys(delivered: bytes, master: SecretKey) -> DeliveredKeys:
    """The keys in `delivered`, all of them right. Raises WorkingKeysError otherwise."""
    size = _KEY_BYTES.get(len(delivered))
    if size is None:
        raise WorkingKeysError(f"expected 24, 40 or 60 bytes of working keys, not {len(delivered)}")
    whole = size + CHECK_BYTES
    keys = []
    for at, name in zip(range(0, len(delivered), whole), _NAMES, strict=False):
        enciphered, check = delivered[at : at + size], delivered[at + size : at + whole]
        if enciphered[des.BLOCK :] == bytes(des.BLOCK):
            enciphered = enciphered[: des.BLOCK]  # single length in a place of 16 bytes
        key = SecretKey(des.decrypt(master.reveal(), enciphered))
        if not hmac.compare_digest(check_value(key), check):
            raise KeyCheckError(f"the check value of the {name} differs")
        keys.append(key)
    return DeliveredKeys(*keys)


def pack_keys(keys: DeliveredKeys, master: SecretKey) -> bytes:
    """Field 62 with these keys: the acquirer's side of `unpack_keys`."""
    packed = b""
    single = len(keys.pin) == des.BLOCK
    for key in (keys.pin, keys.mac, keys.track):
        if key is not None:
            enciphered = des.encrypt(master.reveal(), key.reveal())
            packed += enciphered.ljust(des.BLOCK if single else 2 * des.BLOCK, b"\x00")
            packed += check_value(key)
    return packed
