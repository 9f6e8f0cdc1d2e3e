"""The terminal's signing keys as commands see them: given out as PEM, and read again.

Where several stand in one file, a line before each says from which record on it is valid: so an old
key counts for old receipts, and for no later ones.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from firmware.core.exits import Refused
from firmware.core.files import read_text
from firmware.journal.chain import Introduced

_FROM = "valid from record {}\n"
# text before a key is allowed, see RFC 7468, 5.2
_KEY = re.compile(
    r"(?:^valid from record (\d{1,18})\r?\n)?"
    r"^(-----BEGIN PUBLIC KEY-----.*?^-----END PUBLIC KEY-----)",
    re.MULTILINE | re.DOTALL | re.ASCII,
)


def pem_of(key: Ed25519PublicKey) -> str:
    """A public key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def pem_of_all(keys: Introduced) -> str:
    """Several public keys as PEM, each with the record from which on it is valid."""
    return "".join(_FROM.format(record) + pem_of(key) for record, key in keys)


def read_keys(path: Path) -> Introduced:
    """The public keys of a file. Raises Refused when it has none, or others than Ed25519."""
    try:
        found = keys_of(read_text(path))
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from error
    except ValueError:  # no text
        found = []
    if not found:
        raise Refused(f"{path}: expected an Ed25519 public key as PEM")
    return found


def keys_of(text: str) -> Introduced:
    """The public keys in a text, oldest first; none when it has none, or others than Ed25519."""
    try:
        return sorted(_keys(text), key=lambda each: each[0])
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return []


def fingerprint_of(key: Ed25519PublicKey) -> str:
    """What people compare a public key by: SHA-256 of its 32 bytes, the first 16, in groups."""
    digits = hashlib.sha256(key.public_bytes_raw()).hexdigest().upper()[:32]
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def _keys(text: str) -> Iterator[tuple[int, Ed25519PublicKey]]:
    for record, pem in _KEY.findall(text):
        key = load_pem_public_key(pem.encode())
        if not isinstance(key, Ed25519PublicKey):
            raise TypeError(f"{type(key).__name__} where an Ed25519 key belongs")
        yield int(record or 0), key
