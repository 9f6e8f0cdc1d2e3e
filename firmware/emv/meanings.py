"""What a data object's value means, in words, for people who read a trace.

No decision depends on it: a value that does not decode gets no words.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

from firmware.emv import dol
from firmware.emv.apdu import Sw
from firmware.emv.codes import (
    CID_REASON_MASK,
    CVM_APPLY_SUCCEEDING,
    AcType,
    AdditionalCapabilities,
    Aip,
    Auc,
    CidReason,
    CvmCode,
    CvmCondition,
    CvmOutcome,
    TerminalCapabilities,
    Tsi,
    Tvr,
    names_of,
)
from firmware.emv.errors import CardError
from firmware.emv.tags import Tag
from firmware.emv.tlv import read_tag

_AFL_ENTRY = 4


def meaning(tag: int, value: bytes) -> str:
    """The value in words, or "" when it says enough by itself or does not decode."""
    reader = _READERS.get(tag)
    if reader is None:
        return ""
    try:
        return reader(value)
    except (CardError, ValueError, IndexError):
        return ""


def _bits(flags: type[enum.IntFlag]) -> Callable[[bytes], str]:
    def read(value: bytes) -> str:
        return ", ".join(names_of(flags(int.from_bytes(value, "big")))) or "no bit set"

    return read


def _text(value: bytes) -> str:
    text = value.decode("latin-1")
    return text if text.isprintable() else ""


def _asked_for(value: bytes) -> str:
    return ", ".join(f"{_name(entry.tag)} ({entry.length})" for entry in dol.parse(value))


def _name(tag: int) -> str:
    known = Tag.known(tag)
    return known.label if known else f"{tag:X}"


def _tags(value: bytes) -> str:
    names, at = [], 0
    while at < len(value):
        tag, at = read_tag(value, at)
        names.append(_name(tag))
    return ", ".join(names)


def _afl(value: bytes) -> str:
    runs = []
    for i in range(0, len(value) - len(value) % _AFL_ENTRY, _AFL_ENTRY):
        sfi, first, last, signed = value[i] >> 3, *value[i + 1 : i + _AFL_ENTRY]
        runs.append(f"SFI {sfi} records {first}–{last}, {signed} signed")
    return "; ".join(runs)


def _cid(value: bytes) -> str:
    reason = value[0] & CID_REASON_MASK
    known = reason in set(CidReason)
    why = CidReason(reason).name if known else f"reason {reason}"
    return AcType(value[0] & 0xC0).name + (f", {why}" if reason else "")


def _method(code: int) -> str:
    try:
        return CvmCode(code & 0x3F).name
    except ValueError:
        return "NOT PERFORMED" if code & 0x3F == 0x3F else f"method {code & 0x3F:02X}"


def _condition(code: int) -> str:
    try:
        return CvmCondition(code).name
    except ValueError:
        return f"condition {code:02X}"


def _cvm_list(value: bytes) -> str:
    x, y = int.from_bytes(value[:4], "big"), int.from_bytes(value[4:8], "big")
    rules = [
        f"{_method(value[i])} {_condition(value[i + 1])} else "
        + ("next" if value[i] & CVM_APPLY_SUCCEEDING else "fail")
        for i in range(8, len(value) - 1, 2)
    ]
    return f"X {x}, Y {y}: " + "; ".join(rules)


def cvm_results(value: bytes) -> str:
    """CVM results in words, for a trace and for a dispute. See EMV 4.4 Book 4, Annex A4."""
    return f"{_method(value[0])} {_condition(value[1])}: {CvmOutcome(value[2]).name.lower()}"


def status_meaning(sw: int) -> str:
    """A status word in words, or "" for '9000' and what the Books do not name.

    See EMV 4.4 Book 3, 6.3.5, table 4.
    """
    if sw & 0xFFF0 == Sw.NO_TRY_LEFT:
        return f"{sw & 0x0F} tries left"
    return _STATUS.get(sw, "")


_STATUS = {
    Sw.DEACTIVATED: "selected file invalidated",
    Sw.AUTHENTICATION_FAILED: "authentication failed",
    0x6700: "wrong length",
    0x6982: "security status not satisfied",
    Sw.AUTHENTICATION_METHOD_BLOCKED: "authentication method blocked",
    Sw.REFERENCE_DATA_INVALIDATED: "referenced data invalidated",
    Sw.CONDITIONS_NOT_SATISFIED: "conditions of use not satisfied",
    0x6A80: "wrong data",
    Sw.FUNCTION_NOT_SUPPORTED: "function not supported, or the card is blocked",
    Sw.FILE_NOT_FOUND: "file not found",
    Sw.RECORD_NOT_FOUND: "record not found",
    0x6A86: "wrong P1 or P2",
    0x6A88: "referenced data not found",
    0x6D00: "instruction not supported",
    0x6E00: "class not supported",
}
_TVR, _TEXT = _bits(Tvr), _text
_READERS: dict[int, Callable[[bytes], str]] = {
    Tag.APPLICATION_INTERCHANGE_PROFILE: _bits(Aip),
    Tag.APPLICATION_USAGE_CONTROL: _bits(Auc),
    Tag.TERMINAL_VERIFICATION_RESULTS: _TVR,
    Tag.ISSUER_ACTION_CODE_DEFAULT: _TVR,
    Tag.ISSUER_ACTION_CODE_DENIAL: _TVR,
    Tag.ISSUER_ACTION_CODE_ONLINE: _TVR,
    Tag.TRANSACTION_STATUS_INFORMATION: _bits(Tsi),
    Tag.TERMINAL_CAPABILITIES: _bits(TerminalCapabilities),
    Tag.ADDITIONAL_TERMINAL_CAPABILITIES: _bits(AdditionalCapabilities),
    Tag.APPLICATION_LABEL: _TEXT,
    Tag.APPLICATION_PREFERRED_NAME: _TEXT,
    Tag.LANGUAGE_PREFERENCE: _TEXT,
    Tag.AUTHORISATION_RESPONSE_CODE: _TEXT,
    Tag.MERCHANT_IDENTIFIER: _TEXT,
    Tag.TERMINAL_IDENTIFICATION: _TEXT,
    Tag.IFD_SERIAL_NUMBER: _TEXT,
    Tag.PDOL: _asked_for,
    Tag.CDOL1: _asked_for,
    Tag.CDOL2: _asked_for,
    Tag.TDOL: _asked_for,
    Tag.DDOL: _asked_for,
    Tag.LOG_FORMAT: _asked_for,
    Tag.SDA_TAG_LIST: _tags,
    Tag.APPLICATION_FILE_LOCATOR: _afl,
    Tag.CRYPTOGRAM_INFORMATION_DATA: _cid,
    Tag.CVM_LIST: _cvm_list,
    Tag.CVM_RESULTS: cvm_results,
}
