"""The large digits of amounts, drawn for any size so that an amount takes all the room it has.

The shapes are of this project: seven strokes with rounded corners, and diagonals where they tell
1, 4 and 7 from their neighbours. Thousands are set apart by a gap, as ISO 31-0 asks: the text
stays that of the amount.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from firmware.ui.glyphs import Bitmap

WIDTH_MAX_PX = 16
WIDTH_MIN_PX = 5

# which of the seven strokes of a digit are drawn: top, middle, bottom, then the left and right
# stems, upper and lower; 1, 4 and 7 are drawn apart
_STROKES = {
    "0": "tb lL rR",
    "2": "tmb r L",
    "3": "tmb rR",
    "5": "tmb l R",
    "6": "tmb lL R",
    "8": "tmb lL rR",
    "9": "tmb l rR",
}


class Numeral(Struct, frozen=True):
    """The size of a large digit: its box and the thickness of its strokes, in px."""

    width_px: int
    height_px: int

    @property
    def stroke_px(self) -> int:
        return 3 if self.width_px >= 10 else 2 if self.width_px >= 6 else 1

    @property
    def gap_px(self) -> int:
        """Between two digits."""
        return 2 if self.width_px >= 7 else 1

    @property
    def group_px(self) -> int:
        """More than that between thousands."""
        return max(2, self.width_px * 2 // 5)

    def measure(self, text: str) -> int:
        """How wide `text` (digits and at most one point) stands."""
        whole, point, decimals = text.partition(".")
        digits = len(whole) + len(decimals)
        width = digits * (self.width_px + self.gap_px) - self.gap_px
        width += (len(whole) - 1) // 3 * self.group_px
        return width + (self.stroke_px + self.gap_px if point else 0)


def fitting(text: str, width_px: int, height_px: int) -> Numeral | None:
    """The widest numerals in which `text` fits, or None.

    They are at most `height_px` high, and never so narrow that they are hard to tell apart.
    """
    widest = min(WIDTH_MAX_PX, height_px * 2 // 3)
    for width in range(widest, WIDTH_MIN_PX - 1, -1):
        numeral = Numeral(width, min(height_px, 3 * width))
        if numeral.measure(text) <= width_px:
            return numeral
    return None


@lru_cache(maxsize=64)
def amount_line(text: str, numeral: Numeral) -> Bitmap:
    """`text` in large digits on one line."""
    whole = len(text.partition(".")[0])
    width, rows = 0, [0] * numeral.height_px
    for index, char in enumerate(text):
        picture = _digit(char, numeral)
        gap = numeral.gap_px if index else 0
        if 0 < index < whole and (whole - index) % 3 == 0:
            gap += numeral.group_px
        width += gap + picture.width_px
        pairs = zip(rows, picture.rows, strict=True)
        rows = [row << gap + picture.width_px | more for row, more in pairs]
    return Bitmap(width, tuple(rows))


@lru_cache(maxsize=128)
def _digit(char: str, numeral: Numeral) -> Bitmap:
    width, height, stroke = numeral.width_px, numeral.height_px, numeral.stroke_px
    if char == ".":
        lit = (1 << stroke) - 1
        return Bitmap(stroke, (0,) * (height - stroke) + (lit,) * stroke)
    if char in "147":
        grid = {"1": _one, "4": _four, "7": _seven}[char](width, height, stroke)
    else:
        grid = _stroked(_STROKES[char], width, height, stroke)
    return Bitmap(width, tuple(int("".join("01"[lit] for lit in row), 2) for row in grid))


Grid = list[list[bool]]


def _blank(width: int, height: int) -> Grid:
    return [[False] * width for _ in range(height)]


def _fill(grid: Grid, x: int, y: int, width: int, height: int, *, lit: bool = True) -> None:
    for row in grid[y : y + height]:
        row[x : x + width] = [lit] * len(row[x : x + width])


def _stroked(strokes: str, width: int, height: int, stroke: int) -> Grid:
    """A digit of straight strokes; a corner where two of them meet, or one ends, is rounded."""
    grid = _blank(width, height)
    middle = (height - stroke) // 2
    right, bottom = width - stroke, height - stroke
    for key, y in (("t", 0), ("m", middle), ("b", bottom)):
        if key in strokes:
            _fill(grid, 0, y, width, stroke)
    if not {"l", "L"} & set(strokes):
        _fill(grid, 0, middle, stroke, stroke, lit=False)  # the short waist of 3
    for key, x, top, end in (
        ("l", 0, 0, middle + stroke),
        ("L", 0, middle, height),
        ("r", right, 0, middle + stroke),
        ("R", right, middle, height),
    ):
        if key in strokes:
            _fill(grid, x, top, stroke, end - top)
    _round(grid, strokes, middle, stroke)
    return grid


def _round(grid: Grid, strokes: str, middle: int, stroke: int) -> None:
    """Take pixels off the outer corners: two steps on thick strokes, one on thin."""
    width, height = len(grid[0]), len(grid)
    steps = ((0, 0), (1, 0), (0, 1)) if stroke >= 3 else ((0, 0),)
    outer = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
    for x, y in outer:
        for dx, dy in steps:
            grid[y + dy if y == 0 else y - dy][x + dx if x == 0 else x - dx] = False
    if "m" not in strokes:
        return
    # where the middle stroke turns into a stem on one half only, its outer corner is rounded too
    for x, upper, lower in ((0, "l", "L"), (width - 1, "r", "R")):
        if upper not in strokes and lower in strokes:
            grid[middle][x] = False
        elif lower not in strokes and upper in strokes:
            grid[middle + stroke - 1][x] = False
        elif upper in strokes and x and "l" in strokes and "L" in strokes:
            grid[middle + stroke // 2][x] = False  # the waist of 8
            grid[middle + stroke // 2][0] = False


def _one(width: int, height: int, stroke: int) -> Grid:
    grid = _blank(width, height)
    stem = (width - stroke) // 2
    _fill(grid, stem, 0, stroke, height)
    flag = max(2, height // 5)
    for step in range(flag):
        left = max(0, stem - step)
        _fill(grid, left, step, stem - left + 1, 1)
        _fill(grid, left + stroke, step, stem - left - stroke, 1, lit=step < stroke)
    foot = max(0, stem - stroke)
    _fill(grid, foot, height - stroke, width - 2 * foot, stroke)
    return grid


def _four(width: int, height: int, stroke: int) -> Grid:
    grid = _blank(width, height)
    stem = width - stroke - max(1, width // 6)
    bar = height - stroke - max(2, height // 4)
    _fill(grid, stem, 0, stroke, height)
    _fill(grid, 0, bar, width, stroke)
    for y in range(bar):
        x = stem - round(y * stem / max(1, bar - 1))
        _fill(grid, max(0, x), y, stroke, 1)
    return grid


def _seven(width: int, height: int, stroke: int) -> Grid:
    grid = _blank(width, height)
    _fill(grid, 0, 0, width, stroke)
    start, foot = width - stroke, max(0, width // 4)
    for y in range(stroke, height):
        x = start - round((y - stroke) * (start - foot) / max(1, height - stroke - 1))
        _fill(grid, x, y, stroke, 1)
    return grid
