"""Issuer and ICC certificates, and signatures by recovery, as a personaliser makes them.

See EMV 4.4 Book 2, 5.1, 6.1, 6.5, 6.6, 7.1 and B2.1. SHA-1 and RSA throughout: hash algorithm
indicator 01, public key algorithm indicator 01.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hw.sim.cards.rsa import RsaKey

ALGORITHMS = b"\x01\x01"  # SHA-1, RSA
EXPIRE = b"\x12\x39"  # MMYY: an expired card shall fail for its date alone
DATA_AUTHENTICATION_CODE = b"\xda\xc0"


def sha1(data: bytes) -> bytes:
    """The Books' hash, 20 bytes. See EMV 4.4 Book 2, B3.1."""
    return hashlib.sha1(data).digest()  # noqa: S324 - the Books' hash


def sign(key: RsaKey, message: bytes, extra: bytes = b"") -> bytes:
    """A signature from which `message` (all of the key's room) is recovered.

    `extra` is hashed but not recovered. See EMV 4.4 Book 2, A2.1.
    """
    if len(message) != key.size - 22:
        raise ValueError(f"the key has room for {key.size - 22} bytes, not {len(message)}")
    return key.private(b"\x6a" + message + sha1(message + extra) + b"\xbc")


@dataclass(frozen=True)
class Certificate:
    """A certificate as records carry it: certificate, remainder (may be empty), exponent."""

    certificate: bytes
    remainder: bytes
    exponent: bytes


def _certify(signer: RsaKey, head: bytes, subject: RsaKey, extra: bytes) -> Certificate:
    """`head` up to the hash algorithm indicator; the key's digits are cut or padded to fit."""
    body = head + ALGORITHMS + bytes([subject.size, len(subject.exponent_bytes)])
    room = signer.size - 22 - len(body)
    digits = subject.modulus_bytes
    fitting, remainder = digits[:room].ljust(room, b"\xbb"), digits[room:]
    signature = sign(signer, body + fitting, remainder + subject.exponent_bytes + extra)
    return Certificate(signature, remainder, subject.exponent_bytes)


def issuer_certificate(ca: RsaKey, issuer: RsaKey, bin_digits: str) -> Certificate:
    """The issuer's key under the CA's. See EMV 4.4 Book 2, table 2."""
    identifier = bytes.fromhex(bin_digits.ljust(8, "F"))
    head = b"\x02" + identifier + EXPIRE + b"\x00\x10\x01"
    return _certify(ca, head, issuer, b"")


def icc_certificate(issuer: RsaKey, icc: RsaKey, pan: str, static_data: bytes = b"") -> Certificate:
    """The card's key under the issuer's.

    `static_data` is authenticated with it; it is empty for a PIN encipherment key. See EMV 4.4
    Book 2, tables 11 and 24.
    """
    head = b"\x04" + bytes.fromhex(pan.ljust(20, "F")) + EXPIRE + b"\x00\x20\x01"
    return _certify(issuer, head, icc, static_data)


def signed_static_data(issuer: RsaKey, static_data: bytes) -> bytes:
    """Signed static application data. See EMV 4.4 Book 2, 5.1."""
    head = b"\x03\x01" + DATA_AUTHENTICATION_CODE
    return sign(issuer, head.ljust(issuer.size - 22, b"\xbb"), static_data)


def signed_dynamic_data(icc: RsaKey, dynamic: bytes, terminal_data: bytes) -> bytes:
    """Signed dynamic application data. See EMV 4.4 Book 2, tables 14 and 17."""
    head = b"\x05\x01" + bytes([len(dynamic)]) + dynamic
    return sign(icc, head.ljust(icc.size - 22, b"\xbb"), terminal_data)
