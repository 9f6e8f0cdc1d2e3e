"""Draws 1-bit images with characters, for text terminals: half blocks, or braille where narrow."""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image

_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_BRAILLE = 0x2800
# the bit of each dot, by its column and row in the cell. See Unicode 15, 21.1 Braille
_DOTS = (
    *((0, 0, 0x01), (0, 1, 0x02), (0, 2, 0x04), (0, 3, 0x40)),
    *((1, 0, 0x08), (1, 1, 0x10), (1, 2, 0x20), (1, 3, 0x80)),
)


class _Ink:
    """Which pixels of an image are drawn; beyond its edge none are."""

    def __init__(self, image: Image.Image, *, lit_is_ink: bool) -> None:
        bits = image.convert("1")
        self.width, self.height = bits.size
        pixels = bits.load()
        assert pixels is not None
        self._pixels = pixels
        self._lit_is_ink = lit_is_ink

    def at(self, x: int, y: int) -> bool:
        inside = x < self.width and y < self.height
        return inside and bool(self._pixels[x, y]) is self._lit_is_ink


def half_blocks(image: Image.Image, *, lit_is_ink: bool = True) -> str:
    """The image in a frame, a column a pixel. `lit_is_ink` draws set pixels; on paper dark is ink.

    The display takes 130 columns and 34 lines.
    """
    ink = _Ink(image, lit_is_ink=lit_is_ink)
    rows = (
        "".join(_BLOCKS[ink.at(x, y), ink.at(x, y + 1)] for x in range(ink.width))
        for y in range(0, ink.height, 2)
    )
    return _framed(rows, ink.width)


def braille(image: Image.Image, *, lit_is_ink: bool = True) -> str:
    """The image in a frame, two by four pixels a character: the display takes 66 columns, 18 lines.

    Nearly square dots, and half as wide as half blocks.
    """
    ink = _Ink(image, lit_is_ink=lit_is_ink)

    def cell(left: int, top: int) -> str:
        return chr(_BRAILLE | sum(bit for x, y, bit in _DOTS if ink.at(left + x, top + y)))

    rows = ("".join(cell(x, y) for x in range(0, ink.width, 2)) for y in range(0, ink.height, 4))
    return _framed(rows, -(-ink.width // 2))


def drawing_for(columns: int, image: Image.Image) -> str:
    """The image as a terminal of so many columns can show it without folding lines."""
    return half_blocks(image) if columns >= image.width + 2 else braille(image)


def _framed(rows: Iterable[str], width: int) -> str:
    edge = "─" * width
    return "\n".join((f"┌{edge}┐", *(f"│{row}│" for row in rows), f"└{edge}┘"))
