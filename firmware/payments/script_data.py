"""Field 55 of the result of an issuer's scripts, made of the card's last cryptogram data."""

from __future__ import annotations

from firmware.emv import tlv
from firmware.emv.tags import Tag

_TAGS = frozenset(
    {
        Tag.APPLICATION_CRYPTOGRAM,
        Tag.ISSUER_APPLICATION_DATA,
        Tag.UNPREDICTABLE_NUMBER,
        Tag.APPLICATION_TRANSACTION_COUNTER,
        Tag.TERMINAL_VERIFICATION_RESULTS,
        Tag.TRANSACTION_DATE,
        Tag.APPLICATION_INTERCHANGE_PROFILE,
        Tag.TERMINAL_COUNTRY_CODE,
        Tag.TERMINAL_CAPABILITIES,
        Tag.IFD_SERIAL_NUMBER,
    }
)


def script_data(de55: bytes, results: bytes) -> bytes:
    """Field 55 of a script's result; b"" where no script was delivered."""
    if not results:
        return b""
    kept = b"".join(one.raw for one in tlv.parse(de55) if one.tag in _TAGS)
    return kept + tlv.encode(Tag.SCRIPT_RESULTS_UNIONPAY, results)
