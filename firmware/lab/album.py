"""Puts what a play has saved on one picture: screens as displays in a grid, papers side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

SCALE = 2  # of the display; paper stays as it is, 8 dots a millimetre
_MARGIN_PX = 16
_DESK, _DISPLAY, _LIT, _PAPER = (226, 226, 220), (10, 14, 20), (190, 225, 255), (255, 255, 255)
_INK, _EDGE = (40, 40, 44), (200, 200, 194)


def panel(image: Image.Image) -> Image.Image:
    """A mode "1" screen as the eye sees an OLED, each pixel SCALE wide."""
    size = (image.width * SCALE, image.height * SCALE)
    picture = Image.new("RGB", size, _DISPLAY)
    picture.paste(_LIT, (0, 0), image.resize(size, Image.Resampling.NEAREST))
    return picture


def paper(image: Image.Image) -> Image.Image:
    """A mode "1" voucher, black on white, with the margins that the print head does not reach."""
    picture = Image.new("RGB", (image.width + 2 * _MARGIN_PX, image.height + 2 * _MARGIN_PX), _EDGE)
    picture.paste(_PAPER, (1, 1, picture.width - 1, picture.height - 1))
    picture.paste(_INK, (_MARGIN_PX, _MARGIN_PX), image.point(lambda pixel: 255 - pixel))
    return picture


def grid(pictures: Sequence[Image.Image], columns: int) -> Image.Image:
    """Pictures in rows of `columns`, tops aligned; each row as high as its highest."""
    rows = [pictures[at : at + columns] for at in range(0, len(pictures), columns)]
    width = max(sum(each.width + _MARGIN_PX for each in row) for row in rows) + _MARGIN_PX
    height = sum(max(each.height for each in row) + _MARGIN_PX for row in rows) + _MARGIN_PX
    sheet = Image.new("RGB", (width, height), _DESK)
    y = _MARGIN_PX
    for row in rows:
        x = _MARGIN_PX
        for each in row:
            sheet.paste(each, (x, y))
            x += each.width + _MARGIN_PX
        y += max(each.height for each in row) + _MARGIN_PX
    return sheet
