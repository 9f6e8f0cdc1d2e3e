"""ISO 8583:1987 messages as bytes, and back: of any fields, without a secondary bitmap."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import iso8583
from msgspec import Struct

BITMAP_AT, BITMAP_BYTES = 2, 8
MAC_BYTES = 8  # of field 64
MESSAGE_MAX = 4096
ALPHABETS = {
    "n": re.compile("[0-9]*"),
    "z": re.compile("[0-9D=]*"),
    "an": re.compile("[A-Za-z0-9 ]*"),
    "ans": re.compile(r"[^\x00-\x1f\x7f]*"),
    "b": re.compile("(?:[0-9A-F]{2})*"),
}
_NOTATION = re.compile(
    r"(?P<kind>n|z|an|ans|b)(?P<dots>\.{2,3})?(?P<most>[1-9][0-9]*)( (?P<side>right))?"
)
_LENGTH_BYTES = {None: 0, "..": 1, "...": 2}


class WireError(ValueError):
    """No message of these fields, or a value that does not fit; repeats no field's value."""


class DecodeError(WireError):
    """A message that cannot be read to its end; `fields` are those before, `at` the byte."""

    def __init__(self, words: str, at: int, fields: Fields) -> None:
        super().__init__(words)
        self.at = at
        self.fields = fields


class Fields(dict[str, str]):
    """A message's fields by number, `t` its type; its repr names the fields and shows no value."""

    def __repr__(self) -> str:
        return f"Fields({self.get('t', '----')}: {' '.join(key for key in self if key != 't')})"

    __str__ = __repr__


class FieldShape(Struct, frozen=True):
    """One field: alphabet, bytes of its length (0 is fixed), most characters or bytes."""

    kind: str  # n, z, an, ans, b
    length_bytes: int
    most: int
    right: bool = False  # an odd number of digits has its filler in front

    @classmethod
    def of(cls, notation: str) -> FieldShape:
        """The shape that a text such as `n..19` stands for. Raises ValueError."""
        match = _NOTATION.fullmatch(notation)
        if match is None:
            raise ValueError(f"expected n6, n..19, b...255, n3 right or so, not {notation!r}")
        side = match["side"] == "right"
        return cls(match["kind"], _LENGTH_BYTES[match["dots"]], int(match["most"]), side)

    def holds(self, other: FieldShape) -> bool:
        """Whether all values of `other` fit."""
        lengths = self.length_bytes > 0 or (other.length_bytes == 0 and self.most == other.most)
        return self.kind == other.kind and self.most >= other.most and lengths

    @property
    def counts_digits(self) -> bool:
        """Whether its length counts digits, two a byte, and not bytes."""
        return self.kind in ("n", "z")


class Codec:
    """Packs and unpacks messages with the fields `shapes`, which `name` has."""

    def __init__(self, name: str, shapes: Mapping[int, FieldShape]) -> None:
        self._name, self._shapes = name, shapes
        self._values = {str(each): ALPHABETS[shape.kind] for each, shape in shapes.items()}
        self._spec = _library_spec(shapes)
        self._bits = sum(1 << (64 - number) for number in shapes)  # of the bitmap

    def pack(self, fields: Fields) -> bytes:
        """The message's bytes. Raises WireError naming the field that does not fit."""
        for number, value in fields.items():
            self._check(number, value)
        try:
            message, _ = iso8583.encode(dict(fields), self._spec)
        except iso8583.EncodeError as error:
            raise WireError(f"field {error.field}: {error.msg}") from None
        return bytes(message)

    def unpack(self, message: bytes) -> Fields:
        """The fields of `message`. Raises DecodeError, which says at which byte and why."""
        start = BITMAP_AT + BITMAP_BYTES
        if len(message) <= start:
            raise DecodeError(f"{len(message)} bytes are no message", 0, Fields())
        if len(message) > MESSAGE_MAX:
            raise DecodeError(f"{len(message)} bytes are too many", 0, Fields())
        # checked before, because the library knows only the fields of its specification
        if unknown := int.from_bytes(message[BITMAP_AT:start], "big") & ~self._bits:
            bit = 65 - unknown.bit_length()
            words = f"field {bit} is not of {self._name}"
            raise DecodeError(words, BITMAP_AT + (bit - 1) // 8, Fields())
        try:
            decoded, encoded = iso8583.decode(message, self._spec)
        except iso8583.DecodeError as error:
            before = _fields(error.doc_dec)
            before.pop(error.field, None)
            raise DecodeError(f"field {error.field}: {error.msg}", error.pos, before) from None
        fields, before = _fields(decoded), Fields()
        for number, value in fields.items():  # in their order on the line
            try:
                self._check(number, value)
            except WireError as error:
                read = (encoded[each] for each in before if each != "t")
                at = start + sum(len(each["len"]) + len(each["data"]) for each in read)
                raise DecodeError(str(error), at, before) from None
            before[number] = value
        return fields

    def _check(self, number: str, value: str) -> None:
        if number == "t":
            return
        if number not in self._values:
            raise WireError(f"field {number} is not of {self._name}")
        if not self._values[number].fullmatch(value):
            kind = self._shapes[int(number)].kind
            raise WireError(f"field {number}: not of its alphabet ({kind})")


def _fields(decoded: dict[str, str]) -> Fields:
    return Fields({key: value for key, value in decoded.items() if key not in ("h", "p", "1")})


def _library_spec(shapes: Mapping[int, FieldShape]) -> dict[str, dict[str, Any]]:
    """The specification that `iso8583.encode` and `iso8583.decode` take."""
    bitmap = {"data_enc": "b", "len_enc": "bcd", "len_type": 0, "max_len": BITMAP_BYTES}
    spec: dict[str, dict[str, Any]] = {
        "h": bitmap | {"max_len": 0},
        "t": bitmap | {"max_len": BITMAP_AT},
        "p": bitmap,
        "1": bitmap,
    }
    for number, shape in shapes.items():
        spec[str(number)] = {
            "data_enc": "b" if shape.counts_digits or shape.kind == "b" else "latin-1",
            "len_enc": "bcd",
            "len_type": shape.length_bytes,
            "max_len": shape.most,
            "len_count": "nibbles" if shape.counts_digits else "bytes",
            ("left_pad" if shape.right else "right_pad"): "0",
        }
    return spec
