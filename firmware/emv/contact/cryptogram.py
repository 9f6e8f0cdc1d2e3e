"""GENERATE AC's response in both formats. See EMV 4.4 Book 3, 6.5.5.4."""

from __future__ import annotations

from msgspec import Struct

from firmware.emv.codes import CID_REASON_MASK, AcType
from firmware.emv.errors import CardError
from firmware.emv.tags import Tag
from firmware.emv.tlv import Tlv, parse

_FIXED = 1 + 2 + 8  # CID, ATC and AC of format 1
_IAD_MAX = 32


class Cryptogram(Struct, frozen=True):
    """What the card decided. `ac` is empty when it is only inside a signature."""

    cid: int
    atc: bytes
    ac: bytes
    iad: bytes | None
    signed: bytes | None = None  # 9F4B
    objects: tuple[Tlv, ...] = ()  # of format 2, in the order returned

    @property
    def type(self) -> AcType:
        """AAC, TC, ARQC, or RFU. See EMV 4.4 Book 3, table 15."""
        return AcType(self.cid & 0xC0)

    @property
    def reason(self) -> int:
        """The reason or advice code, bits 3 to 1."""
        return self.cid & CID_REASON_MASK


def parse_cryptogram(data: bytes, *, signature_asked: bool) -> Cryptogram:
    """Parse the response; raises CardError when something mandatory is missing or misformed."""
    objects = parse(data)
    if len(objects) == 1 and objects[0].tag == Tag.RESPONSE_TEMPLATE_1:
        return _format_1(objects[0].value)
    if len(objects) == 1 and objects[0].tag == Tag.RESPONSE_TEMPLATE_2:
        return _format_2(objects[0], signature_asked=signature_asked)
    raise CardError("GENERATE AC: neither format 1 nor 2")


def _format_1(value: bytes) -> Cryptogram:
    if not _FIXED <= len(value) <= _FIXED + _IAD_MAX:
        raise CardError(f"GENERATE AC: {len(value)} bytes of format 1")
    iad = value[_FIXED:] or None
    return Cryptogram(value[0], value[1:3], value[3:_FIXED], iad)


def _format_2(template: Tlv, *, signature_asked: bool) -> Cryptogram:
    tags = [one.tag for one in template.children]
    if len(tags) != len(set(tags)):
        raise CardError("GENERATE AC: redundant data")
    cid = template.value_of(Tag.CRYPTOGRAM_INFORMATION_DATA)
    atc = template.value_of(Tag.APPLICATION_TRANSACTION_COUNTER)
    ac = template.value_of(Tag.APPLICATION_CRYPTOGRAM)
    iad = template.value_of(Tag.ISSUER_APPLICATION_DATA)
    signed = template.value_of(Tag.SIGNED_DYNAMIC_APPLICATION_DATA)
    if cid is None or len(cid) != 1:
        raise CardError("GENERATE AC: CID")
    if atc is None or len(atc) != 2:
        raise CardError("GENERATE AC: ATC")
    if ac is None and (signed is None or not signature_asked):
        raise CardError("GENERATE AC: no cryptogram")
    if ac is not None and len(ac) != 8:
        raise CardError("GENERATE AC: cryptogram")
    if iad is not None and len(iad) > _IAD_MAX:
        raise CardError("GENERATE AC: issuer application data")
    return Cryptogram(cid[0], atc, ac or b"", iad, signed, template.children)
