"""Paper out of a modelled printer: dots, where they are, and what can be read on it.

Text that a printer drew itself is known by its codes. Dots sent as an image are read back from
the dots alone: see `hw.sim.printer.paper_reader`.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageChops

from hw.printer_encode import LINE_SPACING_PX
from hw.printer_font import CELL_WIDTH_PX, PaperFont
from hw.sim.printer.paper_reader import read_band


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
        self.height_px = 0
        self.cuts_px: list[int] = []  # where it was cut
        self._font = font
        self._marks: list[Mark] = []
        self._qr: list[str] = []
        # top, height and text of what was read so far; no text for what is no text
        self._lines: list[tuple[int, int, str | None]] = []
        self._marks_read = 0

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
        torn = Paper(self.width_px, self._font)
        torn.height_px, self.height_px = self.height_px, 0
        torn.cuts_px, self.cuts_px = self.cuts_px, []
        torn._marks, self._marks = self._marks, []
        torn._qr, self._qr = self._qr, []
        torn._lines, self._lines = self._lines, []
        torn._marks_read, self._marks_read = self._marks_read, 0
        return torn

    def lines(self) -> list[tuple[int, int, str | None]]:
        """Top, height and text of each mark. Dots are slow to read, so only once."""
        for mark in self._marks[self._marks_read :]:
            whole = (mark.y, mark.dots.height)
            if mark.text is None:
                band = Image.new("1", (self.width_px, mark.dots.height))
                band.paste(mark.dots, (mark.x, 0))
                lines = read_band(band, self._font)
                self._lines += [(mark.y + line.y, line.height_px, line.text) for line in lines]
                if not lines:
                    self._lines.append((*whole, None))
            elif mark.text:
                indent = " " * (mark.x // CELL_WIDTH_PX)
                self._lines.append((*whole, indent + mark.text))
            else:
                self._lines.append((*whole, None))
        self._marks_read = len(self._marks)
        return self._lines
