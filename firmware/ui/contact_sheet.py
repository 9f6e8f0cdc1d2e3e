"""Every screen on one picture, for the manual and for whoever reviews a change of the screens."""

from __future__ import annotations

from PIL import Image

from firmware.ui import glyphs
from firmware.ui.canvas import HEIGHT_PX, WIDTH_PX
from firmware.ui.render import render
from firmware.ui.specimens import specimens
from firmware.ui.texts import Language

SCALE, COLUMNS = 2, 4
_MARGIN_PX, _CAPTION_PX = 12, 16
_PAPER, _INK, _DISPLAY, _LIT = (238, 238, 232), (60, 60, 60), (10, 14, 20), (190, 225, 255)


def contact_sheet() -> Image.Image:
    """All screens in rows of `COLUMNS`, language after language, captioned."""
    pictures = [
        (f"{name} {language.value}", render(screen, language).image)
        for language in Language
        for name, screen in specimens(language).items()
    ]
    cell_w = WIDTH_PX * SCALE + _MARGIN_PX
    cell_h = HEIGHT_PX * SCALE + _CAPTION_PX + _MARGIN_PX
    rows = -(-len(pictures) // COLUMNS)
    size = (COLUMNS * cell_w + _MARGIN_PX, rows * cell_h + _MARGIN_PX)
    sheet = Image.new("RGB", size, _PAPER)
    for index, (caption, image) in enumerate(pictures):
        x = _MARGIN_PX + index % COLUMNS * cell_w
        y = _MARGIN_PX + index // COLUMNS * cell_h
        panel = image.resize((WIDTH_PX * SCALE, HEIGHT_PX * SCALE), Image.Resampling.NEAREST)
        sheet.paste(_DISPLAY, (x, y, x + panel.width, y + panel.height))
        sheet.paste(_LIT, (x, y), panel)
        _write(sheet, caption, x, y + panel.height + 2)
    return sheet


def _write(sheet: Image.Image, text: str, x: int, y: int) -> None:
    line = glyphs.line(12, text)
    stride = -(-line.width_px // 8)
    data = b"".join(
        (row << stride * 8 - line.width_px).to_bytes(stride, "big") for row in line.rows
    )
    mask = Image.frombytes("1", (stride * 8, len(line.rows)), data)
    sheet.paste(_INK, (x, y), mask)
