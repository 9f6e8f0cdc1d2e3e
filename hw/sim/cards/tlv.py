"""BER-TLV and data object lists as a card needs them: building answers, cutting what arrives.

The card's own codec, apart from the terminal's, so that neither inherits the other's mistakes.
See EMV 4.4 Book 3, Annex B and 5.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class TlvError(ValueError):
    """Bytes that are not BER-TLV, or not a data object list."""


def tag_bytes(tag: int) -> bytes:
    """The tag as it goes over the wire: 0x9F02 → 9F 02."""
    return tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big")


def length_bytes(length: int) -> bytes:
    """The length field: one byte up to 127, else 81 xx or 82 xx xx."""
    if length < 0x80:
        return bytes([length])
    if length < 0x100:
        return bytes([0x81, length])
    return bytes([0x82]) + length.to_bytes(2, "big")


def tlv(tag: int, value: bytes) -> bytes:
    """One data object."""
    return tag_bytes(tag) + length_bytes(len(value)) + value


def parse(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The data objects on the top level, in order. Raises TlvError."""
    at = 0
    while at < len(data):
        if data[at] in (0x00, 0xFF):  # padding between objects, Annex B2
            at += 1
            continue
        tag, at = _read_tag(data, at)
        length, at = _read_length(data, at)
        if at + length > len(data):
            raise TlvError("value runs past the end")
        yield tag, data[at : at + length]
        at += length


def _read_tag(data: bytes, at: int) -> tuple[int, int]:
    start = at
    at += 1
    if data[start] & 0x1F == 0x1F:
        while True:
            if at >= len(data) or at - start >= 3:
                raise TlvError("tag does not end")
            at += 1
            if not data[at - 1] & 0x80:
                break
    return int.from_bytes(data[start:at], "big"), at


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise TlvError("length missing")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    if count not in (1, 2) or at + 1 + count > len(data):
        raise TlvError("length of a length outside 1 and 2")
    return int.from_bytes(data[at + 1 : at + 1 + count], "big"), at + 1 + count


def dol(entries: Iterable[str]) -> bytes:
    """A data object list from entries such as `"9F02 06"` (tag, length in hex)."""
    return b"".join(bytes.fromhex(entry) for entry in entries)


def dol_entries(listed: bytes) -> list[tuple[int, int]]:
    """Tag and length of each entry of a data object list, in order. Raises TlvError."""
    entries = []
    at = 0
    while at < len(listed):
        tag, at = _read_tag(listed, at)
        if at >= len(listed):
            raise TlvError("entry without a length")
        entries.append((tag, listed[at]))
        at += 1
    return entries


def dol_length(listed: bytes) -> int:
    """How many bytes the terminal has to send for a data object list."""
    return sum(length for _, length in dol_entries(listed))


def dol_values(listed: bytes, data: bytes) -> dict[int, bytes]:
    """What the terminal sent for each tag of the list; `data` must have the list's length."""
    values = {}
    at = 0
    for tag, length in dol_entries(listed):
        values[tag] = data[at : at + length]
        at += length
    return values
