"""Draws 1-bit images with characters, for text terminals: half blocks, or braille where narrow."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PIL import Image

_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_BRAILLE = 0x2800
# the bit of each dot, by its column and row in the cell. See Unicode 15, 21.1 Braille
_DOTS = (
    *((0, 0, 0x01), (0, 1, 0x02), (0, 2, 0x04), (0, 3, 0x40)),
    *((1, 0, 0x08), (1, 1, 0x10), (1, 2, 0x20), (1, 3, 0x80)),
)


def half_blocks(image: Image.Image) -> str:
    """The set pixels of the image in a frame, a column a pixel.

    The display takes 130 columns and 34 lines.
    """
    lit = _lit(image)
    rows = (
        "".join(_BLOCKS[lit(x, y), lit(x, y + 1)] for x in range(image.width))
        for y in range(0, image.height, 2)
    )
    return _framed(rows, image.width)


def braille(image: Image.Image) -> str:
    """The image in a frame, two by four pixels a character: the display takes 66 columns, 18 lines.

    Nearly square dots, and half as wide as half blocks.
    """
    lit = _lit(image)

    def cell(left: int, top: int) -> str:
        return chr(_BRAILLE | sum(bit for x, y, bit in _DOTS if lit(left + x, top + y)))

    rows = (
        "".join(cell(x, y) for x in range(0, image.width, 2)) for y in range(0, image.height, 4)
    )
    return _framed(rows, -(-image.width // 2))


def drawing_for(columns: int, image: Image.Image) -> str:
    """The image as a terminal of so many columns can show it without folding lines."""
    return half_blocks(image) if columns >= image.width + 2 else braille(image)


def _lit(image: Image.Image) -> Callable[[int, int], bool]:
    """Whether the pixel at a place is set; beyond the edge of the image none is."""
    pixels = image.convert("1").load()
    assert pixels is not None
    return lambda x, y: x < image.width and y < image.height and bool(pixels[x, y])


def _framed(rows: Iterable[str], width: int) -> str:
    edge = "─" * width
    return "\n".join((f"┌{edge}┐", *(f"│{row}│" for row in rows), f"└{edge}┘"))
