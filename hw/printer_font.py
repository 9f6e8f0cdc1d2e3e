"""The face on paper: dots of every character in cells of font A, 12×24 a half-width column.

Two free outline faces are drawn 1-bit: hanzi and full-width signs at 24 px fill two columns, ASCII
at 20 px fills one. The driver prints with them where a printer's own characters will not do, and
the printer's model draws with them. What they lack prints as 〓, the typesetter's mark for a
missing sort: a reader notices it, and would take an empty box for a design.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

from PIL import Image, ImageFont

from hw.ports import Align, Size

FACES = Path(__file__).parent / "fonts"
CELL_WIDTH_PX, CELL_HEIGHT_PX = 12, 24
HANZI_PX, ASCII_PX = 24, 20  # each advances by exactly its columns
BASELINE_PX = 20
MISSING = "〓"
BLANKS = " 　"
# what was drawn of each folder's faces so far, for all fonts of a process
_CELLS: dict[Path, dict[tuple[str, bool], Image.Image]] = {}
# width and height a cell is multiplied by
SCALES = {Size.NORMAL: (1, 1), Size.TALL: (1, 2), Size.LARGE: (2, 2)}


def columns_of(text: str) -> int:
    """Half-width columns of `text`: one an ASCII character, two any other, as printers count."""
    return sum(1 if character < "\x80" else 2 for character in text)


def without_controls(text: str) -> str:
    """`text` with `?` for every control character and lone surrogate.

    A card's label or a shop's name is never to reach the printer as a command.
    """
    return "".join("?" if unicodedata.category(c) in ("Cc", "Cs") else c for c in text)


def is_private(character: str) -> bool:
    """Whether a character is of Unicode's private use area, where each maker has its own."""
    return "\ue000" <= character <= "\uf8ff"


class PaperFont:
    """Cells and lines of dots, as mode "1" images in which 1 (255 to Pillow) is ink."""

    def __init__(self, faces: Path = FACES) -> None:
        self.faces = faces
        basic = ImageFont.Layout.BASIC  # one character, one glyph: nothing is shaped or kerned
        hanzi, latin = str(faces / "paper-hanzi.ttf"), str(faces / "paper-ascii.ttf")
        self._hanzi = ImageFont.truetype(hanzi, HANZI_PX, layout_engine=basic)
        self._ascii = ImageFont.truetype(latin, ASCII_PX, layout_engine=basic)
        self._cells = _CELLS.setdefault(faces, {})
        # private use is never in a face: what it draws is the mark of a missing glyph
        self._absent = self._hanzi.getmask2("\ue000", mode="1", anchor="ls")

    def can_draw(self, text: str) -> bool:
        """Whether the faces have every character of `text`."""
        return all(self._has(character) for character in text)

    def cell(self, character: str, *, bold: bool = False) -> Image.Image:
        """The dots of one character, 12×24 or 24×24; 〓 for one that the faces lack."""
        known = self._cells.get((character, bold))
        if known is None:
            known = self._drawn(character if self._has(character) else MISSING)
            if bold:
                known = _emboldened(known)
            self._cells[character, bold] = known
        return known

    def text(self, text: str, size: Size = Size.NORMAL, *, bold: bool = False) -> Image.Image:
        """`text` as dots, 12 px a half-width column and 24 high, both times its size's scale."""
        text = without_controls(text)
        width_px = columns_of(text) * CELL_WIDTH_PX
        image = Image.new("1", (width_px, CELL_HEIGHT_PX))
        x = 0
        for character in text:
            image.paste(self.cell(character, bold=bold), (x, 0))
            x += columns_of(character) * CELL_WIDTH_PX
        across, down = SCALES[size]
        if (across, down) == (1, 1):
            return image
        return image.resize((width_px * across, CELL_HEIGHT_PX * down), Image.Resampling.NEAREST)

    def _has(self, character: str) -> bool:
        if character in BLANKS:
            return True
        if character < "\x80":
            return character.isprintable()
        if unicodedata.category(character) in ("Cc", "Cs"):
            return False
        mask, offset = self._hanzi.getmask2(character, mode="1", anchor="ls")
        return offset != self._absent[1] or bytes(mask) != bytes(self._absent[0])

    def _drawn(self, character: str) -> Image.Image:
        """A character's ink, its advance centred in the cell and no row of it cut off."""
        width_px = columns_of(character) * CELL_WIDTH_PX
        cell = Image.new("1", (width_px, CELL_HEIGHT_PX))
        if character in BLANKS:
            return cell
        font = self._ascii if character < "\x80" else self._hanzi
        mask, offset = font.getmask2(character, mode="1", anchor="ls")
        glyph = Image.frombytes("L", mask.size, bytes(mask))
        ink = glyph.getbbox()
        if ink is not None:
            left_px = (width_px - round(font.getlength(character))) // 2 + int(offset[0]) + ink[0]
            top_px = BASELINE_PX + int(offset[1]) + ink[1]
            x = _slid(left_px, ink[2] - ink[0], width_px) - ink[0]
            y = _slid(top_px, ink[3] - ink[1], CELL_HEIGHT_PX) - ink[1]
            cell.paste(255, (x, y), glyph)
        return cell


def aligned(image: Image.Image, align: Align, width_px: int) -> Image.Image:
    """`image` on blank paper of `width_px`, where `align` puts it; cut off at the right."""
    spare_px = max(0, width_px - image.width)
    left_px = {Align.LEFT: 0, Align.CENTRE: spare_px // 2, Align.RIGHT: spare_px}[align]
    paper = blank(width_px, image.height)
    paper.paste(image, (left_px, 0))
    return paper


def blank(width_px: int, height_px: int) -> Image.Image:
    """Paper without ink."""
    return Image.new("1", (width_px, height_px))


def _slid(start: int, length: int, room: int) -> int:
    """`start`, moved no further than needed for `length` to lie within `room`."""
    return max(0, min(start, room - length))


def _emboldened(cell: Image.Image) -> Image.Image:
    """Each dot printed twice, a dot apart, as thermal heads emphasise; never beyond the cell."""
    bold = cell.copy()
    shifted = Image.new("1", cell.size)
    shifted.paste(cell, (1, 0))
    bold.paste(255, (0, 0), shifted)
    return bold
