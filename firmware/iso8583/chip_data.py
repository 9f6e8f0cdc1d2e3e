"""Field 55 of chip data that is uploaded: what it must have, and what it says of the card.

See EMV 4.4 Book 3, 6.5.5 (cryptogram information data) and Annex C5 (verification results).
"""

from __future__ import annotations

from firmware.emv import tlv
from firmware.emv.codes import AcType, Tvr
from firmware.emv.tags import FIELD_55, PAN_BEARING, Tag
from firmware.iso8583.codec import WireError

CRYPTOGRAM_BYTES, TVR_BYTES = 8, 5
# what a terminal has to send, or may; nothing that names card or holder
_KEPT = frozenset(
    {
        *FIELD_55,
        Tag.TRANSACTION_STATUS_INFORMATION,
        Tag.AID_TERMINAL,
        Tag.AUTHORISATION_RESPONSE_CODE,
        Tag.ISSUER_AUTHENTICATION_DATA,
        Tag.SCRIPT_RESULTS_UNIONPAY,
    }
).difference(PAN_BEARING)
_TYPE_BITS = 0xC0  # of the cryptogram information data


def read_chip(de55: bytes) -> dict[int, bytes]:
    """The values of field 55 by their tags. Raises WireError naming what is wrong with it.

    It must be data objects, none of them twice, with a cryptogram; 9F26, 9F27 and 95 of the lengths
    that EMV gives.
    """
    try:
        objects = tlv.parse(de55)
    except tlv.TlvError as error:
        raise WireError(f"field 55: {error.detail}") from None
    found = {one.tag: one.value for one in objects}
    if len(found) != len(objects):
        raise WireError("field 55: an object twice")
    if len(found.get(Tag.APPLICATION_CRYPTOGRAM, b"")) != CRYPTOGRAM_BYTES:
        raise WireError("field 55: no cryptogram (9F26)")
    for tag, size in (
        (Tag.CRYPTOGRAM_INFORMATION_DATA, 1),
        (Tag.TERMINAL_VERIFICATION_RESULTS, TVR_BYTES),
    ):
        if tag in found and len(found[tag]) != size:
            raise WireError(f"field 55: {tag:X} of {len(found[tag])} bytes")
    return found


def is_declined(de55: bytes) -> bool:
    """Whether the card's last cryptogram is an AAC. Raises WireError."""
    told = read_chip(de55).get(Tag.CRYPTOGRAM_INFORMATION_DATA)
    return told is not None and told[0] & _TYPE_BITS == AcType.AAC


def is_issuer_unproven(de55: bytes) -> bool:
    """Whether the card could not authenticate its issuer (ARPC wrong). Raises WireError."""
    told = read_chip(de55).get(Tag.TERMINAL_VERIFICATION_RESULTS, b"")
    return bool(int.from_bytes(told, "big") & Tvr.ISSUER_AUTHENTICATION_FAILED)


def kept_of(de55: bytes) -> bytes:
    """What may be kept of field 55: a terminal may send more than it should. Raises WireError."""
    read_chip(de55)
    return b"".join(one.raw for one in tlv.parse(de55) if one.tag in _KEPT)
