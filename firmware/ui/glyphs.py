"""The bitmap faces of the display: 16 px and 12 px cells, hanzi full and Latin half as wide.

A glyph file is: `MAGIC`; cell height and number of glyphs (u16, little-endian); the code points,
sorted (u16 each, little-endian); their widths in px (u8 each); their rows (u16 each, big-endian,
leftmost pixel in the highest bit). `firmware.ui.fonts.build` writes it.
"""

from __future__ import annotations

import array
import bisect
import struct
import sys
from functools import cache, lru_cache
from pathlib import Path

from msgspec import Struct

MAGIC = b"POSGLYF1"
_FONTS = Path(__file__).parent / "fonts"


class Bitmap(Struct, frozen=True):
    """A 1-bit picture: each row an integer of `width_px` bits, leftmost pixel in the highest."""

    width_px: int
    rows: tuple[int, ...]

    @classmethod
    def drawn(cls, *rows: str) -> Bitmap:
        """A picture from rows of text, `#` lit; all rows are of equal length."""
        width = len(rows[0])
        assert all(len(row) == width for row in rows), rows
        bits = str.maketrans({"#": "1", ".": "0", " ": "0"})
        return cls(width, tuple(int(row.translate(bits), 2) for row in rows))


class Face:
    """The glyphs of one glyph file, of one cell height."""

    def __init__(self, data: bytes) -> None:
        if not data.startswith(MAGIC):
            raise ValueError("not a glyph file")
        self.height_px, count = struct.unpack_from("<HH", data, len(MAGIC))
        codes_at = len(MAGIC) + 4
        self._codes = array.array("H", data[codes_at : codes_at + 2 * count])
        if sys.byteorder == "big":
            self._codes.byteswap()
        self._widths = data[codes_at + 2 * count : codes_at + 3 * count]
        self._bitmaps = memoryview(data)[codes_at + 3 * count :]
        self._advance_px = cache(self._width_of)  # texts repeat their characters

    def glyph(self, char: str) -> Bitmap:
        """The picture of `char`; a framed box where the face has none."""
        index = self._index(char)
        if index is None:
            return self._box()
        width, height = self._widths[index], self.height_px
        rows = struct.unpack_from(f">{height}H", self._bitmaps, 2 * height * index)
        return Bitmap(width, tuple(row >> (16 - width) for row in rows))

    def width_px(self, text: str) -> int:
        """How wide `text` stands on one line."""
        return sum(map(self._advance_px, text))

    def missing(self, text: str) -> str:
        """The characters of `text` that would be drawn as a box."""
        return "".join(char for char in text if self._index(char) is None)

    def line(self, text: str, space_px: int | None = None) -> Bitmap:
        """`text` on one line, its spaces `space_px` wide if that is given."""
        width, rows = 0, [0] * self.height_px
        for char in text:
            glyph = self.glyph(char)
            if char == " " and space_px is not None:
                glyph = Bitmap(space_px, (0,) * self.height_px)
            width += glyph.width_px
            rows = [
                row << glyph.width_px | more for row, more in zip(rows, glyph.rows, strict=True)
            ]
        return Bitmap(width, tuple(rows))

    def _width_of(self, char: str) -> int:
        index = self._index(char)
        return self.height_px if index is None else self._widths[index]

    def _index(self, char: str) -> int | None:
        code = ord(char)
        at = bisect.bisect_left(self._codes, code)
        return at if at < len(self._codes) and self._codes[at] == code else None

    def _box(self) -> Bitmap:
        side = self.height_px
        edge, sides = (1 << side - 2) - 1 << 1, 1 << side - 2 | 2
        return Bitmap(side, (0, edge, *[sides] * (side - 4), edge, 0))


@lru_cache(maxsize=2)
def face(height_px: int) -> Face:
    """The face of cells `height_px` high: 16 or 12. Reads its file once, when first asked."""
    name = {16: "unifont-16.bin", 12: "efont-12.bin"}[height_px]
    return Face((_FONTS / name).read_bytes())


@lru_cache(maxsize=256)
def line(height_px: int, text: str, space_px: int | None = None) -> Bitmap:
    """`text` on one line in the face of `height_px`, remembered: screens repeat their texts."""
    return face(height_px).line(text, space_px)
