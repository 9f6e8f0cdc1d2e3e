"""Field 55, the card's data for the acquirer: a run of data objects. See EMV 4.4 Book 4, 12.1."""

from __future__ import annotations

from firmware.emv.contact.state import SessionState
from firmware.emv.tags import Tag
from firmware.emv.tlv import encode

TAGS = (
    Tag.APPLICATION_CRYPTOGRAM,
    Tag.CRYPTOGRAM_INFORMATION_DATA,
    Tag.ISSUER_APPLICATION_DATA,
    Tag.UNPREDICTABLE_NUMBER,
    Tag.APPLICATION_TRANSACTION_COUNTER,
    Tag.TERMINAL_VERIFICATION_RESULTS,
    Tag.TRANSACTION_DATE,
    Tag.TRANSACTION_TYPE,
    Tag.AMOUNT_AUTHORISED_NUMERIC,
    Tag.TRANSACTION_CURRENCY_CODE,
    Tag.APPLICATION_INTERCHANGE_PROFILE,
    Tag.TERMINAL_COUNTRY_CODE,
    Tag.AMOUNT_OTHER_NUMERIC,
    Tag.TERMINAL_CAPABILITIES,
    Tag.CVM_RESULTS,
    Tag.TERMINAL_TYPE,
    Tag.IFD_SERIAL_NUMBER,
    Tag.DF_NAME,
    Tag.APPLICATION_VERSION_NUMBER_TERMINAL,
    Tag.TRANSACTION_SEQUENCE_COUNTER,
    Tag.APPLICATION_PAN_SEQUENCE_NUMBER,
    Tag.ISSUER_SCRIPT_RESULTS,
)


def build(state: SessionState) -> bytes:
    """Field 55 with the last cryptogram and the TVR that went into it; absent ones left out."""
    parts = []
    for tag in TAGS:
        value = state.value(tag)
        if tag is Tag.TERMINAL_VERIFICATION_RESULTS:
            value = state.tvr_in_cryptogram.to_bytes(5, "big")
        if value:
            parts.append(encode(tag, value))
    return b"".join(parts)
