"""Every screen on one picture, for the manual and for reviewing a change of the screens."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from firmware.ui import glyphs
from firmware.ui.render import render
from firmware.ui.specimens import specimens
from firmware.ui.texts import Language

SCALE, COLUMNS = 2, 4
_MARGIN_PX, _CAPTION_PX = 12, 16
_PAPER, _INK, _DISPLAY, _LIT = (238, 238, 232), (60, 60, 60), (10, 14, 20), (190, 225, 255)


def contact_sheet() -> Image.Image:
    """All screens in rows of `COLUMNS`, language after language, captioned."""
    pictures = [
        _captioned(panel(render(screen, language).image), f"{name} {language.value}")
        for language in Language
        for name, screen in specimens(language).items()
    ]
    return grid(pictures, COLUMNS, _MARGIN_PX, _PAPER)


def panel(image: Image.Image) -> Image.Image:
    """A mode "1" screen as the eye sees an OLED, each pixel SCALE wide."""
    size = (image.width * SCALE, image.height * SCALE)
    picture = Image.new("RGB", size, _DISPLAY)
    picture.paste(_LIT, (0, 0), image.resize(size, Image.Resampling.NEAREST))
    return picture


def grid(
    pictures: Sequence[Image.Image], columns: int, margin_px: int, desk: tuple[int, int, int]
) -> Image.Image:
    """Pictures in rows of `columns`, tops aligned; each row as high as its highest."""
    rows = [pictures[at : at + columns] for at in range(0, len(pictures), columns)]
    width = max(sum(each.width + margin_px for each in row) for row in rows) + margin_px
    height = sum(max(each.height for each in row) + margin_px for row in rows) + margin_px
    sheet = Image.new("RGB", (width, height), desk)
    y = margin_px
    for row in rows:
        x = margin_px
        for each in row:
            sheet.paste(each, (x, y))
            x += each.width + margin_px
        y += max(each.height for each in row) + margin_px
    return sheet


def _captioned(picture: Image.Image, text: str) -> Image.Image:
    """A picture with `text` beneath it."""
    line = glyphs.line(12, text)
    stride = -(-line.width_px // 8)
    data = b"".join(
        (row << stride * 8 - line.width_px).to_bytes(stride, "big") for row in line.rows
    )
    mask = Image.frombytes("1", (stride * 8, len(line.rows)), data)
    captioned = Image.new("RGB", (picture.width, picture.height + _CAPTION_PX), _PAPER)
    captioned.paste(picture)
    captioned.paste(_INK, (0, picture.height + 2), mask)
    return captioned
