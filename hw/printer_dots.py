"""Dots into ESC/POS: raster bands, columns of dots within a line of text, QR symbols.

Rows without ink are fed, not sent. Bands are placed by the printer's own alignment where that
saves blank bytes. A band is never as high as a multiple of 48 rows: printers of the POS-5890K
kind print garbage after such a one, or stop. See Epson's ESC/POS reference, GS v 0, ESC *, ESC a.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct
from PIL import Image

from hw.ports import Align

if TYPE_CHECKING:
    import segno

BAND_ROWS_MAX = 40  # and so never a multiple of 48
BAND_BYTES_MAX = 8 + BAND_ROWS_MAX * 576 // 8
COLUMN_ROWS = 24  # of ESC * 33: as high as a character of font A
QR_MODULE_PX_MAX = 4  # 0.5 mm: a telephone reads it, and it is half the bytes of 6 dots
QR_QUIET_MODULES = 4
_BAND_COST, _FEED_COST, _ALIGN_COST = 8, 3, 3  # bytes of the commands themselves


class Bands(Struct, frozen=True):
    """An image as commands, which want the printer to align by `align` when they come."""

    align: Align
    data: bytes


def bands(dots: Image.Image) -> Bands:
    """GS v 0 and ESC J for an image as wide as the paper, by the alignment that is shortest."""
    ink = dots.getbbox()
    if ink is None:
        return Bands(Align.LEFT, feed(dots.height))

    def cost(tried: Bands) -> int:
        return len(tried.data) + (tried.align is not Align.LEFT) * 2 * _ALIGN_COST

    return min((Bands(align, b"".join(_banded(dots, align))) for align in Align), key=cost)


def columns(dots: Image.Image) -> bytes:
    """ESC * 33 for an image 24 rows high: three bytes a column, set among characters."""
    assert dots.height == COLUMN_ROWS
    turned = dots.transpose(Image.Transpose.TRANSPOSE)
    return b"\x1b*\x21" + dots.width.to_bytes(2, "little") + turned.tobytes()


def feed(rows: int) -> bytes:
    """ESC J for so many rows of dots; nothing for none."""
    units, data = rows, b""
    while units > 0:
        data += b"\x1bJ%c" % min(units, 255)
        units -= 255
    return data


def qr_dots(symbol: segno.QRCode, module_px: int) -> Image.Image:
    """A QR symbol as dots, without its quiet zone."""
    rows = [bytes(255 if module else 0 for module in row) for row in symbol.matrix_iter(border=0)]
    small = Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows)).convert("1")
    size_px = (small.width * module_px, small.height * module_px)
    return small.resize(size_px, Image.Resampling.NEAREST)


def _banded(dots: Image.Image, align: Align) -> Iterator[bytes]:
    """Bands of ink, and feeds between them where a feed is shorter than blank rows."""
    bottom = 0
    for top, end in _stretches(dots):
        yield feed(top - bottom)
        for start in range(top, end, BAND_ROWS_MAX):
            rows = dots.crop((0, start, dots.width, min(start + BAND_ROWS_MAX, end)))
            yield _band(rows, align)
        bottom = end
    yield feed(dots.height - bottom)


def _stretches(dots: Image.Image) -> list[tuple[int, int]]:
    """Top and end of each stretch of rows that is sent; a short gap is sent within a stretch."""
    row_bytes = dots.width // 8
    data = dots.tobytes()
    inked = [any(data[y * row_bytes : (y + 1) * row_bytes]) for y in range(dots.height)]
    wide = _width_bytes(dots)
    stretches: list[tuple[int, int]] = []
    for y, ink in enumerate(inked):
        if not ink:
            continue
        if stretches and (y - stretches[-1][1]) * wide <= _BAND_COST + _FEED_COST:
            stretches[-1] = (stretches[-1][0], y + 1)
        else:
            stretches.append((y, y + 1))
    return stretches


def _width_bytes(dots: Image.Image) -> int:
    """Bytes from the first to the last ink of a row."""
    ink = dots.getbbox()
    assert ink is not None
    return -(-ink[2] // 8) - ink[0] // 8


def _band(rows: Image.Image, align: Align) -> bytes:
    """GS v 0 for rows as wide as the paper, only as wide as ink and alignment want."""
    ink = rows.getbbox()
    left, right = 0, rows.width
    if ink is not None:
        match align:
            case Align.LEFT:
                right = -(-ink[2] // 8) * 8
            case Align.RIGHT:
                left = ink[0] // 8 * 8
            case Align.CENTRE:  # as much off either side; whole bytes remain
                left = min(ink[0], rows.width - ink[2]) // 4 * 4
                right = rows.width - left
    band = rows.crop((left, 0, right, rows.height))
    size = (band.width // 8).to_bytes(2, "little") + band.height.to_bytes(2, "little")
    return b"\x1dv0\x00" + size + band.tobytes()
