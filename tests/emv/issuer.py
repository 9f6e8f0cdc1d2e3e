"""An issuer for the tests: a CA, keys, certificates and signatures, made by EMV 4.4 Book 2.

It works the Books' signing side by itself, so that the kernel is not held against its own code.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import rsa

from firmware.emv.ca_keys import CaKeys
from firmware.emv.certificates import PublicKey

RID = bytes.fromhex("A000000003")
CA_INDEX = 0xF7
PAN = "4761739001010010"


@dataclass(frozen=True)
class PrivateKey:
    """An RSA key that can sign."""

    n: int
    e: int
    d: int

    @property
    def size(self) -> int:
        return (self.n.bit_length() + 7) // 8

    @property
    def modulus(self) -> bytes:
        return self.n.to_bytes(self.size, "big")

    @property
    def exponent(self) -> bytes:
        return b"\x03" if self.e == 3 else b"\x01\x00\x01"

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.modulus, self.e)

    def apply(self, data: bytes) -> bytes:
        """The private operation on exactly one modulus of data."""
        assert len(data) == self.size
        return pow(int.from_bytes(data, "big"), self.d, self.n).to_bytes(self.size, "big")

    def sign(self, head: bytes, hashed_too: bytes = b"") -> bytes:
        """'6A', head padded with 'BB', SHA-1 over both parts, 'BC'. See Book 2, Annex A2.1.2."""
        body = head.ljust(self.size - 22, b"\xbb")
        assert len(body) == self.size - 22, "head too long for the key"
        digest = hashlib.sha1(body + hashed_too).digest()
        return self.apply(b"\x6a" + body + digest + b"\xbc")


@functools.cache
def key(bits: int, exponent: int = 3, which: int = 0) -> PrivateKey:
    """A test key; the same one for the same arguments within a run."""
    del which
    made = rsa.generate_private_key(exponent, bits).private_numbers()
    numbers = made.public_numbers
    return PrivateKey(numbers.n, numbers.e, made.d)


def bcd_pan(pan: str, length: int) -> bytes:
    """Digits padded with 'F'."""
    return bytes.fromhex(pan.ljust(2 * length, "F"))


@dataclass(frozen=True)
class Certified:
    """A certified key: certificate, remainder, exponent in the card's coding."""

    key: PrivateKey
    certificate: bytes
    remainder: bytes
    exponent: bytes


def certify_issuer(
    ca: PrivateKey,
    issuer: PrivateKey,
    *,
    identifier: str = PAN[:6],
    expiry: str = "1231",
    form: int = 2,
    hash_algorithm: int = 1,
    key_algorithm: int = 1,
) -> Certified:
    """Table 1 of Book 2, 5.1; expiry is MMYY."""
    head = bytes([form]) + bcd_pan(identifier, 4) + bytes.fromhex(expiry + "000001")
    return _certify(ca, issuer, head, bytes([hash_algorithm, key_algorithm]), b"")


def certify_icc(
    issuer: PrivateKey,
    icc: PrivateKey,
    *,
    pan: str = PAN,
    expiry: str = "1231",
    static: bytes = b"",
    form: int = 4,
    hash_algorithm: int = 1,
) -> Certified:
    """Table 10 of Book 2, 6.1; without static data it certifies a PIN encipherment key."""
    head = bytes([form]) + bcd_pan(pan, 10) + bytes.fromhex(expiry) + b"\x00\x00\x01"
    return _certify(issuer, icc, head, bytes([hash_algorithm, 1]), static)


def _certify(
    signer: PrivateKey,
    subject: PrivateKey,
    head: bytes,
    algorithms: bytes,
    static: bytes,
) -> Certified:
    head += algorithms + bytes([subject.size, len(subject.exponent)])
    room = signer.size - 22 - len(head)
    leftmost, remainder = subject.modulus[:room], subject.modulus[room:]
    certificate = signer.sign(head + leftmost, remainder + subject.exponent + static)
    return Certified(subject, certificate, remainder, subject.exponent)


def sign_static(issuer: PrivateKey, static: bytes) -> bytes:
    """Signed Static Application Data. See Book 2, 5.1, table 2."""
    return issuer.sign(b"\x03\x01\xda\xc0", static)


def sign_dynamic(icc: PrivateKey, icc_data: bytes, terminal_data: bytes) -> bytes:
    """Signed Dynamic Application Data. See Book 2, 6.5, table 15."""
    return icc.sign(b"\x05\x01" + bytes([len(icc_data)]) + icc_data, terminal_data)


CA, ISSUER, ICC = key(1408), key(1152), key(1024)


def ca_keys(ca: PrivateKey = CA) -> CaKeys:
    """The terminal's keys: this CA alone."""
    return CaKeys({(RID, CA_INDEX): ca.public})
