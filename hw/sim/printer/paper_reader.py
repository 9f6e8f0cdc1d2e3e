"""Reads lines of text from dots on paper, by exact match with the shipped faces' cells.

No guessing: a line is read only if every cell of it, ink and blank, is a character's dots, plain
or emboldened, at normal size or doubled. A dot out of place and the line is not text. That is
what makes a receipt printed as an image testable by what it says.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from hw.printer_font import BLANKS, CELL_HEIGHT_PX, CELL_WIDTH_PX, PaperFont, is_private

SCALES = ((2, 2), (1, 2), (1, 1))  # doubled first: its halves could pass for small characters


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line read `y` rows below the top of its band."""

    y: int
    height_px: int
    text: str


def read_band(band: Image.Image, font: PaperFont) -> list[ReadLine]:
    """The lines in a mode "1" image as wide as the paper, 1 being ink."""
    lines: list[ReadLine] = []
    y = 0
    while y < band.height:
        line = _line_at(band, y, font)
        if line is None:
            y += 1
        else:
            lines.append(line)
            y += line.height_px
    return lines


def _line_at(band: Image.Image, y: int, font: PaperFont) -> ReadLine | None:
    for across, down in SCALES:
        height_px = CELL_HEIGHT_PX * down
        if y + height_px > band.height:
            continue
        window = band.crop((0, y, band.width, y + height_px))
        if window.getbbox() is None:
            return None
        small = window.resize((band.width // across, CELL_HEIGHT_PX), Image.Resampling.NEAREST)
        if small.resize(window.size, Image.Resampling.NEAREST).tobytes() != window.tobytes():
            continue
        for phase_px in _phases_px(band.width // across):
            read = _cells(small.crop((phase_px, 0, small.width, small.height)), font)
            if phase_px and small.crop((0, 0, phase_px, small.height)).getbbox():
                continue
            if read is not None:
                first_px, text = read
                indent = " " * ((first_px + phase_px) * across // CELL_WIDTH_PX)
                return ReadLine(y, height_px, indent + text)
    return None


def _phases_px(width_px: int) -> list[int]:
    """Where a line of cells may begin: at the left edge, ending at the right one, or between.

    A centred line of an odd number of columns starts in the middle of a column.
    """
    spare_px, half_px = width_px % CELL_WIDTH_PX, CELL_WIDTH_PX // 2
    phases = (0, half_px, spare_px, spare_px // 2, spare_px // 2 + half_px)
    return list(dict.fromkeys(phase_px % CELL_WIDTH_PX for phase_px in phases))


def _cells(row: Image.Image, font: PaperFont) -> tuple[int, str] | None:
    """Where ink begins and the text from there, or None if any cell is no character."""
    known = characters_of(font.faces)
    x, first_px, text = 0, None, ""
    while x < row.width:
        wide = _dots(row, x, 2)
        character = known.get(wide) if any(wide) else None
        if character is None:
            narrow = _dots(row, x, 1)
            character = known.get(narrow) if any(narrow) else " "
            if character is None:
                return None
        if first_px is None and character != " ":
            first_px = x
        if first_px is not None:
            text += character
        x += CELL_WIDTH_PX * (1 if character < "\x80" else 2)
    return (first_px or 0, text.rstrip(BLANKS)) if text else None


def _dots(row: Image.Image, x: int, columns: int) -> bytes:
    return row.crop((x, 0, x + columns * CELL_WIDTH_PX, CELL_HEIGHT_PX)).tobytes()


@functools.cache
def characters_of(faces: Path) -> Mapping[bytes, str]:
    """Every cell that the faces can draw, and its character; the commoner of two alike."""
    font = PaperFont(faces)
    plain = {
        font.cell(character).tobytes(): character
        for character in reversed(list(dict.fromkeys(_repertoire())))
        if font.can_draw(character)
    }
    bold = {emboldened(dots): character for dots, character in plain.items()}
    return {dots: character for dots, character in (bold | plain).items() if any(dots)}


def emboldened(dots: bytes) -> bytes:
    """The cell with each dot doubled to the right, as `PaperFont.cell(bold=True)` has it.

    All the faces are emboldened here at once, so on whole cells as integers, not on images.
    """
    row_bytes, row = (3, 0x7FFFFF) if len(dots) == 3 * CELL_HEIGHT_PX else (2, 0x7FF0)
    inside = int.from_bytes(row.to_bytes(row_bytes) * CELL_HEIGHT_PX)
    value = int.from_bytes(dots)
    return (value | (value >> 1 & inside)).to_bytes(len(dots))


def _repertoire() -> Iterator[str]:
    """ASCII, GB2312's hanzi and signs, then all other two-byte characters of GB18030."""
    yield from map(chr, range(0x21, 0x7F))
    for leads, trails in (
        (range(0xB0, 0xF8), range(0xA1, 0xFF)),
        (range(0xA1, 0xAA), range(0xA1, 0xFF)),
        (range(0x81, 0xFF), range(0x40, 0xFF)),
    ):
        for lead in leads:
            for trail in trails:
                character = bytes((lead, trail)).decode("gb18030", errors="ignore")
                # ＿ has the dots of two _, which signature lines are made of
                if len(character) == 1 and character != "＿" and not is_private(character):
                    yield character
