"""Reads the amount off the pixels of a display, as an eye does: large digits, one after another.

The reader knows how each digit is drawn in each size, and nothing of what was to be shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from firmware.ui.numerals import WIDTH_MAX_PX, WIDTH_MIN_PX, Numeral, amount_line

WIDTH_PX, HEIGHT_PX = 128, 64
ROW_HEIGHTS_PX = range(30, 14, -2)  # of the row that an amount stands in
AMOUNT = re.compile(r"(0|[1-9]\d*)\.\d\d")
Column = int  # of a band of rows: bit 0 is the top one


def amount_on(packed: bytes) -> str | None:
    """The amount in the largest digits on 1,024 bytes of pixels, or None where none stands."""
    rows = [int.from_bytes(packed[at : at + 16], "big") for at in range(0, len(packed), 16)]
    columns = _columns(rows, WIDTH_PX)
    for size in sizes():
        for top in range(HEIGHT_PX - size.height_px + 1):
            text = _read(_Band(columns, top, size))
            if text is not None:
                return text
    return None


@cache
def sizes() -> tuple[Numeral, ...]:
    """Every size of digits, the largest first."""
    found = {
        Numeral(width, min(height - 2, 3 * width))
        for width in range(WIDTH_MIN_PX, WIDTH_MAX_PX + 1)
        for height in ROW_HEIGHTS_PX
        if width <= (height - 2) * 2 // 3
    }
    return tuple(sorted(found, key=lambda size: (size.height_px, size.width_px), reverse=True))


def _columns(rows: Sequence[int], width_px: int) -> list[Column]:
    """The columns of rows of pixels, left to right; a dark one is 0."""
    bits = [f"{row:0{width_px}b}" for row in reversed(rows)]
    return [int("".join(column), 2) for column in zip(*bits, strict=True)]


@dataclass(frozen=True, slots=True)
class _Band:
    """As many rows of the display as a digit of `size` is high."""

    columns: Sequence[Column]
    top: int
    size: Numeral

    def between(self, begin: int, end: int) -> tuple[Column, ...]:
        mask = (1 << self.size.height_px) - 1
        return tuple(column >> self.top & mask for column in self.columns[max(0, begin) : end])


def _read(band: _Band) -> str | None:
    """The amount that stands rightmost in a band."""
    lit = [x for x, column in enumerate(band.between(0, WIDTH_PX)) if column]
    for dark in {0, _dark_edge(band.size)} if lit else ():
        text, end = "", lit[-1] + 1 + dark
        while (found := _before(band, end)) is not None:
            char, end = found
            text = char + text
        if AMOUNT.fullmatch(text):
            return text
    return None


def _before(band: _Band, end: int) -> tuple[str, int] | None:
    """The sign that ends at column `end`, the gap to its right passed over, and where it begins."""
    size = band.size
    for gap in (0, size.gap_px, size.gap_px + size.group_px):
        if any(band.between(end - gap, end)):
            return None
        for width in (size.width_px, size.stroke_px):
            begin = end - gap - width
            char = _signs(size).get(band.between(begin, end - gap))
            if char is not None:
                return char, begin
    return None


@cache
def _dark_edge(size: Numeral) -> int:
    """How many columns of a 1 are dark at its right."""
    one = _columns(amount_line("1", size).rows, size.width_px)
    return len(one) - max(x for x, column in enumerate(one, 1) if column)


@cache
def _signs(size: Numeral) -> dict[tuple[Column, ...], str]:
    """Each sign by its columns."""
    pictures = {char: amount_line(char, size) for char in "0123456789."}
    return {
        tuple(_columns(picture.rows, picture.width_px)): char for char, picture in pictures.items()
    }
