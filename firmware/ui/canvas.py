"""The display as integers: 64 rows of 128 bits that bitmaps are laid upon.

A row is one integer, leftmost pixel in the highest bit, so that a glyph is drawn with a shift and
an OR; a frame takes well under a millisecond without an image library.
"""

from __future__ import annotations

from firmware.ui.glyphs import Bitmap

WIDTH_PX = 128
HEIGHT_PX = 64
_MASK = (1 << WIDTH_PX) - 1


class Canvas:
    """A black display to draw on; its texts are collected in `lines`, texts without room in `cut`.

    Drawing outside the display is clipped.
    """

    def __init__(self) -> None:
        self.rows = [0] * HEIGHT_PX
        self.lines: list[str] = []
        self.cut: list[str] = []

    def draw(self, bitmap: Bitmap, x: int, y: int) -> None:
        """Light the lit pixels of `bitmap`, its upper left corner at `x`, `y`."""
        shift = WIDTH_PX - x - bitmap.width_px
        for offset, row in enumerate(bitmap.rows):
            if 0 <= y + offset < HEIGHT_PX:
                self.rows[y + offset] |= (row << shift if shift >= 0 else row >> -shift) & _MASK

    def fill(self, x: int, y: int, width_px: int, height_px: int) -> None:
        """Light a rectangle."""
        bar = _bar(x, width_px)
        for at in range(max(y, 0), min(y + height_px, HEIGHT_PX)):
            self.rows[at] |= bar

    def invert(self, x: int, y: int, width_px: int, height_px: int) -> None:
        """Turn lit to dark and dark to lit within a rectangle."""
        bar = _bar(x, width_px)
        for at in range(max(y, 0), min(y + height_px, HEIGHT_PX)):
            self.rows[at] ^= bar

    def shift(self, right_px: int) -> None:
        """Move the whole picture to the right by a few pixels; what leaves it is lost."""
        self.rows = [row >> right_px for row in self.rows]

    def packed(self) -> bytes:
        """1024 bytes: 64 rows of 16, leftmost pixel in the highest bit."""
        return b"".join(row.to_bytes(WIDTH_PX // 8, "big") for row in self.rows)


def _bar(x: int, width_px: int) -> int:
    left, right = max(x, 0), min(x + width_px, WIDTH_PX)
    return (1 << right - left) - 1 << WIDTH_PX - right if right > left else 0
