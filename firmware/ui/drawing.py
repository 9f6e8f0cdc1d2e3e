"""Draws 1-bit images with half-block characters, two pixel rows a line, for text terminals."""

from __future__ import annotations

from PIL import Image

_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def half_blocks(image: Image.Image, *, lit_is_ink: bool = True) -> str:
    """The image in a frame. `lit_is_ink` draws set pixels; paper sets it False: dark is ink."""
    bits = image.convert("1")
    width, height = bits.size
    pixels = bits.load()
    assert pixels is not None

    def inked(x: int, y: int) -> bool:
        return y < height and bool(pixels[x, y]) is lit_is_ink

    rows = (
        "".join(_BLOCKS[inked(x, y), inked(x, y + 1)] for x in range(width))
        for y in range(0, height, 2)
    )
    edge = "─" * width
    return "\n".join((f"┌{edge}┐", *(f"│{row}│" for row in rows), f"└{edge}┘"))
