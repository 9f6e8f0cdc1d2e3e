"""The print buffer of a modelled printer: one line of characters and dots, set and let out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageChops

from hw.printer_font import BLANKS, CELL_WIDTH_PX, PaperFont
from hw.sim.printer.paper import Paper

FONT_B_PX = (9, 17)


@dataclass(slots=True)
class Style:
    """How the next character is printed; scales are times across and down."""

    chinese: bool = False
    scale: tuple[int, int] = (1, 1)
    chinese_scale: tuple[int, int] = (1, 1)
    bold: bool = False
    underline_px: int = 0
    inverted: bool = False
    small: bool = False  # font B, of ASCII characters


@dataclass(frozen=True, slots=True)
class _Piece:
    x: int
    dots: Image.Image
    text: str | None


class PrintLine:
    """The line that is being set. One that is full is let out, and that is an anomaly here."""

    def __init__(self, paper: Paper, font: PaperFont, odd: Callable[[str], None]) -> None:
        self.spacing_px = 30  # from one line to the next
        self._paper = paper
        self._font = font
        self._odd = odd
        self._pieces: list[_Piece] = []
        self._x = 0
        self._alignment = 0
        self._margin_px = 0

    # --- setting ---

    def text(self, character: str, style: Style, *, narrow: bool = False) -> None:
        """Set one character; `narrow` ones are of a code page, a column wide each."""
        wide = character >= "\x80" and not narrow
        across, down = style.chinese_scale if wide else style.scale
        drawn = character if wide or character < "\x80" else "?"  # the faces have no code pages
        cell = self._font.cell(drawn, bold=style.bold)
        width_px, height_px = cell.size
        if style.small and not wide:
            width_px, height_px = FONT_B_PX
        size = (width_px * across, height_px * down)
        dots = cell if size == cell.size else cell.resize(size, Image.Resampling.NEAREST)
        if style.underline_px:
            dots = dots.copy()
            rule = (0, dots.height - style.underline_px, dots.width, dots.height)
            dots.paste(255, rule)
        self._add(ImageChops.invert(dots) if style.inverted else dots, character)

    def image(self, dots: Image.Image) -> None:
        """Set dots among the characters."""
        self._add(dots, None)

    def move_to(self, x: int) -> None:
        """ESC $: the next character's place from the line's beginning."""
        self._x = x

    def justify(self, alignment: int) -> None:
        """ESC a: 0 left, 1 centre, 2 right; only where a line begins, as printers have it."""
        if self._pieces:
            self._odd("ESC a within a line")
        else:
            self._alignment = alignment

    def margin(self, dots: int) -> None:
        """GS L: the left margin."""
        self._margin_px = min(dots, self._paper.width_px)

    def clear(self) -> None:
        """Forget what was set and not printed."""
        self._pieces, self._x = [], 0

    # --- letting out ---

    def end(self) -> None:
        """LF: print the line, or feed one where there is none."""
        if not self.flush():
            self._paper.feed(self.spacing_px)

    def flush(self) -> bool:
        """Print the line if there is one; whether there was."""
        if not self._pieces:
            self._x = 0
            return False
        width_px = max(piece.x + piece.dots.width for piece in self._pieces)
        height_px = max(piece.dots.height for piece in self._pieces)
        dots = Image.new("1", (width_px, height_px))
        for piece in self._pieces:
            dots.paste(255, (piece.x, height_px - piece.dots.height), piece.dots)
        text = self._read()
        x = self._placed(width_px)
        self.clear()
        self._paper.print(x, dots, text, self.spacing_px)
        return True

    def _read(self) -> str | None:
        """The line's text, indented by the columns it is from the line's beginning."""
        if any(piece.text is None for piece in self._pieces):
            return None
        text = "".join(piece.text or "" for piece in self._pieces).strip(BLANKS)
        start = (p.x for p in self._pieces if p.text and p.text not in BLANKS)
        return " " * (next(start, 0) // CELL_WIDTH_PX) + text

    def band(self, dots: Image.Image) -> None:
        """Print dots by themselves, as wide as they are."""
        if self._pieces:
            self._odd("GS v 0 within a line")
            self.flush()
        self._paper.print(self._placed(dots.width), self._cut_off(dots), None, dots.height)

    def symbol(self, dots: Image.Image, payload: str) -> None:
        """Print a symbol by itself."""
        if self._pieces:
            self._odd("GS ( k within a line")
            self.flush()
        self._paper.print_qr(self._placed(dots.width), self._cut_off(dots), payload)

    def _add(self, dots: Image.Image, text: str | None) -> None:
        if self._x + dots.width > self._room_px:
            self._odd("a line wider than the paper")
            self.flush()
        self._pieces.append(_Piece(self._x, dots, text))
        self._x += dots.width

    @property
    def _room_px(self) -> int:
        return self._paper.width_px - self._margin_px

    def _placed(self, width_px: int) -> int:
        """The left edge of something so wide."""
        spare_px = max(0, self._room_px - width_px)
        return self._margin_px + (0, spare_px // 2, spare_px)[self._alignment]

    def _cut_off(self, dots: Image.Image) -> Image.Image:
        if dots.width <= self._room_px:
            return dots
        # trailing dots of the last byte may hang over; ink may not
        if dots.crop((self._room_px, 0, *dots.size)).getbbox():
            self._odd("dots wider than the paper")
        return dots.crop((0, 0, self._room_px, dots.height))
