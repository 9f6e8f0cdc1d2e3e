"""What a screen is built of: rows that know in which heights they can stand, and a stack of them.

A screen lists its rows from top to bottom; those of the greatest `keep` shrink last. The stack
gives every row its greatest height, shrinks rows until all fit on the display, and spreads what is
left over between them. So nothing is placed by hand and nothing overlaps; a row that does not fit
at all is left out and named in `Canvas.cut`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Protocol

from firmware.core.money import Money
from firmware.ui import glyphs, numerals
from firmware.ui.canvas import HEIGHT_PX, WIDTH_PX, Canvas
from firmware.ui.glyphs import Bitmap
from firmware.ui.wrap import wrap

TALL_PX, LOW_PX = 16, 12  # the two faces
TIGHT_PX = 3  # a space where a line would otherwise be a little too long
RIGHT_PX = 4  # right of an amount that is keyed, and of what stands above its end
GAP_PX = 2  # the least between a left and a right part of one row
SHIFT_MAX_PX = 2  # how far screens that stay long are shifted; that much is dark at the right
EDGE_PX = 1  # what stays dark at the right edge where there is room, since a frame hides a little


class RowAlign(enum.Enum):
    """Where a row's text stands."""

    LEFT = enum.auto()
    CENTRE = enum.auto()
    RIGHT = enum.auto()  # its end above the end of an amount that is keyed


class ScreenRow(Protocol):
    """A horizontal band of the display."""

    keep: int  # rows of the least `keep` give way first

    @property
    def heights_px(self) -> Sequence[int]:
        """The heights it can take, greatest first; never empty."""
        ...

    def draw(self, canvas: Canvas, y: int, height_px: int) -> None:
        """Draw itself in one of its heights and say its text in `canvas.lines`."""
        ...


class TextRow:
    """One text, wrapped over up to `lines`; white on black, or a bar of black on white.

    `inset_px` at the right edge stay without text, for a picture that will be shifted. A
    line of the low face that is a little too long is set with narrow spaces before it is broken.
    """

    def __init__(
        self,
        text: str,
        *,
        keep: int = 1,
        faces: Sequence[int] = (TALL_PX, LOW_PX),
        lines: int = 1,
        align: RowAlign = RowAlign.CENTRE,
        inverse: bool = False,
        icon: Bitmap | None = None,
        inset_px: int = 0,
    ) -> None:
        self.keep, self._align, self._inverse, self._icon = keep, align, inverse, icon
        self._text, self._lost = text, ""
        self._left_px = icon.width_px + 3 if icon else 0
        self._room = WIDTH_PX - self._left_px - inset_px
        self._fits: dict[int, tuple[int, list[str]]] = {}  # height → face, lines of text
        self._space_px = TIGHT_PX if self._tightens() else None
        for face in faces:
            parts = wrap(text, face, self._room)
            if face == LOW_PX and self._space_px:
                parts = [text]
            if len(parts) <= lines:
                self._fits.setdefault(face * len(parts), (face, parts))
        if not self._fits:
            parts = wrap(text, LOW_PX, self._room)
            self._fits[lines * LOW_PX] = (LOW_PX, parts[:lines])
            self._lost = " ".join(parts[lines:])

    def _tightens(self) -> bool:
        """Whether narrow spaces make one line of the low face out of two."""
        face = glyphs.face(LOW_PX)
        width = face.width_px(self._text)
        saved = self._text.count(" ") * (face.width_px(" ") - TIGHT_PX)
        return width > self._room >= width - saved

    @property
    def heights_px(self) -> Sequence[int]:
        return sorted(self._fits, reverse=True)

    def draw(self, canvas: Canvas, y: int, height_px: int) -> None:
        face, parts = self._fits[height_px]
        canvas.lines.append(self._text)
        if self._lost:
            canvas.cut.append(self._lost)
        left = self._left_px
        for index, part in enumerate(parts):
            picture = glyphs.line(face, part, self._space_px if face == LOW_PX else None)
            spare = max(0, self._room - picture.width_px)
            x = left + self._inset(spare)
            canvas.draw(picture, x, y + index * face)
            if self._icon and index == 0:
                canvas.draw(self._icon, x - left, y + (face - len(self._icon.rows)) // 2)
        if self._inverse:
            canvas.invert(0, y, WIDTH_PX, height_px)

    def _inset(self, spare_px: int) -> int:
        """How far from the left a line stands that leaves `spare_px` of its room."""
        match self._align:
            case RowAlign.LEFT:
                return 0
            case RowAlign.CENTRE:
                return spare_px // 2
            case RowAlign.RIGHT:
                return max(0, spare_px - RIGHT_PX)


class SplitRow:
    """A left and a right text on one line; each is given in wordings from long to short.

    The first pair that fits is taken: wordings shorten together, the shorter list staying at its
    last. `tag` draws the left part as a small bar of its own. The left part has `left_face`, the
    right one the low face.
    """

    def __init__(
        self,
        left: Sequence[str],
        right: Sequence[str],
        *,
        keep: int = 2,
        inverse: bool = False,
        tag: bool = False,
        icon: Bitmap | None = None,
        left_face: int = LOW_PX,
        gap_px: int = GAP_PX,
        inset_px: int = 0,
    ) -> None:
        self.keep, self._inverse, self._tag, self._icon = keep, inverse, tag, icon
        self._left_face, self._gap_px, self._width_px = left_face, gap_px, WIDTH_PX - inset_px
        self._margin = (icon.width_px + 1 if icon else 0) + (2 if tag else 0)
        self._left, self._right = self._choose(left, right)

    def _choose(self, left: Sequence[str], right: Sequence[str]) -> tuple[str, str]:
        for step in range(max(len(left), len(right))):
            pair = left[min(step, len(left) - 1)], right[min(step, len(right) - 1)]
            if self._measure(*pair) <= self._width_px:
                return pair
        return left[-1], right[-1]

    def _measure(self, left: str, right: str) -> int:
        gap = self._gap_px if left and right else 0
        face, left_face = glyphs.face(LOW_PX), glyphs.face(self._left_face)
        return self._margin + left_face.width_px(left) + gap + face.width_px(right)

    @property
    def heights_px(self) -> Sequence[int]:
        return sorted({self._left_face, LOW_PX}, reverse=True)

    def draw(self, canvas: Canvas, y: int, height_px: int) -> None:
        canvas.lines.append(" ".join(part for part in (self._left, self._right) if part))
        if self._measure(self._left, self._right) > self._width_px:
            canvas.cut.append(self._right)
        left_face = min(self._left_face, height_px)
        left, right = glyphs.line(left_face, self._left), glyphs.line(LOW_PX, self._right)
        if self._icon:
            canvas.draw(self._icon, 0, y + (height_px - len(self._icon.rows)) // 2)
        canvas.draw(left, self._margin - (1 if self._tag else 0), y + height_px - left_face)
        if self._tag:
            canvas.invert(0, y, left.width_px + 2, height_px)
        room = self._width_px - self._measure(self._left, self._right)
        at = self._width_px - right.width_px - min(EDGE_PX, max(room, 0))
        canvas.draw(right, at, y + (height_px - LOW_PX) // 2)
        if self._inverse:
            canvas.invert(0, y, WIDTH_PX, height_px)


class AmountRow:
    """The amount in the largest digits that fit, currency and `labels` small on its left.

    The labels stand above each other where the row is high enough, else beside each other; they
    give way before the amount does, which is never shortened.
    """

    edge_px = EDGE_PX

    def __init__(
        self,
        amount: Money,
        *labels: str,
        heights_px: Iterable[int] = (30, 28, 26, 24, 22, 20, 18, 16),
        keep: int = 5,
    ) -> None:
        self.keep, self._text = keep, str(amount)
        self._labels = (*labels, amount.currency.label)
        self._heights = sorted(heights_px, reverse=True)

    @property
    def heights_px(self) -> Sequence[int]:
        return self._heights

    def draw(self, canvas: Canvas, y: int, height_px: int) -> None:
        canvas.lines.append(" ".join((*self._labels, self._text)))
        beside = [(" ".join(self._labels),), ("".join(self._labels),), self._labels[-1:]]
        stacked = [self._labels] if height_px // LOW_PX >= len(self._labels) else []
        for labels in (*stacked, *beside):
            if self._drawn(canvas, y, height_px, labels):
                lost = set(self._labels) - set(labels)
                canvas.cut += sorted(lost) if labels == beside[-1] else []
                return
        canvas.cut.append(self._text)

    def _drawn(self, canvas: Canvas, y: int, height_px: int, labels: Sequence[str]) -> bool:
        """Draw amount and labels, unless that is too wide."""
        pictures = [glyphs.line(LOW_PX, text) for text in labels]
        label_px = max(picture.width_px for picture in pictures) + 3
        room = WIDTH_PX - self.edge_px - label_px
        numeral = numerals.fitting(self._text, room, height_px - 2)
        if numeral is None:
            return False
        digits = numerals.amount_line(self._text, numeral)
        spare = room - digits.width_px
        above = (height_px - numeral.height_px) // 2
        left = WIDTH_PX - self.edge_px - digits.width_px - min(spare // 2, 8)
        canvas.draw(digits, left, y + above)
        top = y + height_px - LOW_PX * len(pictures)
        for index, picture in enumerate(pictures):
            canvas.draw(picture, 0, top + index * LOW_PX)
        return True


class KeyedAmountRow(AmountRow):
    """The amount while it is keyed: digits of one size, in cells that stand still.

    A key press shifts every digit, and the changed pages (8 rows of the chip) go over the bus. So
    the digits take three whole pages, less a dark row on top, and are only as wide as reading at
    arm's length needs. An amount that is too long for them takes the largest that fit.
    """

    CELL = numerals.Numeral(9, 23)
    edge_px = EDGE_PX + SHIFT_MAX_PX

    def _drawn(self, canvas: Canvas, y: int, height_px: int, labels: Sequence[str]) -> bool:
        label = glyphs.line(LOW_PX, labels[-1])
        top = -(-y // 8) * 8 + 1
        width_px = self.CELL.measure(self._text)
        if top + self.CELL.height_px > y + height_px or (
            width_px > WIDTH_PX - RIGHT_PX - label.width_px - 3
        ):
            return super()._drawn(canvas, y, height_px, labels)
        digits = numerals.amount_line(self._text, self.CELL)
        canvas.draw(digits, WIDTH_PX - RIGHT_PX - width_px, top)
        canvas.draw(label, 0, top + self.CELL.height_px - LOW_PX)
        return True


def stack(
    canvas: Canvas,
    rows: Sequence[ScreenRow],
    *,
    floating: bool = False,
    gap_max_px: int = HEIGHT_PX,
) -> None:
    """Draw `rows` over the whole display, the first at the top and the last at the bottom.

    `floating` leaves as much room beneath the last row as between rows.
    """
    standing = list(rows)
    chosen = _fit(standing)
    while chosen is None:
        lost = min(standing, key=lambda row: row.keep)
        standing.remove(lost)
        aside = Canvas()
        lost.draw(aside, 0, lost.heights_px[-1])
        canvas.cut += aside.lines
        chosen = _fit(standing)
    spare, y = HEIGHT_PX - sum(chosen), 0
    gaps = len(standing) - (0 if floating else 1)
    for index, (row, height) in enumerate(zip(standing, chosen, strict=True)):
        row.draw(canvas, y, height)
        gap = spare // (gaps - index) if index < gaps else 0
        spare -= gap
        y += height + min(gap, gap_max_px)


def _fit(rows: Sequence[ScreenRow]) -> list[int] | None:
    """The height of each row so that all fit on the display, or None.

    Rows of one `keep` and one height shrink together, so that like stands beside like.
    """
    choices = [list(row.heights_px) for row in rows]
    while sum(choice[0] for choice in choices) > HEIGHT_PX:
        shrinkable = [index for index, choice in enumerate(choices) if len(choice) > 1]
        if not shrinkable:
            return None
        least = min(rows[index].keep for index in shrinkable)
        group = [index for index in shrinkable if rows[index].keep == least]
        highest = max(choices[index][0] for index in group)
        for index in group:
            if choices[index][0] == highest:
                choices[index].pop(0)
    chosen = [choice[0] for choice in choices]
    # what shrank before a row of greater `keep` did may now have room to be larger again
    for index in sorted(range(len(rows)), key=lambda index: -rows[index].keep):
        if sum(row.keep == rows[index].keep for row in rows) == 1:
            room = HEIGHT_PX - sum(chosen) + chosen[index]
            chosen[index] = next(h for h in rows[index].heights_px if h <= room)
    return chosen
