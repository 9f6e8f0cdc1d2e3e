"""Documents into ESC/POS: text in the printer's own characters, as dots, or both in one line.

Native text is about a fiftieth of raster's bytes, but many printers have no Chinese characters.
ASCII they all have: mixed text sends that as characters and hanzi as dots among them, a fifth of
raster. Raster is right on any of them. A printing head cannot tell the three apart, and neither
can a reader. Nothing here waits or sends: documents become bytes, in blocks of a known size.
Commands are named as in Epson's ESC/POS reference.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from PIL import Image

from hw.ports import Align, Cut, Document, Feed, Qr, Size, TextLine
from hw.printer_dots import (
    BAND_BYTES_MAX,
    QR_MODULE_PX_MAX,
    QR_QUIET_MODULES,
    bands,
    columns,
    feed,
    qr_dots,
)
from hw.printer_font import (
    BLANKS,
    CELL_WIDTH_PX,
    SCALES,
    PaperFont,
    aligned,
    blank,
    columns_of,
    is_private,
    without_controls,
)

INITIALISE = b"\x1b@"  # ESC @: modes, print buffer and stored symbol as after power-on
CODE_PAGE_PC437 = b"\x1bt\x00"  # ESC t: so that bytes below 80h are ASCII everywhere
CHINESE_ON, CHINESE_OFF = b"\x1c&", b"\x1c."  # FS & and FS .
LINE_FEED = b"\n"

LINE_SPACING_PX = 30  # what ESC @ and ESC 2 leave on 203 dpi printers
COLUMNS_LEAST, COLUMNS_MOST = 32, 48
TEAR_BAR_LINES = 4  # 15 mm from the head to the bar
QR_BYTES_MAX = 2331  # version 40 at level M
BLOCK_BYTES_MAX = max(BAND_BYTES_MAX, QR_BYTES_MAX + 8, 5 + 3 * 576)  # of GS v 0, GS ( k, ESC *

_ALIGN = {Align.LEFT: b"\x1ba\x00", Align.CENTRE: b"\x1ba\x01", Align.RIGHT: b"\x1ba\x02"}
_SIZE = {Size.NORMAL: b"\x1d!\x00", Size.TALL: b"\x1d!\x01", Size.LARGE: b"\x1d!\x11"}


class Mode(enum.Enum):
    """How text is put on paper."""

    NATIVE = "native"  # GB18030, in the printer's own characters
    MIXED = "mixed"  # ASCII in the printer's own characters, all else as dots in the line
    RASTER = "raster"  # every line as dots


class StatusQuery(enum.Enum):
    """How a printer's status is asked for."""

    AUTO = "auto"  # by the first of the three that it answers
    DLE_EOT = "dle-eot"  # in real time: Epson and most others
    GS_R = "gs-r"  # in its turn, behind what was sent before
    ESC_V = "esc-v"  # the same, of Adafruit's kind
    NONE = "none"  # not at all


class PrinterProfile(Struct, frozen=True):
    """What a printer can do, as a person sets it or its model is known for.

    `dots` 0: 12 for each column; `motion_dpi` 0: a unit of feed is a row of dots.
    """

    columns: int = 32  # half-width, of font A: 32 on 58 mm, 42 or 48 on 80 mm
    dots: int = 0
    cutter: bool = False
    qr: bool = True  # draws QR codes by itself: GS ( k
    mode: Mode = Mode.NATIVE
    xonxoff: bool = True  # on a serial line; no harm where the printer never holds it
    status: StatusQuery = StatusQuery.AUTO
    motion_dpi: int = 0  # what GS P sets, on printers whose unit of feed is half a row

    def __post_init__(self) -> None:
        if not COLUMNS_LEAST <= self.columns <= COLUMNS_MOST:
            words = f"paper has {COLUMNS_LEAST} to {COLUMNS_MOST} columns, not {self.columns}"
            raise ValueError(words)

    @property
    def width_px(self) -> int:
        """Dots on a row: whole bytes of them."""
        return (self.dots or self.columns * CELL_WIDTH_PX) // 8 * 8


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

    def __init__(self, profile: PrinterProfile, font: PaperFont) -> None:
        self._profile = profile
        self._mode = profile.mode
        self._font = font

    def setup(self) -> bytes:
        """What begins a job: a known state, and nothing on paper."""
        data = INITIALISE
        if self._profile.motion_dpi:
            data += b"\x1dP%c%c" % (self._profile.motion_dpi, self._profile.motion_dpi)
        match self._mode:
            case Mode.NATIVE:
                return data + CODE_PAGE_PC437 + CHINESE_ON
            case Mode.MIXED | Mode.RASTER:  # ASCII is the same in every code page, and Chinese too
                return data

    def body(self, document: Document) -> bytes:
        """The document after `setup`, modes left as `setup` made them and Chinese off."""
        end = CHINESE_OFF if self._mode is Mode.NATIVE else b""
        return b"".join(self._parts(document)) + end

    def _parts(self, document: Document) -> Iterator[bytes]:
        style = _Style()
        for part in document:
            match part:
                case TextLine():
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

    def _line(self, line: TextLine, style: _Style) -> Iterator[bytes]:
        if not line.text.strip(BLANKS):
            yield feed(LINE_SPACING_PX)
            return
        if self._mode is Mode.NATIVE and printer_has(line.text):
            yield style.change(line.align, line.size, bold=line.bold)
            yield _gb18030(line.text) + LINE_FEED
            return
        if self._mode is Mode.MIXED and (line.text.isascii() or line.size is Size.NORMAL):
            yield style.change(line.align, line.size, bold=line.bold)
            yield from self._mixed(line)
            return
        dots = self._font.text(line.text, line.size, bold=line.bold)
        paper = blank(self._profile.width_px, max(dots.height, LINE_SPACING_PX))
        paper.paste(aligned(dots, line.align, self._profile.width_px), (0, 0))
        yield from self._bands(paper, style)

    def _mixed(self, line: TextLine) -> Iterator[bytes]:
        """ASCII as characters and the rest as dots; dots are emboldened here, not by the head."""
        for ascii_run, run in itertools.groupby(line.text, str.isascii):
            text = "".join(run)
            if ascii_run:
                yield text.encode("ascii")
            else:
                yield columns(self._font.text(text, bold=line.bold))
        yield LINE_FEED

    def _bands(self, paper: Image.Image, style: _Style) -> Iterator[bytes]:
        placed = bands(paper)
        yield style.change(placed.align, Size.NORMAL, bold=False)
        yield placed.data

    def _qr(self, data: str, style: _Style) -> Iterator[bytes]:
        payload = data.encode(errors="replace")
        if not payload or len(payload) > QR_BYTES_MAX:
            yield from self._line(TextLine("〓 QR 〓", align=Align.CENTRE), style)
            return
        yield style.change(Align.CENTRE, Size.NORMAL, bold=False)
        if self._mode is not Mode.RASTER and self._profile.qr:
            module_px = self._module_px(_byte_modules(len(payload)))
            yield feed(QR_QUIET_MODULES * module_px)  # printers differ in drawing it
            yield b"\x1d(k\x04\x001A2\x00"  # function 165: model 2
            yield b"\x1d(k\x03\x001C%c" % module_px  # 167: module size
            yield b"\x1d(k\x03\x001E1"  # 169: error correction M
            yield b"\x1d(k%b1P0%b" % ((len(payload) + 3).to_bytes(2, "little"), payload)  # 180
            yield b"\x1d(k\x03\x001Q0"  # 181: print what was stored
            yield feed(QR_QUIET_MODULES * module_px)
            return
        from segno import make_qr  # noqa: PLC0415 - 65 ms that a terminal's start need not wait for

        symbol = make_qr(payload, error="m", boost_error=False)
        module_px = self._module_px(len(symbol.matrix))
        quiet_px = QR_QUIET_MODULES * module_px
        dots = qr_dots(symbol, module_px)
        paper = blank(self._profile.width_px, dots.height + 2 * quiet_px)
        paper.paste(dots, ((paper.width - dots.width) // 2, quiet_px))
        yield from self._bands(paper, style)

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


def _fitted(line: TextLine, columns: int) -> Iterator[TextLine]:
    """`line` as printable text; one that is wider than the paper is continued, never cut off."""
    room = columns // SCALES[line.size][0]
    pieces = [""]
    for character in printable(line.text):
        if columns_of(pieces[-1]) + columns_of(character) > room:
            pieces.append("")
        pieces[-1] += character
    for piece in pieces:
        yield TextLine(piece, line.size, line.align, line.bold)


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


def _feed_lines(lines: int) -> Iterator[bytes]:
    while lines > 0:
        yield b"\x1bd%c" % min(lines, 255)
        lines -= 255


def _gb18030(text: str) -> bytes:
    return text.encode("gb18030")
