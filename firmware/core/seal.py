"""Sealing what is kept beside the journal or in a database: AES-256-GCM, the nonce first."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class SealBroken(ValueError):  # noqa: N818 - what is the case
    """Sealed under another key, bound to something else, or changed."""


class Seal:
    """Seals under one key of 32 bytes. Threads may share it. See NIST SP 800-38D."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, clear: bytes, bound_to: bytes) -> bytes:
        """`clear` sealed; it opens only with the same `bound_to`, which is not in it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, clear, bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        """What was sealed. Raises SealBroken."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError):  # fewer bytes than a nonce has
            raise SealBroken("sealed under another key, or changed") from None
