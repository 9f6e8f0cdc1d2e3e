"""A frame or message of an acquirer's line for a person: its fields in a table, masked.

An account number, track data and PIN block are shown as their first and last digits only, or not at
all, unless the reader asks for them: a trace travels with a bug report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from firmware.emv import tags, tlv
from firmware.iso8583.codec import DecodeError, Fields
from firmware.iso8583.frame import (
    HEADER_BYTES,
    LENGTH_BYTES,
    TPDU_BYTES,
    FrameError,
    unpack_frame,
)
from firmware.iso8583.profile import Profile
from firmware.iso8583.unionpay_uploads import ITEM_DIGITS, PAN_DIGITS, words_of

NAMES = {
    2: "account number",
    3: "processing code",
    4: "amount",
    11: "STAN",
    12: "time",
    13: "date",
    14: "expiry",
    15: "settlement date",
    22: "entry mode",
    23: "card sequence number",
    25: "condition code",
    26: "most PIN digits",
    32: "acquiring institution",
    35: "track 2",
    36: "track 3",
    37: "reference number",
    38: "authorisation code",
    39: "response code",
    41: "terminal",
    42: "merchant",
    44: "issuer and acquirer",
    48: "totals or details",
    49: "currency",
    52: "PIN block",
    53: "PIN block format",
    54: "balance",
    55: "EMV data",
    57: "private",
    58: "private",
    59: "private",
    60: "type, batch, network code",
    61: "original",
    62: "private",
    63: "private",
    64: "MAC",
}
HIDDEN = frozenset({0x5A, 0x57, 0x56, 0x9F6B})  # tags that name the card
UPLOAD = "03"  # how the types of a batch upload begin
TRACKS, SECRET = (35, 36), (52, 54, 62)  # a balance is masked, too


class ObjectRow(Struct, frozen=True):
    """A data object of field 55; `raw` is its value in hex, masked."""

    tag: str
    name: str
    raw: str


class FieldRow(Struct, frozen=True):
    """A field as a person reads it; `raw` is its value, masked."""

    field: int
    name: str
    length: int  # digits for n and z, bytes otherwise
    raw: str
    text: str = ""  # what ASCII in a binary field says, or an upload's field 60
    objects: tuple[ObjectRow, ...] = ()  # of field 55


class MessageReading(Struct, frozen=True):
    """A frame read as far as it goes: `stopped` says why it ends before, and at which byte."""

    tpdu: str
    header: str
    type: str
    rows: tuple[FieldRow, ...]
    at: int = 0
    stopped: str = ""


def read(data: bytes, profile: Profile, *, clear: bool = False) -> MessageReading:
    """Read a frame, or a message without length, TPDU and header. Never raises for its bytes."""
    tpdu = header = b""
    message, offset, at, why = data, 0, 0, ""
    try:
        parts = unpack_frame(data, profile.frame)
    except FrameError as error:
        if not _is_message(data):
            at, why = error.at, str(error)
            offset = _message_at(data, profile)
            if not offset:
                return MessageReading("", "", "", (), at, why)
            # its length is wrong; what can be read is read all the same
            tpdu, header = data[2:7], data[7:offset]
            message = data[offset:]
    else:
        tpdu, header, message = parts.tpdu, parts.header, parts.message
        offset = len(data) - len(message)
    try:
        fields = profile.codec().unpack(message)
    except DecodeError as error:
        fields, at = error.fields, error.at + offset
        why = f"{why}; {error}" if why else str(error)
    rows = tuple(_rows(fields, profile, clear=clear))
    return MessageReading(_hex(tpdu), _hex(header), fields.get("t", ""), rows, at, why)


def _is_message(data: bytes) -> bool:
    """Whether bytes begin as a message type of ISO 8583:1987 does, and not as a length."""
    return len(data) > 10 and data[0] in range(0x01, 0x09) and data[1] & 0x0F == 0


def _message_at(data: bytes, profile: Profile) -> int:
    """Where the message of a frame with a wrong length begins; 0 if there is none."""
    start = LENGTH_BYTES + TPDU_BYTES + (HEADER_BYTES if profile.frame.header else 0)
    return start if data[2:3] == b"\x60" and _is_message(data[start:]) else 0


def _rows(fields: Fields, profile: Profile, *, clear: bool) -> Iterator[FieldRow]:
    shapes = profile.shapes
    for number in sorted(int(key) for key in fields if key != "t"):
        value, shape = fields[str(number)], shapes[number]
        length = len(value) if shape.counts_digits or shape.kind != "b" else len(value) // 2
        is_upload = fields.get("t", "")[:2] == UPLOAD
        raw = value if clear else _masked(number, value, is_upload=is_upload)
        text = ""
        if shape.kind == "b" and raw == value:
            told = bytes.fromhex(value).decode("latin-1")
            text = told if told.isascii() and told.isprintable() else ""
        elif number == 60 and is_upload:
            text = words_of(value[8:11], profile)
        objects = tuple(_objects(value, clear=clear)) if number == 55 else ()
        yield FieldRow(number, NAMES.get(number, ""), length, raw, text, objects)


def _masked(number: int, value: str, *, is_upload: bool) -> str:
    if is_upload and number == 48 and len(value) > 4:  # details, and no count
        return value[:2] + "".join(
            f"{one[:8]}{'*' * len(one[8 : 8 + PAN_DIGITS])}{one[8 + PAN_DIGITS :]}"
            for one in re.findall(f".{{1,{ITEM_DIGITS}}}", value[2:])
        )
    if is_upload and number == 62:  # what became of a transaction, and no key
        return value
    if number == 2 and len(value) > 10:
        return f"{value[:6]}{'*' * (len(value) - 10)}{value[-4:]}"
    if number in TRACKS or number in SECRET:
        return "*" * len(value)
    if number == 55:
        return _without_card(value)
    return value


def _objects(value: str, *, clear: bool) -> Iterator[ObjectRow]:
    """The data objects of field 55; none where it is none."""
    try:
        objects = tlv.parse(bytes.fromhex(value))
    except tlv.TlvError:
        return
    for one in objects:
        told = one.value.hex().upper()
        raw = "*" * len(told) if one.tag in HIDDEN and not clear else told
        yield ObjectRow(f"{one.tag:X}", tags.describe(one.tag), raw)


def _without_card(value: str) -> str:
    """EMV data with the values of 5A, 57 and the like starred, where it can be read as TLV."""
    try:
        objects = tlv.parse(bytes.fromhex(value))
    except tlv.TlvError:
        return value
    shown = ""
    for one in objects:
        raw = one.raw.hex().upper()
        size = 2 * len(one.value)
        shown += raw[: len(raw) - size] + "*" * size if one.tag in HIDDEN else raw
    return shown


def _hex(value: bytes) -> str:
    return value.hex().upper()
