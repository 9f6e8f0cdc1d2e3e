"""Data object lists: what a card asks for, by tag and length. See EMV 4.4 Book 3, 5.4."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from firmware.emv.errors import CardError
from firmware.emv.tags import Format, Tag
from firmware.emv.tlv import TlvError, is_constructed, read_tag

DATA_MAX = 255  # what a command's Lc can say


class DolError(CardError):
    """A list that is cut off, or asks for more than a command can carry."""


class DolEntry(Struct, frozen=True):
    """One entry of a DOL: `length` bytes of `tag` are wanted."""

    tag: int
    length: int


def parse(dol: bytes) -> tuple[DolEntry, ...]:
    """Parse a list; tags may repeat and may be unknown. Raises DolError."""
    entries: list[DolEntry] = []
    at = 0
    while at < len(dol):
        try:
            tag, at = read_tag(dol, at)
        except TlvError as error:
            raise DolError(f"data object list: {error.detail}") from None
        if at >= len(dol):
            raise DolError(f"data object list ends after tag {tag:X}")
        entries.append(DolEntry(tag, dol[at]))
        at += 1
    if sum(entry.length for entry in entries) > DATA_MAX:
        raise DolError(f"data object list asks for more than {DATA_MAX} bytes")
    return tuple(entries)


def split(dol: bytes, data: bytes) -> tuple[tuple[int, bytes], ...]:
    """Data that was built for a list, object by object: as tag and value. Raises DolError."""
    parts: list[tuple[int, bytes]] = []
    at = 0
    for entry in parse(dol):
        parts.append((entry.tag, data[at : at + entry.length]))
        at += entry.length
    return tuple(parts)


def build(dol: bytes, value_of: Callable[[int], bytes | None]) -> bytes:
    """Concatenate the values a list asks for, each fitted to the length asked; raises DolError.

    Unknown, absent and constructed objects are zeros. See EMV 4.4 Book 3, 5.4.
    """
    return b"".join(
        fit(entry.tag, None if is_constructed(entry.tag) else value_of(entry.tag), entry.length)
        for entry in parse(dol)
    )


def fit(tag: int, value: bytes | None, length: int) -> bytes:
    """Cut or pad a value by its format: n from the left, all others at the right.

    Compressed numeric is padded with 'FF', the rest with '00'. See EMV 4.4 Book 3, 5.4.
    """
    if value is None:
        return bytes(length)
    known = Tag.known(tag)
    form = known.format if known else Format.B
    if form is Format.N:
        return value[-length:].rjust(length, b"\x00") if length else b""
    return value[:length].ljust(length, b"\xff" if form is Format.CN else b"\x00")
