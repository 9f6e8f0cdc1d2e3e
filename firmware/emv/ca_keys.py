"""Certification authority public keys, read from tab-separated files and verified on loading.

A row holds RID, index, exponent and modulus in hex, and the SHA-1 check value over the four: a
key whose check value does not verify is never used. See EMV 4.4 Book 2, 11.2.2. Behind them may
stand the scheme's name, a status (`live`, `expired`, `test` or `unknown`), the date of expiry and
the sources of the row. A row without a status is a live key, unless the scheme's name begins with
`Test `: so an earlier release wrote the test keys of the modelled cards.

A terminal that trades takes live keys alone. The others are known by name, so that a trace says why
a card's key was not used. Nothing here compares a date: EMV has the acquirer take an expired key
out of the terminal (Book 2, 11.2.4; Book 4, 10.2), and a clock that was moved must not change
which keys are trusted. So it is the row's status, and with it the release or the acquirer's own
file, that takes a key out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from importlib import resources

from msgspec import Struct
from msgspec.structs import replace

from firmware.emv.certificates import KEY_BYTES_MAX, PublicKey

LIVE, EXPIRED, TEST, UNKNOWN = STATUSES = ("live", "expired", "test", "unknown")
_COLUMNS_MIN = 5
_SCHEME_COLUMN, _STATUS_COLUMN, _EXPIRES_COLUMN = 5, 6, 7


class CaKeyError(ValueError):
    """A file of keys that is not what it should be; says which line and why."""


class Revocation(Struct, frozen=True):
    """An issuer certificate that is no longer to be trusted. See EMV 4.4 Book 2, 5.1.2."""

    rid: bytes
    index: int
    serial: bytes  # the certificate serial number, 3 bytes


class CaKeys(Struct, frozen=True):
    """The keys by RID and index, with the certificate revocation list."""

    keys: dict[tuple[bytes, int], PublicKey] = {}
    withdrawn: frozenset[Revocation] = frozenset()
    untrusted: dict[tuple[bytes, int], str] = {}  # known and not used, with the status

    def find(self, rid: bytes, index: int) -> PublicKey | None:
        """The key of a payment system, or None."""
        return self.keys.get((rid, index))

    def why_not(self, rid: bytes, index: int) -> str:
        """Why a key is not found, as a trace says it."""
        name = f"{rid.hex().upper()} {index:02X}"
        status = self.untrusted.get((rid, index))
        return f"no CA key {name}" if status is None else f"CA key {name} is not used: {status}"

    def revoked(self, rid: bytes, index: int, serial: bytes) -> bool:
        """Whether an issuer certificate is on the revocation list."""
        return Revocation(rid, index, serial) in self.withdrawn

    def with_revoked(self, revoked: Iterable[Revocation]) -> CaKeys:
        """The same keys with another revocation list."""
        return replace(self, withdrawn=frozenset(revoked))

    def merged(self, other: CaKeys) -> CaKeys:
        """These keys and those of `other`, which win."""
        untrusted = {**self.untrusted, **other.untrusted}
        for name in other.keys:
            untrusted.pop(name, None)
        return CaKeys(self.keys | other.keys, self.withdrawn | other.withdrawn, untrusted)

    @classmethod
    def from_tsv(cls, text: str, name: str = "CA keys", *, test_keys: bool = False) -> CaKeys:
        """Read keys from a file's text; raises CaKeyError with `name` and line.

        With `test_keys` every row is used, whatever its status: for anything but trade.
        """
        keys: dict[tuple[bytes, int], PublicKey] = {}
        untrusted: dict[tuple[bytes, int], str] = {}
        for place, columns in _rows(text, name):
            try:
                rid, index, key = _key(columns)
                status = _status(columns)
            except ValueError as error:
                raise CaKeyError(f"{place}: {error}") from None
            if test_keys or status == LIVE:
                keys[rid, index] = key
            else:
                untrusted[rid, index] = _described(status, columns)
        return cls(keys, untrusted=untrusted)

    @classmethod
    def shipped(cls, *, test_keys: bool = False) -> CaKeys:
        """The payment systems' keys that come with the terminal; `test_keys` as from_tsv has it."""
        file = resources.files("firmware.emv") / "ca_public_keys.tsv"
        return cls.from_tsv(file.read_text("utf-8"), "ca_public_keys.tsv", test_keys=test_keys)


def revocations(text: str, name: str = "revocations") -> list[Revocation]:
    """The certification revocation list in a file's text: a certificate a line.

    RID, CA public key index and certificate serial number in hex, with tabs or spaces between;
    `#` begins a comment. Raises CaKeyError with `name` and line. See EMV 4.4 Book 2, 5.1.2.
    """
    found = []
    for place, columns in _rows(text, name):
        try:
            found.append(_revocation(" ".join(columns).partition("#")[0].split()))
        except ValueError as error:
            raise CaKeyError(f"{place}: {error}") from None
    return found


def _revocation(words: list[str]) -> Revocation:
    if len(words) != 3:
        raise ValueError(f"expected RID, index and serial number, found {len(words)} words")
    rid, index, serial = map(bytes.fromhex, words)
    _check_name(rid, index)
    if len(serial) != 3:
        raise ValueError("a certificate serial number has 3 bytes")
    return Revocation(rid, index[0], serial)


def _rows(text: str, name: str) -> Iterator[tuple[str, list[str]]]:
    """The rows of a tab-separated file without comments and heading, each with its place."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith(("#", "rid\t")):
            yield f"{name}, line {number}", line.split("\t")


def _status(columns: list[str]) -> str:
    if len(columns) <= _STATUS_COLUMN:
        scheme = "".join(columns[_SCHEME_COLUMN:]).strip().casefold()
        return TEST if scheme.startswith("test ") else LIVE
    status = columns[_STATUS_COLUMN].strip()
    if status not in STATUSES:
        raise ValueError(f"no status {status!r}; there are {', '.join(STATUSES)}")
    return status


def _described(status: str, columns: list[str]) -> str:
    """Why a key is not used: `test key`, `expired 2017-12-31`."""
    if status != EXPIRED:
        return "a test key" if status == TEST else "nobody says whether it is live"
    date = columns[_EXPIRES_COLUMN].strip() if len(columns) > _EXPIRES_COLUMN else ""
    return f"expired {date}".strip()


def _check_name(rid: bytes, index: bytes) -> None:
    if len(rid) != 5 or len(index) != 1:
        raise ValueError("a RID has 5 bytes and an index 1")


def _key(columns: list[str]) -> tuple[bytes, int, PublicKey]:
    if len(columns) < _COLUMNS_MIN:
        raise ValueError(f"expected {_COLUMNS_MIN} columns, found {len(columns)}")
    rid, index, exponent, modulus, check = (bytes.fromhex(column) for column in columns[:5])
    _check_name(rid, index)
    if not modulus or len(modulus) > KEY_BYTES_MAX:
        raise ValueError(f"a modulus has up to {KEY_BYTES_MAX} bytes, not {len(modulus)}")
    if check_value(rid, index[0], modulus, exponent) != check:
        raise ValueError(f"the check value of {rid.hex().upper()} {index.hex().upper()} is wrong")
    return rid, index[0], PublicKey(modulus, int.from_bytes(exponent, "big"))


def check_value(rid: bytes, index: int, modulus: bytes, exponent: bytes) -> bytes:
    """SHA-1 over RID, index, modulus and exponent. See EMV 4.4 Book 2, 11.2.2, table 30."""
    joined = rid + bytes([index]) + modulus + exponent
    return hashlib.sha1(joined, usedforsecurity=False).digest()
