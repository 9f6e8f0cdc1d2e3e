"""Every screen on one picture, for the manual and for whoever reviews a change of the screens."""

from __future__ import annotations

from PIL import Image

from firmware.ui import glyphs
from firmware.ui.canvas import HEIGHT_PX, WIDTH_PX
from firmware.ui.render import render
from firmware.ui.specimens import specimens
from firmware.ui.texts import Language

SCALE = 2
_MARGIN_PX, _CAPTION_PX = 12, 16
_PAPER, _INK, _DISPLAY, _LIT = (238, 238, 232), (60, 60, 60), (10, 14, 20), (190, 225, 255)


def contact_sheet(
    languages: tuple[Language, ...] = (Language.ZH, Language.EN),
    columns: int = 4,
    names: tuple[str, ...] = (),
) -> Image.Image:
    """The screens named in `names` (all of them if empty), language after language, captioned."""
    pictures = []
    for language in languages:
        for name, screen in specimens(language).items():
            if not names or name in names:
                caption = f"{name} {language.value}"
                pictures.append((caption, render(screen, language).image))
    cell_w = WIDTH_PX * SCALE + _MARGIN_PX
    cell_h = HEIGHT_PX * SCALE + _CAPTION_PX + _MARGIN_PX
    rows = -(-len(pictures) // columns)
    size = (columns * cell_w + _MARGIN_PX, rows * cell_h + _MARGIN_PX)
    sheet = Image.new("RGB", size, _PAPER)
    for index, (caption, image) in enumerate(pictures):
        x = _MARGIN_PX + index % columns * cell_w
        y = _MARGIN_PX + index // columns * cell_h
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
