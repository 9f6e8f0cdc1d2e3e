"""Recovery of issuer and ICC public keys and of signed application data by RSA.

Pure functions over bytes: every step of the Books' recovery is one line with its number, and
every failed one raises CertificateError. See EMV 4.4 Book 2, 5.3–5.4, 6.3–6.6 and Annex A2.1.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import date

from msgspec import Struct

from firmware.emv.dates import month_has_passed
from firmware.emv.errors import CardError

KEY_BYTES_MAX = 248  # 1984 bits, Book 2, Annex D1
EXPONENTS = (3, 65537)

_HEADER, _TRAILER = 0x6A, 0xBC
_ISSUER_CERTIFICATE, _STATIC_DATA, _ICC_CERTIFICATE, _DYNAMIC_DATA = 2, 3, 4, 5
_SHA1, _RSA = 0x01, 0x01
_HASH_LENGTH = 20
_INDICATORS_AT = {_ISSUER_CERTIFICATE: 11, _ICC_CERTIFICATE: 17}


class CertificateError(CardError):
    """A certificate or signature that does not verify; says at which step."""


class DataMissing(CertificateError):  # noqa: N818 - the TVR's word
    """Data without which no key is recovered: TVR 'ICC data missing' is due."""


class PublicKey(Struct, frozen=True):
    """An RSA public key; `modulus` has its full length."""

    modulus: bytes
    exponent: int

    def __str__(self) -> str:
        return f"{8 * len(self.modulus)} bits, exponent {self.exponent}"


class Certificate(Struct, frozen=True):
    """The card's data objects of one certified key: 90, 92, 9F32 or 9F46, 9F48, 9F47."""

    certificate: bytes
    remainder: bytes | None
    exponent: bytes

    def __repr__(self) -> str:
        return f"Certificate({len(self.certificate)} bytes)"  # recovered, it holds the PAN


class CertifiedKey(Struct, frozen=True):
    """A recovered public key, with its certificate's serial number and last month, "MM/YY"."""

    key: PublicKey
    serial: bytes
    expires: str

    def __str__(self) -> str:
        serial = self.serial.hex().upper()
        return f"{self.key}, certificate {serial} until the end of {self.expires}"


class DynamicData(Struct, frozen=True):
    """What the card signed: the ICC Dynamic Number and what follows it."""

    number: bytes
    rest: bytes


def recover(key: PublicKey, signed: bytes) -> bytes:
    """Apply the public key to a signature of the modulus's length. See Book 2, Annex B2.1.3."""
    size = len(key.modulus)
    if len(signed) != size:
        raise CertificateError(f"{len(signed)} bytes signed by a key of {size}")
    if key.exponent not in EXPONENTS:
        raise CertificateError("public key exponent is neither 3 nor 65537")
    modulus = int.from_bytes(key.modulus, "big")
    if not modulus & 1:
        raise CertificateError("an even modulus")
    recovered = pow(int.from_bytes(signed, "big"), key.exponent, modulus)
    return recovered.to_bytes(size, "big")


def _open(key: PublicKey, signed: bytes, form: int, head: int, what: str) -> bytes:
    """Recover and check header, format, trailer; `head` is what must at least fit before a hash."""
    data = recover(key, signed)
    if len(data) < head + _HASH_LENGTH + 1:
        raise CertificateError(f"{what}: the signing key is too short")
    if data[-1] != _TRAILER:
        raise CertificateError(f"{what}: recovered data trailer")
    if data[0] != _HEADER:
        raise CertificateError(f"{what}: recovered data header")
    if data[1] != form:
        raise CertificateError(f"{what}: format {data[1]:02X}")
    return data


def _check_hash(data: bytes, more: bytes, what: str) -> None:
    hashed = data[1 : -_HASH_LENGTH - 1] + more
    digest = hashlib.sha1(hashed, usedforsecurity=False).digest()
    if not hmac.compare_digest(digest, data[-_HASH_LENGTH - 1 : -1]):
        raise CertificateError(f"{what}: hash result")


def _certified_key(
    data: bytes, parts: Certificate, signed_by: PublicKey, static: bytes, what: str
) -> PublicKey:
    """The tail that both certificates share, from the hash algorithm indicator on."""
    at = _INDICATORS_AT[data[1]]
    hash_algorithm, key_algorithm, key_length, exponent_length = data[at : at + 4]
    if hash_algorithm != _SHA1:
        raise CertificateError(f"{what}: hash algorithm {hash_algorithm:02X}")
    leftmost = data[at + 4 : -_HASH_LENGTH - 1]
    if not 0 < key_length <= min(KEY_BYTES_MAX, len(signed_by.modulus)):
        raise CertificateError(f"{what}: a key of {key_length} bytes")
    rest = b""
    if key_length > len(leftmost):
        if not parts.remainder:
            raise DataMissing(f"{what}: key remainder")
        rest = parts.remainder
        if len(rest) != key_length - len(leftmost):
            raise CertificateError(f"{what}: a key remainder of {len(rest)} bytes")
    if len(parts.exponent) != exponent_length:
        raise CertificateError(f"{what}: an exponent of {len(parts.exponent)} bytes")
    _check_hash(data, rest + parts.exponent + static, what)
    if key_algorithm != _RSA:
        raise CertificateError(f"{what}: public key algorithm {key_algorithm:02X}")
    exponent = int.from_bytes(parts.exponent, "big")
    if exponent not in EXPONENTS:
        raise CertificateError(f"{what}: exponent is neither 3 nor 65537")
    return PublicKey((leftmost + rest)[:key_length], exponent)


def _check_expiry(mmyy: bytes, today: date, what: str) -> str:
    """The last month as "MM/YY"."""
    try:
        month, year = (int(f"{byte:02X}") for byte in mmyy)
    except ValueError:
        raise CertificateError(f"{what}: expiration date") from None
    if not 1 <= month <= 12:
        raise CertificateError(f"{what}: expiration date")
    if month_has_passed(year, month, today):
        raise CertificateError(f"{what}: expired {month:02d}/{year:02d}")
    return f"{month:02d}/{year:02d}"


def issuer_key(ca_key: PublicKey, parts: Certificate, pan: str, today: date) -> CertifiedKey:
    """Recover an issuer's public key. See EMV 4.4 Book 2, 5.3, steps 1–12, and 6.3.

    Raises CertificateError; DataMissing when the key's remainder is wanting.
    """
    what = "issuer certificate"
    data = _open(ca_key, parts.certificate, _ISSUER_CERTIFICATE, 15, what)
    key = _certified_key(data, parts, ca_key, b"", what)
    identifier = data[2:6].hex().upper().rstrip("F")
    if not 3 <= len(identifier) <= 8 or not pan.startswith(identifier):
        raise CertificateError(f"{what}: issuer identifier")
    return CertifiedKey(key, data[8:11], _check_expiry(data[6:8], today, what))


def icc_key(
    issuer: PublicKey, parts: Certificate, pan: str, today: date, static: bytes
) -> CertifiedKey:
    """Recover an ICC public key: for signatures, or with no `static` data for PIN encipherment.

    Raises CertificateError; DataMissing when the key's remainder is wanting.
    See EMV 4.4 Book 2, 6.4 and 7.1.
    """
    what = "ICC certificate"
    data = _open(issuer, parts.certificate, _ICC_CERTIFICATE, 21, what)
    key = _certified_key(data, parts, issuer, static, what)
    if data[2:12].hex().upper().rstrip("F") != pan:
        raise CertificateError(f"{what}: application PAN")
    return CertifiedKey(key, data[14:17], _check_expiry(data[12:14], today, what))


def static_data(issuer: PublicKey, signed: bytes, static: bytes) -> bytes:
    """Verify Signed Static Application Data; gives the Data Authentication Code.

    See EMV 4.4 Book 2, 5.4.
    """
    what = "signed static data"
    data = _open(issuer, signed, _STATIC_DATA, 5, what)
    if data[2] != _SHA1:
        raise CertificateError(f"{what}: hash algorithm {data[2]:02X}")
    _check_hash(data, static, what)
    return data[3:5]


def dynamic_data(icc: PublicKey, signed: bytes, terminal_data: bytes) -> DynamicData:
    """Verify Signed Dynamic Application Data; `terminal_data` is what the terminal contributed.

    See EMV 4.4 Book 2, 6.5.2 and 6.6.2.
    """
    what = "signed dynamic data"
    data = _open(icc, signed, _DYNAMIC_DATA, 4, what)
    if data[2] != _SHA1:
        raise CertificateError(f"{what}: hash algorithm {data[2]:02X}")
    _check_hash(data, terminal_data, what)
    length = data[3]
    if length > len(data) - 25:
        raise CertificateError(f"{what}: {length} bytes of ICC dynamic data")
    icc_data = data[4 : 4 + length]
    if not icc_data or not 2 <= icc_data[0] <= 8 or icc_data[0] >= len(icc_data):
        raise CertificateError(f"{what}: ICC dynamic number")
    return DynamicData(icc_data[1 : 1 + icc_data[0]], icc_data[1 + icc_data[0] :])
