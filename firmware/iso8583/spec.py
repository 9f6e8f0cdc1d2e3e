"""The fields of the messages of `wire.py`, made after those of UnionPay's counter terminals.

See 中国银联POS终端消息域说明: BCD numbers, BCD lengths, a binary bitmap, field 64 last.
"""

from __future__ import annotations

import re

from firmware.iso8583.codec import Codec, FieldShape

_FIELDS = {  # as profiles/unionpay.toml writes them
    2: "n..19",  # PAN
    3: "n6",  # processing code
    4: "n12",  # amount, minor units
    11: "n6",  # STAN
    12: "n6",  # hhmmss
    13: "n4",  # MMDD
    14: "n4",  # expiry YYMM
    22: "n3",  # POS entry mode
    23: "n3 right",  # card sequence number
    25: "n2",  # POS condition code
    26: "n2",  # PIN capture code
    35: "z..37",  # track 2
    37: "an12",  # retrieval reference number
    38: "an6",  # authorisation code
    39: "an2",  # response code; in a reversal its reason
    41: "an8",  # terminal
    42: "an15",  # merchant
    48: "n...111",  # totals of a settlement
    49: "an3",  # currency, ISO 4217 numeric
    52: "b8",  # PIN block, enciphered
    53: "n16",  # how the PIN block is made
    54: "an...120",  # balance
    55: "b...255",  # EMV data
    60: "n...11",  # type code 2, batch 6, network management code 3
    61: "n...30 right",  # original: batch 6, STAN 6, date 8; if reversed also time 6, card 4
    62: "b...16",  # in place of 52: a PIN block of format 4, which does not fit there
    63: "an...3",  # operator
    64: "b8",  # MAC
}
_VALID = {
    "n": re.compile("[0-9]+"),
    "z": re.compile("[0-9]{8,19}D[0-9]{7,}"),
    "an": re.compile("[ -~]+"),
    "b": re.compile("(?:[0-9A-F]{2})+"),
}
_CODEC = Codec(
    "this specification",
    {number: FieldShape.of(notation) for number, notation in _FIELDS.items()},
    alphabets=_VALID,
    most_bytes=2048,
)
pack, unpack = _CODEC.pack, _CODEC.unpack
