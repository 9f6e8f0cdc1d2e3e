"""The keys of a terminal and its acquirer: a master key in a file, session keys for each batch."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from firmware.core.durable import write_private
from firmware.core.masked import SecretKey

MASTER = "host-master.key"
MASTER_BYTES = 32


class KeyFileError(ValueError):
    """A key file that cannot be trusted; the message names it and says what was expected."""


class SessionKeys(Struct, frozen=True):
    """What protects one terminal's messages in one batch: keys of 16 bytes.

    Working keys of an acquirer may have 8; it delivers none for PIN blocks of format 4.
    """

    mac: SecretKey  # two-key 3DES: ISO/IEC 9797-1 algorithm 3 over each message
    pin: SecretKey  # two-key 3DES: enciphers a PIN block of format 0
    pin_aes: SecretKey = SecretKey(b"")  # AES-128: enciphers a PIN block of format 4


KeySource = Callable[[str, int], SessionKeys]
"""Gives the session keys of (terminal, batch)."""


def derived_keys(master: SecretKey) -> KeySource:
    """Session keys from one master: another terminal or another batch has other keys.

    One step of the counter-mode KDF of NIST SP 800-108 with HMAC-SHA-256 as its function.
    """

    def session(terminal: str, batch: int) -> SessionKeys:
        place = f"{terminal}|{batch:06d}"
        return SessionKeys(
            mac=derive(master, f"mac|{place}", 16),
            pin=derive(master, f"pin|{place}", 16),
            pin_aes=derive(master, f"pin-aes|{place}", 16),
        )

    return session


def derive(master: SecretKey, purpose: str, size: int) -> SecretKey:
    """A key of up to 32 bytes for one purpose."""
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
