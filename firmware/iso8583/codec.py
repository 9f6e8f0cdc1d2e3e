"""Messages of an acquirer's profile: fields by number into bytes, and back."""

from __future__ import annotations

import re
from typing import Any

import iso8583

from firmware.iso8583.profile import FieldShape, Profile
from firmware.iso8583.spec import Fields, WireError

MESSAGE_MAX = 4096
BITMAP_AT, BITMAP_BYTES = 2, 8
_ALPHABETS = {
    "n": re.compile("[0-9]*"),
    "z": re.compile("[0-9D=]*"),
    "an": re.compile("[A-Za-z0-9 ]*"),
    "ans": re.compile(r"[^\x00-\x1f\x7f]*"),
    "b": re.compile("(?:[0-9A-F]{2})*"),
}


class DecodeError(WireError):
    """A message that cannot be read to its end; `fields` are those before, `at` the byte."""

    def __init__(self, words: str, at: int, fields: Fields) -> None:
        super().__init__(words)
        self.at = at
        self.fields = fields


class Codec:
    """Packs and unpacks messages of one profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._shapes = profile.shapes
        self._spec: dict[str, dict[str, Any]] = profile.codec_spec()

    def pack(self, fields: Fields) -> bytes:
        """The message's bytes. Raises WireError naming the field that does not fit."""
        for number in sorted(fields.keys() - {"t"}, key=int):
            self._check(number, fields[number])
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
        bitmap = int.from_bytes(message[BITMAP_AT:start], "big")
        for number in range(1, 65):
            if bitmap >> (64 - number) & 1 and number not in self._shapes:
                words = f"field {number} is not of the profile {self.profile.name}"
                raise DecodeError(words, BITMAP_AT + (number - 1) // 8, Fields())
        try:
            decoded, encoded = iso8583.decode(message, self._spec)
        except iso8583.DecodeError as error:
            before = _fields(error.doc_dec)
            before.pop(error.field, None)
            raise DecodeError(f"field {error.field}: {error.msg}", error.pos, before) from None
        fields, at = _fields(decoded), start
        for key in sorted(fields.keys() - {"t"}, key=int):
            try:
                self._check(key, fields[key])
            except WireError as error:
                before = Fields({k: v for k, v in fields.items() if k == "t" or int(k) < int(key)})
                raise DecodeError(str(error), at, before) from None
            at += len(encoded[key]["len"]) + len(encoded[key]["data"])
        return fields

    def shape(self, number: int) -> FieldShape:
        """How a field looks. Raises KeyError for one that the profile does not have."""
        return self._shapes[number]

    def _check(self, number: str, value: str) -> None:
        shape = self._shapes.get(int(number))
        if shape is None:
            raise WireError(f"field {number} is not of the profile {self.profile.name}")
        if not _ALPHABETS[shape.kind].fullmatch(value):
            raise WireError(f"field {number}: not of its alphabet ({shape.kind})")


def _fields(decoded: dict[str, str]) -> Fields:
    return Fields({key: value for key, value in decoded.items() if key not in ("h", "p", "1")})
