"""Application cryptograms: which data, which key, and what the issuer is told of it in 9F10.

The cryptogram version number (CVN) in issuer application data (9F10) names the method. All of
them cover, in this order, 9F02 9F03 9F1A 95 5F2A 9A 9C 9F37 82 9F36 and then a tail:

    CVN   key of the cryptogram     tail                      padding   key of the ARPC
    0x0A  the card's master key     CVR, 4 bytes at 9F10[3]   zeros     the card's master key
    0x10  session, ATC 0000 UN      CVR, 6 bytes at 9F10[2]   80 00…    the card's master key
    0x12  session, ATC 000000000000 all of 9F10               80 00…    the same session key
    0x14  session, ATC 000000000000 CVR, 6 bytes at 9F10[2]   80 00…    the same session key
    0xA5  session, ATC 000000000000 all of 9F10               80 00…    the same session key

The session key is that of EMV 4.4 Book 2, A1.3.1 for the value named above. Layouts of 9F10:
`visa` 06 DKI CVN 03 CVR(3); `unionpay` 07 DKI CVN 03 CVR(3) 01; `mchip` DKI CVN CVR(6) DAC(2)
counters(8); `ccd` as in Book 3, C7.2, where A5 is the common core identifier.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from hw.sim.cards import des

AMOUNT, AMOUNT_OTHER, COUNTRY, TVR = 0x9F02, 0x9F03, 0x9F1A, 0x95
CURRENCY, DATE, TYPE, UNPREDICTABLE = 0x5F2A, 0x9A, 0x9C, 0x9F37
TERMINAL_DATA = (  # with the length each has in the cryptogram's input
    (AMOUNT, 6),
    (AMOUNT_OTHER, 6),
    (COUNTRY, 2),
    (TVR, 5),
    (CURRENCY, 2),
    (DATE, 3),
    (TYPE, 1),
    (UNPREDICTABLE, 4),
)


class AcType(enum.IntEnum):
    """Application cryptogram types, as bits 8-7 of P1 and of 9F27. See Book 3, table 14."""

    AAC = 0x00
    TC = 0x40
    ARQC = 0x80


@dataclass
class CardFindings:
    """What the card found out in this transaction: the substance of the CVR."""

    first: AcType | None = None
    second: AcType | None = None
    pin_performed: bool = False
    pin_failed: bool = False
    pin_enciphered: bool = False
    pin_tries_left: int = 3
    dda_performed: bool = False
    cda_first: bool = False
    cda_second: bool = False
    issuer_authenticated: bool = False
    issuer_authentication_failed: bool = False
    unable_to_go_online: bool = False
    last_online_incomplete: bool = False
    velocity_exceeded: bool = False
    scripts: int = 0
    script_failed: bool = False

    def types(self) -> int:
        """Both cryptogram types in the upper half byte; 10 stands for "none asked for yet"."""
        second = 0b10 if self.second is None else self.second >> 6
        return second << 6 | (0 if self.first is None else self.first >> 6) << 4


def _flags(*bits: tuple[bool, int]) -> int:
    return sum(value for is_set, value in bits if is_set)


def visa_cvr(f: CardFindings) -> bytes:
    """Card verification results of 4 bytes, the first their length."""
    one = f.types() | _flags(
        (f.issuer_authentication_failed, 0x08),
        (f.pin_performed, 0x04),
        (f.pin_failed, 0x02),
        (f.unable_to_go_online, 0x01),
    )
    two = _flags(
        (f.last_online_incomplete, 0x80),
        (f.pin_tries_left == 0, 0x40),
        (f.velocity_exceeded, 0x20),
    )
    three = min(f.scripts, 15) << 4 | _flags((f.script_failed, 0x08), (f.dda_performed, 0x02))
    return bytes([3, one, two, three])


def mchip_cvr(f: CardFindings) -> bytes:
    """Card verification results of 6 bytes."""
    passed = f.pin_performed and not f.pin_failed
    one = f.types() | _flags((f.pin_performed, 0x04), (f.pin_enciphered, 0x02), (passed, 0x01))
    two = _flags(
        (f.dda_performed, 0x80),
        (f.cda_first, 0x40),
        (f.cda_second, 0x20),
        (f.issuer_authenticated or f.issuer_authentication_failed, 0x10),
    )
    three = min(f.scripts, 15) << 4 | f.pin_tries_left & 0x0F
    four = _flags(
        (f.unable_to_go_online, 0x40),
        (not f.pin_performed, 0x20),
        (f.pin_failed, 0x10),
        (f.pin_tries_left == 0, 0x08),
    )
    five = _flags((f.velocity_exceeded, 0x80))
    six = _flags(
        (f.last_online_incomplete, 0x80),
        (f.issuer_authentication_failed, 0x04),
        (f.script_failed, 0x02),
    )
    return bytes([one, two, three, four, five, six])


def ccd_cvr(f: CardFindings) -> bytes:
    """Card verification results of 5 bytes. See EMV 4.4 Book 3, C7.3."""
    one = f.types() | _flags(
        (f.cda_first, 0x08),
        (f.dda_performed, 0x04),
        (not f.issuer_authenticated and not f.issuer_authentication_failed, 0x02),
        (f.issuer_authentication_failed, 0x01),
    )
    passed = f.pin_performed and not f.pin_failed
    two = (f.pin_tries_left & 0x0F) << 4 | _flags(
        (f.pin_performed, 0x08),
        (f.pin_performed and not passed, 0x04),
        (f.pin_tries_left == 0, 0x02),
        (f.last_online_incomplete, 0x01),
    )
    three = _flags((f.velocity_exceeded, 0x80))
    four = min(f.scripts, 15) << 4 | _flags((f.script_failed, 0x08), (f.unable_to_go_online, 0x01))
    return bytes([one, two, three, four, 0])


@dataclass(frozen=True)
class CryptogramVersion:
    """One row of the table above."""

    number: int
    diversifier: Callable[[bytes, bytes], bytes] | None  # of ATC and unpredictable number
    tail: Callable[[bytes], bytes]  # from 9F10 to what the cryptogram covers of it
    pad: Callable[[bytes], bytes]
    arpc_by_master_key: bool = False


def _by_atc(atc: bytes, _unpredictable: bytes) -> bytes:
    return atc + bytes(6)


def _by_atc_and_number(atc: bytes, unpredictable: bytes) -> bytes:
    return atc + bytes(2) + unpredictable


VERSIONS = {
    version.number: version
    for version in (
        CryptogramVersion(0x0A, None, lambda iad: iad[3:7], des.pad_zeros, arpc_by_master_key=True),
        CryptogramVersion(
            0x10, _by_atc_and_number, lambda iad: iad[2:8], des.pad_80, arpc_by_master_key=True
        ),
        CryptogramVersion(0x12, _by_atc, lambda iad: iad, des.pad_80),
        CryptogramVersion(0x14, _by_atc, lambda iad: iad[2:8], des.pad_80),
        CryptogramVersion(0xA5, _by_atc, lambda iad: iad, des.pad_80),
    )
}
DERIVATION_KEY_INDEX = 1


def issuer_application_data(layout: str, cvn: int, findings: CardFindings) -> bytes:
    """Tag 9F10 in one of the layouts above."""
    head = bytes([DERIVATION_KEY_INDEX, cvn])
    match layout:
        case "visa":
            return b"\x06" + head + visa_cvr(findings)
        case "unionpay":
            return b"\x07" + head + visa_cvr(findings) + b"\x01"
        case "mchip":
            return head + mchip_cvr(findings) + bytes(2) + bytes(8)
        case "ccd":
            coded = bytes([0x0F, cvn, DERIVATION_KEY_INDEX]) + ccd_cvr(findings) + bytes(8)
            return coded + b"\x0f" + bytes(15)
    raise ValueError(f"no layout {layout!r}")


def session_key(cvn: int, master_key: bytes, atc: bytes, unpredictable: bytes) -> bytes:
    """The key of this transaction's cryptograms."""
    diversifier = VERSIONS[cvn].diversifier
    if diversifier is None:
        return master_key
    return des.common_session_key(master_key, diversifier(atc, unpredictable.rjust(4, b"\0")))


def application_cryptogram(
    cvn: int, key: bytes, terminal: dict[int, bytes], card: tuple[bytes, bytes, bytes]
) -> bytes:
    """The 8 bytes of 9F26; `terminal` by tag, absent ones as zeros, `card` is 82, 9F36, 9F10.

    See EMV 4.4 Book 2, 8.1.
    """
    version = VERSIONS[cvn]
    sent = b"".join(
        terminal.get(tag, b"")[:length].rjust(length, b"\0") for tag, length in TERMINAL_DATA
    )
    aip, atc, iad = card
    return des.mac(key, version.pad(sent + aip + atc + version.tail(iad)))


def arpc_method_1(key: bytes, cryptogram: bytes, response_code: bytes) -> bytes:
    """8 bytes; 91 is these and the 2-byte response code. See EMV 4.4 Book 2, 8.2.1."""
    return des.encrypt(key, des.xor(cryptogram, response_code + bytes(6)))


def arpc_method_2(key: bytes, cryptogram: bytes, status_update: bytes) -> bytes:
    """4 bytes; 91 is these, the card status update (4) and up to 8 proprietary bytes.

    `status_update` is the update and the proprietary bytes. See EMV 4.4 Book 2, 8.2.2.
    """
    return des.mac(key, des.pad_80(cryptogram + status_update))[:4]
