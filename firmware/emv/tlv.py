"""BER-TLV, strict on what arrives. See EMV 4.4 Book 3, Annex B.

A card's bytes are hostile until parsed: tags of more than three bytes, indefinite lengths, lengths
over three bytes or past the end of the data, and deep nesting are all refused with TlvError.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from firmware.emv.errors import CardError

TAG_BYTES_MAX = 3
DEPTH_MAX = 6
OBJECTS_MAX = 256  # a response has at most 256 bytes; more objects cannot be honest


class TlvError(CardError):
    """Bytes that are not BER-TLV within the caps."""


class Tlv(Struct, frozen=True):
    """One data object: `raw` is its whole coding, `children` those of a constructed one."""

    tag: int
    value: bytes
    raw: bytes
    children: tuple[Tlv, ...] = ()

    def __repr__(self) -> str:
        return f"Tlv({self.tag:X}, {len(self.value)} bytes)"  # a value may be a PAN

    def find(self, tag: int) -> Tlv | None:
        """The first child with `tag`, not looking into grandchildren."""
        return find(self.children, tag)

    def value_of(self, tag: int) -> bytes | None:
        """The value of the first child with `tag`, or None."""
        child = self.find(tag)
        return child.value if child else None


def find(objects: Sequence[Tlv], tag: int) -> Tlv | None:
    """The first of `objects` with `tag`, or None."""
    return next((one for one in objects if one.tag == tag), None)


def is_constructed(tag: int) -> bool:
    """Whether a tag's value holds data objects itself. See EMV 4.4 Book 3, Annex B1."""
    first = tag >> (8 * (tag_length(tag) - 1))
    return bool(first & 0x20)


def tag_length(tag: int) -> int:
    """The number of bytes of a tag."""
    return max(1, (tag.bit_length() + 7) // 8)


def primitives(objects: Sequence[Tlv]) -> Iterator[Tlv]:
    """Every primitive data object, in order, looking into templates."""
    for one in objects:
        if is_constructed(one.tag):
            yield from primitives(one.children)
        else:
            yield one


def parse(data: bytes) -> tuple[Tlv, ...]:
    """Parse a sequence of data objects; '00' bytes before, between and after are skipped.

    Raises TlvError. See EMV 4.4 Book 3, Annex B1.
    """
    budget = [OBJECTS_MAX]
    return _parse(data, 0, budget)


def parse_one(data: bytes, tag: int) -> Tlv:
    """Parse exactly one data object, which must be `tag`; raises TlvError."""
    objects = parse(data)
    if len(objects) != 1 or objects[0].tag != tag:
        raise TlvError(f"expected one object {tag:X}, found {[f'{one.tag:X}' for one in objects]}")
    return objects[0]


def split(data: bytes) -> tuple[bytes, ...]:
    """The coding of each data object of a sequence, values not parsed; raises TlvError."""
    return tuple(data[at:end] for _, at, _, end in _spans(data))


def _spans(data: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Of each data object its tag, and where it, its value, and what follows it begin."""
    at = 0
    while at < len(data):
        if data[at] == 0x00:
            at += 1
            continue
        tag, value_at = read_tag(data, at)
        length, value_at = _read_length(data, value_at)
        end = value_at + length
        if end > len(data):
            raise TlvError(f"{tag:X}: length {length} runs past the end of the data")
        yield tag, at, value_at, end
        at = end


def _parse(data: bytes, depth: int, budget: list[int]) -> tuple[Tlv, ...]:
    if depth > DEPTH_MAX:
        raise TlvError(f"nested deeper than {DEPTH_MAX}")
    objects: list[Tlv] = []
    for tag, at, value_at, end in _spans(data):
        budget[0] -= 1
        if budget[0] < 0:
            raise TlvError(f"more than {OBJECTS_MAX} data objects")
        value = data[value_at:end]
        children = _parse(value, depth + 1, budget) if is_constructed(tag) else ()
        objects.append(Tlv(tag, value, data[at:end], children))
    return tuple(objects)


def read_tag(data: bytes, at: int) -> tuple[int, int]:
    """The tag that begins at `at` and the offset after it; raises TlvError."""
    if at >= len(data):
        raise TlvError("data ends where a tag should begin")
    tag = data[at]
    at += 1
    if tag & 0x1F != 0x1F:
        return tag, at
    for _ in range(TAG_BYTES_MAX - 1):
        if at >= len(data):
            raise TlvError("data ends within a tag")
        byte = data[at]
        tag = tag << 8 | byte
        at += 1
        if not byte & 0x80:
            return tag, at
    raise TlvError(f"tag of more than {TAG_BYTES_MAX} bytes")


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data):
        raise TlvError("data ends where a length should begin")
    first = data[at]
    at += 1
    if first < 0x80:
        return first, at
    count = first & 0x7F
    if count not in (1, 2):
        raise TlvError(f"length byte {first:02X}")
    if at + count > len(data):
        raise TlvError("data ends within a length")
    return int.from_bytes(data[at : at + count], "big"), at + count


def encode(tag: int, value: bytes) -> bytes:
    """Code one data object with the shortest length field."""
    length = len(value)
    if length < 0x80:
        prefix = bytes([length])
    elif length <= 0xFF:
        prefix = bytes([0x81, length])
    elif length <= 0xFFFF:
        prefix = b"\x82" + length.to_bytes(2, "big")
    else:
        raise ValueError(f"{length} bytes do not fit a data object")
    return tag.to_bytes(tag_length(tag), "big") + prefix + value
