"""Certification authority public keys, read from tab-separated files and verified on loading.

A row holds RID, index, exponent and modulus in hex, and the SHA-1 check value over the four: a
key whose check value does not verify is never used. See EMV 4.4 Book 2, 11.2.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

from firmware.emv.certificates import PublicKey

_COLUMNS_MIN = 5
_MODULUS_BYTES_MAX = 248


class CaKeyError(ValueError):
    """A file of keys that is not what it should be; says which line and why."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """An issuer certificate that is no longer to be trusted. See EMV 4.4 Book 2, 5.1.2."""

    rid: bytes
    index: int
    serial: bytes  # the certificate serial number, 3 bytes


class CaKeys:
    """The keys by RID and index, with the certificate revocation list."""

    def __init__(
        self,
        keys: Iterable[tuple[bytes, int, PublicKey]] = (),
        revoked: Iterable[Revocation] = (),
    ) -> None:
        self._keys = {(rid, index): key for rid, index, key in keys}
        self._revoked = frozenset(revoked)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, rid: bytes, index: int) -> PublicKey | None:
        """The key of a payment system, or None."""
        return self._keys.get((rid, index))

    def revoked(self, rid: bytes, index: int, serial: bytes) -> bool:
        """Whether an issuer certificate is on the revocation list."""
        return Revocation(rid, index, serial) in self._revoked

    def with_revoked(self, revoked: Iterable[Revocation]) -> CaKeys:
        """The same keys with another revocation list."""
        return CaKeys(((rid, i, key) for (rid, i), key in self._keys.items()), revoked)

    def merged(self, other: CaKeys) -> CaKeys:
        """These keys and those of `other`, which win."""
        mine = [(rid, index, key) for (rid, index), key in self._keys.items()]
        theirs = [(rid, index, key) for (rid, index), key in other._keys.items()]
        return CaKeys(mine + theirs, self._revoked | other._revoked)

    @classmethod
    def from_tsv(cls, text: str, name: str = "CA keys") -> CaKeys:
        """Read keys from a file's text; raises CaKeyError with `name` and line."""
        keys: list[tuple[bytes, int, PublicKey]] = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith(("#", "rid\t")):
                continue
            try:
                keys.append(_row(line.split("\t")))
            except ValueError as error:
                raise CaKeyError(f"{name}, line {number}: {error}") from None
        return cls(keys)

    @classmethod
    def shipped(cls) -> CaKeys:
        """The payment systems' keys that come with the terminal."""
        file = resources.files("firmware.emv") / "ca_public_keys.tsv"
        return cls.from_tsv(file.read_text("utf-8"), "ca_public_keys.tsv")


def _row(columns: list[str]) -> tuple[bytes, int, PublicKey]:
    if len(columns) < _COLUMNS_MIN:
        raise ValueError(f"expected {_COLUMNS_MIN} columns, found {len(columns)}")
    rid, index, exponent, modulus, check = (bytes.fromhex(column) for column in columns[:5])
    if len(rid) != 5 or len(index) != 1:
        raise ValueError("a RID has 5 bytes and an index 1")
    if not modulus or len(modulus) > _MODULUS_BYTES_MAX:
        raise ValueError(f"a modulus has up to {_MODULUS_BYTES_MAX} bytes, not {len(modulus)}")
    if check_value(rid, index[0], modulus, exponent) != check:
        raise ValueError(f"the check value of {rid.hex().upper()} {index.hex().upper()} is wrong")
    return rid, index[0], PublicKey(modulus, int.from_bytes(exponent, "big"))


def check_value(rid: bytes, index: int, modulus: bytes, exponent: bytes) -> bytes:
    """SHA-1 over RID, index, modulus and exponent. See EMV 4.4 Book 2, 11.2.2, table 30."""
    joined = rid + bytes([index]) + modulus + exponent
    return hashlib.sha1(joined, usedforsecurity=False).digest()
