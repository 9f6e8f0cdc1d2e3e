"""The issuer's side of application cryptograms: is this ARQC the card's, and what answers it.

Which data, which key: the cryptogram version number (CVN) in issuer application data (9F10) says
it. All cover 9F02 9F03 9F1A 95 5F2A 9A 9C 9F37 82 9F36 in this order, and then a tail:

    CVN   key of the cryptogram     tail                      padding   key of the ARPC
    0x0A  the card's master key     CVR, 4 bytes at 9F10[3]   zeros     the card's master key
    0x10  session, ATC 0000 UN      CVR, 6 bytes at 9F10[2]   80 00…    the card's master key
    0x12  session, ATC 000000000000 all of 9F10               80 00…    the same session key
    0x14  session, ATC 000000000000 CVR, 6 bytes at 9F10[2]   80 00…    the same session key
    0xA5  session, ATC 000000000000 all of 9F10               80 00…    the same session key

These are Visa CVN 10, M/Chip CVN 16, Visa CVN 18, M/Chip CVN 20 and the common core definitions.
See EMV 4.4 Book 2, 8.1 and A1.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import lru_cache

from msgspec import Struct

from firmware.core.masked import Pan, SecretKey
from firmware.iso8583.des import encrypt, exclusive_or, odd_parity, pad_80, pad_zeros, retail_mac

COVERED = (  # tags and their lengths in the cryptogram's input
    ("9F02", 6),
    ("9F03", 6),
    ("9F1A", 2),
    ("95", 5),
    ("5F2A", 2),
    ("9A", 3),
    ("9C", 1),
    ("9F37", 4),
    ("82", 2),
    ("9F36", 2),
)
CARDS = 1024  # whose keys are not derived anew for each transaction
TOGETHER = 8  # session keys that serve twice: a cryptogram is checked, and answered
ISSUER_APPROVES = 0x80  # in the second byte of the card status update. See EMV 4.4 Book 3, C9


class CryptogramVersion(Struct, frozen=True):
    """One row of the table above."""

    diversifier: Callable[[bytes, bytes], bytes] | None  # from ATC and unpredictable number
    tail: Callable[[bytes], bytes]  # from 9F10
    pad: Callable[[bytes], bytes]
    arpc_by_master_key: bool = False


def _by_atc(atc: bytes, _unpredictable: bytes) -> bytes:
    return atc + bytes(6)


def _by_atc_and_number(atc: bytes, unpredictable: bytes) -> bytes:
    return atc + bytes(2) + unpredictable


VERSIONS = {
    0x0A: CryptogramVersion(None, lambda iad: iad[3:7], pad_zeros),
    0x10: CryptogramVersion(
        _by_atc_and_number, lambda iad: iad[2:8], pad_80, arpc_by_master_key=True
    ),
    0x12: CryptogramVersion(_by_atc, lambda iad: iad, pad_80),
    0x14: CryptogramVersion(_by_atc, lambda iad: iad[2:8], pad_80),
    0xA5: CryptogramVersion(_by_atc, lambda iad: iad, pad_80),
}


class IssuerKey(Struct, frozen=True):
    """What one account's cryptograms are checked with."""

    imk_ac: SecretKey
    pan: Pan
    psn: str
    cvn: int
    arpc_method: int = 1

    def of_cryptogram(self, data: Mapping[str, bytes]) -> SecretKey:
        """The key of 9F26 in a transaction with 9F36 and 9F37 of `data`."""
        master = icc_master_key(self.imk_ac, self.pan, self.psn)
        diversifier = VERSIONS[self.cvn].diversifier
        if diversifier is None:
            return master
        return session_key(master, diversifier(data["9F36"], data["9F37"]))

    def of_answer(self, data: Mapping[str, bytes]) -> SecretKey:
        """The key of the ARPC in the same transaction."""
        if VERSIONS[self.cvn].arpc_by_master_key:
            return icc_master_key(self.imk_ac, self.pan, self.psn)
        return self.of_cryptogram(data)


@lru_cache(maxsize=CARDS)
def icc_master_key(imk: SecretKey, pan: Pan, psn: str) -> SecretKey:
    """The card's master key: option A up to 16 digits, B above. See EMV 4.4 Book 2, A1.4."""
    digits = pan.reveal() + psn
    if len(pan) <= 16:
        digits = digits[-16:].rjust(16, "0")
    else:
        packed = bytes.fromhex(digits.rjust(len(digits) + len(digits) % 2, "0"))
        digest = hashlib.sha1(packed).hexdigest()  # noqa: S324 - the Books' hash
        letters = [str("abcdef".index(sign)) for sign in digest if not sign.isdigit()]
        digits = "".join([*filter(str.isdigit, digest), *letters])[:16]
    block = bytes.fromhex(digits)
    return SecretKey(odd_parity(encrypt(imk.reveal(), block + exclusive_or(block, b"\xff" * 8))))


@lru_cache(maxsize=TOGETHER)
def session_key(master: SecretKey, diversifier: bytes) -> SecretKey:
    """The session key for 8 bytes of diversification. See EMV 4.4 Book 2, A1.3.1."""
    first, last = diversifier[:2], diversifier[3:]
    blocks = first + b"\xf0" + last + first + b"\x0f" + last
    return SecretKey(odd_parity(encrypt(master.reveal(), blocks)))


def version_in(iad: bytes) -> int | None:
    """The CVN that 9F10 names, by its layout: Visa-like, CCD or M/Chip; None for none of them."""
    if len(iad) in (7, 8) and iad[0] == len(iad) - 1:
        return iad[2]
    if len(iad) == 32 and iad[0] == 0x0F:
        return iad[1]
    return iad[1] if len(iad) in (18, 20, 26, 28) else None


def application_cryptogram(issuer: IssuerKey, data: Mapping[str, bytes]) -> bytes | None:
    """The 8 bytes that 9F26 should have for `data` by tag; None when one is missing or misshapen.

    See EMV 4.4 Book 2, 8.1.
    """
    if any(len(data.get(tag, b"")) != length for tag, length in COVERED):
        return None
    version = VERSIONS[issuer.cvn]
    covered = b"".join(data[tag] for tag, _ in COVERED) + version.tail(data["9F10"])
    return retail_mac(issuer.of_cryptogram(data).reveal(), version.pad(covered))


def is_genuine(issuer: IssuerKey, data: Mapping[str, bytes]) -> bool:
    """Whether 9F26 in `data` was made by the card, over these very data."""
    if version_in(data.get("9F10", b"")) != issuer.cvn:
        return False
    made = application_cryptogram(issuer, data)
    return made is not None and hmac.compare_digest(made, data.get("9F26", b""))


def issuer_authentication_data(issuer: IssuerKey, data: Mapping[str, bytes], code: str) -> bytes:
    """Tag 91 for the genuine cryptogram in `data` and response code `code`.

    Method 1 is ARPC (8) and code (2); method 2 is ARPC (4) and card status update (4). See EMV
    4.4 Book 2, 8.2.
    """
    key = issuer.of_answer(data)
    if issuer.arpc_method == 1:
        response = code.encode("ascii")
        return arpc_method_1(key, data["9F26"], response) + response
    update = bytes([0, ISSUER_APPROVES if code == "00" else 0, 0, 0])
    return arpc_method_2(key, data["9F26"], update) + update


def arpc_method_1(key: SecretKey, cryptogram: bytes, response_code: bytes) -> bytes:
    """8 bytes over the cryptogram and a 2-byte response code. See EMV 4.4 Book 2, 8.2.1."""
    return encrypt(key.reveal(), exclusive_or(cryptogram, response_code + bytes(6)))


def arpc_method_2(key: SecretKey, cryptogram: bytes, status_update: bytes) -> bytes:
    """4 bytes over the cryptogram and the card status update. See EMV 4.4 Book 2, 8.2.2."""
    return retail_mac(key.reveal(), pad_80(cryptogram + status_update))[:4]
