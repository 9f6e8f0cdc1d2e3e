"""Documents into ESC/POS: text in the printer's own characters, or lines as dots.

Native text is about a thirtieth of the bytes, but printers differ in the characters they have, so
raster is there for any of them, line by line. Nothing here waits or talks: bytes come out, in
blocks that a driver may count. Commands are named as in Epson's ESC/POS reference.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from PIL import Image

from hw.ports import Align, Cut, Document, Feed, Line, Qr, Size
from hw.printer_font import (
    BLANKS,
    CELL_WIDTH_PX,
    SCALES,
    PaperFont,
    aligned,
    columns_of,
    is_private,
    without_controls,
)

if TYPE_CHECKING:
    import segno

INITIALISE = b"\x1b@"  # ESC @: modes, print buffer and stored symbol as after power-on
CODE_PAGE_PC437 = b"\x1bt\x00"  # ESC t: so that bytes below 80h are ASCII everywhere
CHINESE_ON, CHINESE_OFF = b"\x1c&", b"\x1c."  # FS & and FS .
LINE_FEED = b"\n"

LINE_SPACING_PX = 30  # what ESC @ and ESC 2 leave on 203 dpi printers
BAND_ROWS_MAX = 48  # of 100 that small printers can buffer: shorter is sooner made good
BAND_BYTES_MAX = 8 + BAND_ROWS_MAX * 576 // 8
TEAR_BAR_LINES = 4  # 15 mm from the head to the bar
QR_MODULE_PX_MAX = 6
QR_QUIET_MODULES = 4
QR_BYTES_MAX = 2331  # version 40 at level M

_ALIGN = {Align.LEFT: b"\x1ba\x00", Align.CENTRE: b"\x1ba\x01", Align.RIGHT: b"\x1ba\x02"}
_SIZE = {Size.NORMAL: b"\x1d!\x00", Size.TALL: b"\x1d!\x01", Size.LARGE: b"\x1d!\x11"}


class Mode(enum.Enum):
    """How text is put on paper."""

    NATIVE = "native"  # GB18030, in the printer's own characters
    RASTER = "raster"  # every line as dots


class Profile(Struct, frozen=True):
    """What a printer can do: `columns` 32 (58 mm, 384 dots) or 48 (80 mm, 576 dots)."""

    columns: int = 32
    cutter: bool = False
    qr: bool = True  # draws QR codes by itself: GS ( k

    def __post_init__(self) -> None:
        if self.columns not in (32, 48):
            raise ValueError(f"paper has 32 or 48 columns, not {self.columns}")

    @property
    def width_px(self) -> int:
        """Dots on a row."""
        return self.columns * CELL_WIDTH_PX


def printer_has(text: str) -> bool:
    """Whether a GB18030 printer has every character of `text` among its own.

    One- and two-byte codes it has; the four-byte ones and private use differ from maker to maker.
    """
    return all(c < "\x80" or (not is_private(c) and len(_gb18030(c)) == 2) for c in text)


def printable(text: str) -> str:
    """`text` without controls, and with the yen sign U+00A5, which no GB18030 printer has, wide."""
    return without_controls(text).replace("¥", "￥")


class Encoder:
    """Encodes documents for one printer."""

    def __init__(self, profile: Profile, mode: Mode, font: PaperFont) -> None:
        self._profile = profile
        self._mode = mode
        self._font = font

    def setup(self) -> bytes:
        """What begins a job: a known state, and nothing on paper."""
        if self._mode is Mode.NATIVE:
            return INITIALISE + CODE_PAGE_PC437 + CHINESE_ON
        return INITIALISE

    def body(self, document: Document) -> bytes:
        """The document after `setup`, modes left as `setup` made them and Chinese off."""
        end = CHINESE_OFF if self._mode is Mode.NATIVE else b""
        return b"".join(self._parts(document)) + end

    def _parts(self, document: Document) -> Iterator[bytes]:
        style = _Style()
        for part in document:
            match part:
                case Line():
                    for line in _fitted(part, self._profile.columns):
                        yield from self._line(line, style)
                case Qr(data):
                    yield from self._qr(data, style)
                case Feed(lines):
                    yield from _feed_lines(lines)
                case Cut():
                    # GS V 66: feed to the cutter, cut all but a point
                    yield b"\x1dVB\x00" if self._profile.cutter else b"\x1bd%c" % TEAR_BAR_LINES
        yield style.change(Align.LEFT, Size.NORMAL, bold=False)

    def _line(self, line: Line, style: _Style) -> Iterator[bytes]:
        if not line.text.strip(BLANKS):
            yield _feed_px(LINE_SPACING_PX)
            return
        if self._mode is Mode.NATIVE and printer_has(line.text):
            yield style.change(line.align, line.size, bold=line.bold)
            yield _gb18030(line.text) + LINE_FEED
            return
        yield style.change(Align.LEFT, Size.NORMAL, bold=False)  # dots are in their place already
        dots = self._font.text(line.text, line.size, bold=line.bold)
        yield from _bands(aligned(dots, line.align, self._profile.width_px))
        spare_px = LINE_SPACING_PX - dots.height
        if spare_px > 0:
            yield _feed_px(spare_px)

    def _qr(self, data: str, style: _Style) -> Iterator[bytes]:
        payload = data.encode(errors="replace")
        if not payload or len(payload) > QR_BYTES_MAX:
            yield from self._line(Line("〓 QR 〓", align=Align.CENTRE), style)
            return
        if self._mode is Mode.NATIVE and self._profile.qr:
            module_px = self._module_px(_byte_modules(len(payload)))
            yield style.change(Align.CENTRE, Size.NORMAL, bold=False)
            yield b"\x1d(k\x04\x001A2\x00"  # function 165: model 2
            yield b"\x1d(k\x03\x001C%c" % module_px  # 167: module size
            yield b"\x1d(k\x03\x001E1"  # 169: error correction M
            yield b"\x1d(k%b1P0%b" % ((len(payload) + 3).to_bytes(2, "little"), payload)  # 180
            yield _feed_px(QR_QUIET_MODULES * module_px)  # printers differ in drawing it
            yield b"\x1d(k\x03\x001Q0"  # 181: print what was stored
            yield _feed_px(QR_QUIET_MODULES * module_px)
            return
        from segno import make_qr  # noqa: PLC0415 - 65 ms that a terminal's start need not wait for

        symbol = make_qr(payload, error="m", boost_error=False)
        dots = _drawn(symbol, self._module_px(len(symbol.matrix)))
        yield style.change(Align.LEFT, Size.NORMAL, bold=False)
        yield from _bands(aligned(dots, Align.CENTRE, self._profile.width_px))

    def _module_px(self, modules: int) -> int:
        """The size of a module, so that a symbol of so many and its quiet zone have room."""
        room = self._profile.width_px // (modules + 2 * QR_QUIET_MODULES)
        return min(QR_MODULE_PX_MAX, room)


class _Style:
    """Alignment, size and weight as the printer has them now."""

    def __init__(self) -> None:
        self._align, self._size, self._bold = Align.LEFT, Size.NORMAL, False

    def change(self, align: Align, size: Size, *, bold: bool) -> bytes:
        """The commands that make it so; none for what it is already. Only at a line's start."""
        commands = b""
        if align is not self._align:
            commands += _ALIGN[align]
        if size is not self._size:
            commands += _SIZE[size]
        if bold is not self._bold:
            commands += b"\x1bE%c" % bold
        self._align, self._size, self._bold = align, size, bold
        return commands


def _fitted(line: Line, columns: int) -> Iterator[Line]:
    """`line` as printable text; one that is wider than the paper is continued, never cut off."""
    room = columns // SCALES[line.size][0]
    pieces = [""]
    for character in printable(line.text):
        if columns_of(pieces[-1]) + columns_of(character) > room:
            pieces.append("")
        pieces[-1] += character
    for piece in pieces:
        yield Line(piece, line.size, line.align, line.bold)


def _bands(dots: Image.Image) -> Iterator[bytes]:
    """GS v 0 bands of at most BAND_ROWS_MAX rows, each only as wide as its ink."""
    for top in range(0, dots.height, BAND_ROWS_MAX):
        band = dots.crop((0, top, dots.width, min(top + BAND_ROWS_MAX, dots.height)))
        ink = band.getbbox()
        if ink is None:
            yield _feed_px(band.height)
            continue
        width_bytes = -(-ink[2] // 8)
        band = band.crop((0, 0, width_bytes * 8, band.height))
        size = width_bytes.to_bytes(2, "little") + band.height.to_bytes(2, "little")
        yield b"\x1dv0\x00" + size + band.tobytes()


def _byte_modules(length: int) -> int:
    """Modules a side of the symbol that a printer draws of so many bytes, at error correction M.

    Not every printer packs digits and capitals, so room is reckoned for bytes: 4 bits of mode, 8 or
    16 of length. See ISO/IEC 18004, 7.4.1 and table 7.
    """
    from segno import consts  # noqa: PLC0415 - as above

    bits: Any = consts.SYMBOL_CAPACITY  # by version and level

    def holds(version: int) -> bool:
        room: int = bits[version][consts.ERROR_LEVEL_M]
        return 4 + (8 if version < 10 else 16) + 8 * length <= room

    version = next(filter(holds, range(1, 41)))
    return 17 + 4 * version


def _drawn(symbol: segno.QRCode, module_px: int) -> Image.Image:
    """A QR symbol with its quiet zone as dots."""
    rows = [
        bytes(255 if module else 0 for module in row)
        for row in symbol.matrix_iter(border=QR_QUIET_MODULES)
    ]
    small = Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows)).convert("1")
    size_px = (small.width * module_px, small.height * module_px)
    return small.resize(size_px, Image.Resampling.NEAREST)


def _feed_lines(lines: int) -> Iterator[bytes]:
    while lines > 0:
        yield b"\x1bd%c" % min(lines, 255)
        lines -= 255


def _feed_px(dots: int) -> bytes:
    return b"\x1bJ%c" % dots


def _gb18030(text: str) -> bytes:
    return text.encode("gb18030")
