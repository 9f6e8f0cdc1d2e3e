"""The message on the wire: which ISO 8583:1987 fields there are and how their bytes look.

Made after the messages of UnionPay's counter terminals (中国银联POS终端消息域说明): BCD numbers,
BCD lengths, a binary bitmap, no secondary bitmap, field 64 last.
"""

from __future__ import annotations

import re
from typing import Any

import iso8583

BITMAP_BYTES = 8
TYPE_BYTES = 2
MAC_BYTES = 8
MESSAGE_MAX = 2048

# field: (kind, bytes of its length, most digits, characters or bytes)
_FIELDS: dict[int, tuple[str, int, int]] = {
    2: ("n", 1, 19),  # PAN
    3: ("n", 0, 6),  # processing code
    4: ("n", 0, 12),  # amount, minor units
    11: ("n", 0, 6),  # STAN
    12: ("n", 0, 6),  # hhmmss
    13: ("n", 0, 4),  # MMDD
    14: ("n", 0, 4),  # expiry YYMM
    22: ("n", 0, 3),  # POS entry mode
    23: ("n", 0, 3),  # card sequence number
    25: ("n", 0, 2),  # POS condition code
    26: ("n", 0, 2),  # PIN capture code
    35: ("z", 1, 37),  # track 2
    37: ("an", 0, 12),  # retrieval reference number
    38: ("an", 0, 6),  # authorisation code
    39: ("an", 0, 2),  # response code; in a reversal its reason
    41: ("an", 0, 8),  # terminal
    42: ("an", 0, 15),  # merchant
    48: ("n", 2, 111),  # totals of a settlement
    49: ("an", 0, 3),  # currency, ISO 4217 numeric
    52: ("b", 0, 8),  # PIN block, enciphered
    53: ("n", 0, 16),  # how the PIN block is made
    54: ("an", 2, 120),  # balance
    55: ("b", 2, 255),  # EMV data
    60: ("n", 2, 11),  # type code 2, batch 6, network management code 3
    61: ("n", 2, 30),  # original: batch 6, STAN 6, date 8; if reversed also time 6, card 4
    62: ("b", 2, 16),  # in place of 52: a PIN block of format 4, which does not fit there
    63: ("an", 2, 3),  # operator
    64: ("b", 0, MAC_BYTES),  # MAC
}
_RIGHT = {2, 22, 35, 48, 60}  # an odd number of digits stands left, its last nibble is filler
_VALID = {
    "n": re.compile("[0-9]+"),
    "z": re.compile("[0-9]{8,19}D[0-9]{7,}"),
    "an": re.compile("[ -~]+"),
    "b": re.compile("(?:[0-9A-F]{2})+"),
}


class WireError(ValueError):
    """Bytes that are no message of ours, or a message that does not fit; holds no field's value."""


class Fields(dict[str, str]):
    """A message's fields by number, `t` its type; its repr names the fields and shows no value."""

    def __repr__(self) -> str:
        return f"Fields({self.get('t', '----')}: {' '.join(key for key in self if key != 't')})"

    __str__ = __repr__


def pack(fields: Fields) -> bytes:
    """The message's bytes. Raises WireError naming the field that does not fit."""
    _check(fields)
    try:
        message, _ = iso8583.encode(dict(fields), _SPEC)
    except iso8583.EncodeError as error:
        raise WireError(f"field {error.field}: {error.msg}") from None
    return bytes(message)


def unpack(message: bytes) -> Fields:
    """The fields of `message`, each of its own alphabet. Raises WireError for anything else."""
    if not TYPE_BYTES + BITMAP_BYTES < len(message) <= MESSAGE_MAX:
        raise WireError(f"{len(message)} bytes are no message")
    bitmap = int.from_bytes(message[TYPE_BYTES : TYPE_BYTES + BITMAP_BYTES], "big")
    for number in range(1, 65):
        # looked at first, for the codec knows no message but those of its own specification
        if bitmap >> (64 - number) & 1 and number not in _FIELDS:
            raise WireError(f"field {number} is not of this specification")
    try:
        decoded, _ = iso8583.decode(message, _SPEC)
    except iso8583.DecodeError as error:
        raise WireError(f"field {error.field}: {error.msg}") from None
    fields = Fields({key: value for key, value in decoded.items() if key != "p"})
    _check(fields)
    return fields


def _check(fields: Fields) -> None:
    for number in fields.keys() - {"t"}:
        kind = _FIELDS[int(number)][0]
        if not _VALID[kind].fullmatch(fields[number]):
            raise WireError(f"field {number}: not of its alphabet ({kind})")


def _codec_spec() -> dict[str, dict[str, Any]]:
    bitmap = {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": BITMAP_BYTES}
    spec: dict[str, dict[str, Any]] = {
        "h": {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": 0},
        "t": {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": TYPE_BYTES},
        "p": bitmap,
        "1": bitmap,
    }
    for number, (kind, length_bytes, most) in _FIELDS.items():
        spec[str(number)] = {
            "data_enc": "ascii" if kind == "an" else "b",
            "len_enc": "bcd",
            "len_type": length_bytes,
            "max_len": most,
            "len_count": "nibbles" if kind in ("n", "z") else "bytes",
            ("right_pad" if number in _RIGHT else "left_pad"): "0",
            "desc": "",
        }
    return spec


_SPEC = _codec_spec()
