"""The keys of a terminal and its acquirer: those of a session, and a master key in a file."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Self

from msgspec import Struct

from firmware.core.durable import write_private
from firmware.core.masked import SecretKey

MASTER = "host-master.key"
MASTER_BYTES = 32


class KeyFileError(ValueError):
    """A key file that cannot be trusted; the message names it and says what was expected."""


class SessionKeys(Struct, frozen=True):
    """What protects a terminal's messages until it signs on again: keys of 8 or 16 bytes.

    Those of the embedded acquirer serve until the next start.
    """

    mac: SecretKey
    pin: SecretKey  # enciphers a PIN block of format 0

    @property
    def pin_aes(self) -> SecretKey:
        """Enciphers a PIN block of format 4: AES-128, made from the PIN key."""
        return derive(self.pin, "pin-aes", 16)

    @classmethod
    def fresh(cls) -> Self:
        """Random keys of double length."""
        return cls(SecretKey(secrets.token_bytes(16)), SecretKey(secrets.token_bytes(16)))


def derive(master: SecretKey, purpose: str, size: int) -> SecretKey:
    """A key of up to 32 bytes for one purpose.

    One step of the counter-mode KDF of NIST SP 800-108 with HMAC-SHA-256 as its function.
    """
    block = b"\x00\x00\x00\x01" + purpose.encode() + b"\x00" + (size * 8).to_bytes(4, "big")
    return SecretKey(hmac.new(master.reveal(), block, hashlib.sha256).digest()[:size])


def read_or_make_master(path: Path) -> SecretKey:
    """The master key at `path`, made there (mode 0600, durable) if there is none.

    Raises KeyFileError if the file is of another size or readable by others, OSError if the disk
    refuses.
    """
    if not path.exists():
        write_private(path, secrets.token_bytes(MASTER_BYTES))
    if path.stat().st_mode & 0o077:
        raise KeyFileError(f"{path}: expected mode 0600, so that nobody else reads it")
    clear = path.read_bytes()
    if len(clear) != MASTER_BYTES:
        raise KeyFileError(f"{path}: expected {MASTER_BYTES} bytes, found {len(clear)}")
    return SecretKey(clear)
