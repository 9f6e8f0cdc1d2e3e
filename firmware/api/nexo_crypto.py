"""Encryption of nexo messages, as Adyen documents it for local connections.

The shared key is derived from a passphrase: PBKDF2-HMAC-SHA1, 4,000 rounds, 80 bytes. The message
is AES-256-CBC under an IV that is xor'ed with a nonce; HMAC-SHA256 is over the plain JSON.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from msgspec import Struct

_SALT, _ROUNDS = b"AdyenNexoV1Salt", 4_000
_HMAC, _CIPHER, _IV = 32, 32, 16
MATERIAL_BYTES = _HMAC + _CIPHER + _IV
CRYPTO_VERSION = 1


class NexoCryptoError(ValueError):
    """A blob that cannot be deciphered, or whose HMAC is wrong."""


class Trailer(Struct, frozen=True, rename="pascal", kw_only=True):
    """What is told of an encrypted message; Hmac and Nonce are base64."""

    key_identifier: str
    key_version: int
    adyen_crypto_version: int = CRYPTO_VERSION
    hmac: str
    nonce: str


def material_of(passphrase: str) -> bytes:
    """The 80 bytes of a passphrase: HMAC key, cipher key, IV. Takes some milliseconds."""
    return hashlib.pbkdf2_hmac("sha1", passphrase.encode(), _SALT, _ROUNDS, MATERIAL_BYTES)


def _cipher(material: bytes, nonce: bytes) -> Cipher[modes.CBC]:
    key, own = material[_HMAC : _HMAC + _CIPHER], material[_HMAC + _CIPHER :]
    iv = bytes(a ^ b for a, b in zip(own, nonce, strict=True))
    return Cipher(algorithms.AES256(key), modes.CBC(iv))


def seal(plain: bytes, material: bytes, name: str, version: int) -> tuple[str, Trailer]:
    """The blob in base64 and its trailer, under a nonce of its own."""
    nonce = secrets.token_bytes(_IV)
    padder = PKCS7(128).padder()
    padded = padder.update(plain) + padder.finalize()
    encryptor = _cipher(material, nonce).encryptor()
    blob = encryptor.update(padded) + encryptor.finalize()
    code = hmac.new(material[:_HMAC], plain, hashlib.sha256).digest()
    trailer = Trailer(
        key_identifier=name,
        key_version=version,
        hmac=base64.b64encode(code).decode(),
        nonce=base64.b64encode(nonce).decode(),
    )
    return base64.b64encode(blob).decode(), trailer


def opened(blob: str, trailer: Trailer, material: bytes) -> bytes:
    """The plain JSON. Raises NexoCryptoError."""
    try:
        raw = base64.b64decode(blob, validate=True)
        nonce = base64.b64decode(trailer.nonce, validate=True)
        given = base64.b64decode(trailer.hmac, validate=True)
        decryptor = _cipher(material, nonce).decryptor()
        padded = decryptor.update(raw) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        plain = unpadder.update(padded) + unpadder.finalize()
    except (ValueError, binascii.Error):
        raise NexoCryptoError("the blob does not open") from None
    code = hmac.new(material[:_HMAC], plain, hashlib.sha256).digest()
    if not hmac.compare_digest(code, given):
        raise NexoCryptoError("the HMAC differs")
    return plain
