"""Paper out of a modelled printer: dots, where they are, and what can be read on it.

Text that a printer drew itself is known by its codes. Dots sent as an image are read back from
the dots alone: see `hw.sim.printer.paper_reader`.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

from PIL import Image, ImageChops

from hw.printer_encode import LINE_SPACING_PX
from hw.printer_font import CELL_HEIGHT_PX, CELL_WIDTH_PX, PaperFont
from hw.sim.printer.paper_reader import read_band

_Read = tuple[int, int, str | None]  # top, height and text of a line; no text for what is none


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on paper, its top left corner at `x`, `y`; `text` None for dots to be read."""

    x: int
    y: int
    dots: Image.Image
    text: str | None


class Paper:
    """Paper `width_px` wide that grows as it is printed on; since the last `tear`."""

    def __init__(self, width_px: int, font: PaperFont) -> None:
        self.width_px = width_px
        self._font = font
        self._blank()

    def print(self, x: int, dots: Image.Image, text: str | None, advance_px: int) -> None:
        """Put dots (1 is ink) on the paper and feed; `advance_px` is at least their height."""
        self._marks.append(Mark(x, self.height_px, dots, text))
        self.height_px += max(advance_px, dots.height)

    def print_qr(self, x: int, dots: Image.Image, payload: str) -> None:
        """Put a symbol on the paper that the printer drew itself."""
        self._qr.append(payload)
        self.print(x, dots, "", dots.height)

    def feed(self, dots: int) -> None:
        """Let blank paper out."""
        self.height_px += dots

    def cut(self) -> None:
        """Cut the paper, all but a point; it stays in the printer until torn off."""
        self.cuts_px.append(self.height_px)

    @property
    def text(self) -> str:
        """What is read on the paper, line by line, indented where it is; symbols are left out."""
        lines: list[str] = []
        bottom_px = 0
        for top_px, height_px, text in self.lines():
            if text is not None:
                lines += [""] * ((top_px - bottom_px) // LINE_SPACING_PX)
                lines.append(text)
            bottom_px = top_px + height_px
        return "\n".join(lines)

    @property
    def has_qr(self) -> tuple[str, ...]:
        """What the symbols say that the printer drew itself, in order."""
        return tuple(self._qr)

    def image(self) -> Image.Image:
        """The paper as the eye sees it: a mode "1" image, black on white."""
        ink = Image.new("1", (self.width_px, max(1, self.height_px)))
        for mark in self._marks:
            ink.paste(255, (mark.x, mark.y), mark.dots)
        return ImageChops.invert(ink)

    def tear(self) -> Paper:
        """Take off what was printed; this paper is blank again."""
        torn = copy.copy(self)
        self._blank()
        return torn

    def _blank(self) -> None:
        self.height_px = 0
        self.cuts_px: list[int] = []  # where it was cut
        self._marks: list[Mark] = []
        self._qr: list[str] = []
        self._lines: list[_Read] = []  # read for good
        self._tail: list[_Read] = []  # read of what may yet be added to
        self._marks_read = 0
        self._read_px = 0  # dots above have been read for good

    def lines(self) -> list[_Read]:
        """Each line, and what is no text. Dots are slow to read, so only once.

        A line of dots may come in several bands, and its blank rows are not sent: what is read is
        all between two lines of the printer's own characters.
        """
        if self._marks_read < len(self._marks):
            for mark in self._marks[self._marks_read :]:
                if mark.text is not None:
                    self._lines += self._dots_read(mark.y)
                    self._read_px = mark.y + mark.dots.height
                    indent = " " * (mark.x // CELL_WIDTH_PX)
                    text = indent + mark.text if mark.text else None
                    self._lines.append((mark.y, mark.dots.height, text))
            self._marks_read = len(self._marks)
            self._settle()
        return self._lines + self._tail

    def _settle(self) -> None:
        """Read what the paper ends with; what is far enough above its end is read for good."""
        read = self._dots_read(self.height_px)
        end_px = self.height_px - 2 * CELL_HEIGHT_PX
        done = [line for line in read if line[0] + line[1] <= end_px]
        if any(text is not None for _, _, text in done):
            self._lines += done
            self._read_px = done[-1][0] + done[-1][1]
            self._tail = read[len(done) :]
        else:
            self._tail = read

    def _dots_read(self, end_px: int) -> list[_Read]:
        """What dots say between where was read last and `end_px`, in order."""
        begin_px = self._read_px
        marks = [
            mark
            for mark in self._marks
            if mark.text is None and mark.y + mark.dots.height > begin_px and mark.y < end_px
        ]
        if not marks:
            return []
        ink = Image.new("1", (self.width_px, end_px - begin_px))
        for mark in marks:
            ink.paste(mark.dots, (mark.x, mark.y - begin_px))
        lines = [
            (begin_px + line.y, line.height_px, line.text) for line in read_band(ink, self._font)
        ]
        others = [
            (mark.y, mark.dots.height, None)
            for mark in marks
            if not any(_overlap(mark, top_px, height_px) for top_px, height_px, _ in lines)
        ]
        return sorted([*lines, *others], key=lambda line: line[0])


def _overlap(mark: Mark, top_px: int, height_px: int) -> bool:
    return mark.y < top_px + height_px and top_px < mark.y + mark.dots.height
