"""Packs two bitmap fonts into the glyph files of the display; run by hand when the set changes.

    apt-get download unifont xfonts-efont-unicode    # Debian 12, unpacked with dpkg -x
    python -m firmware.ui.fonts.build unifont.hex b12.pcf.gz

16 px is GNU Unifont 15.0.01 (OFL-1.1), 12 px is /efont/ b12 0.4.2 (BSD-3-Clause): both cover every
sign of GB2312. The layout of a glyph file is told in `firmware.ui.glyphs`.
"""

from __future__ import annotations

import gzip
import struct
import sys
from pathlib import Path

from firmware.ui.glyphs import MAGIC

# hanzi of shop names and dishes that GB2312 has not
NAMES = "喆堃犇骉垚淼焱囍啰嘢冚焗煲粿糍潽玥玹珺瑄琪翀昉昊彧晟鑫甄槑妤玮堺桢暻烜祎旻昇瑀洺浛溇"

Cells = dict[int, tuple[int, list[int]]]  # code point → width in px, rows left-aligned in 16 bits

_PCF_ACCELERATED_METRICS, _PCF_BITMAPS, _PCF_ENCODINGS = 4, 8, 32
_PCF_COMPRESSED_METRICS, _PCF_BIG_ENDIAN, _PCF_MSB_BITS = 0x100, 4, 8


def characters() -> list[int]:
    """The code points to pack, sorted: Latin-1, GB2312 and some hanzi of names."""
    wanted = {*range(0x20, 0x7F), *range(0xA1, 0x100)} | {ord(sign) for sign in NAMES + "€–—"}
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            wanted.update(map(ord, bytes((row, cell)).decode("gb2312", "ignore")))
    return sorted(wanted)


def read_hex(text: str) -> Cells:
    """The glyphs of a Unifont .hex file: `code:rows`, 32 or 64 hexadecimal digits for 16 rows."""
    cells = {}
    for line in text.splitlines():
        code, _, digits = line.partition(":")
        width = len(digits) // 4
        rows = [
            int(digits[i : i + width // 4], 16) << (16 - width)
            for i in range(0, len(digits), width // 4)
        ]
        cells[int(code, 16)] = (width, rows)
    return cells


def read_pcf(data: bytes) -> Cells:
    """The glyphs of a PCF font whose bitmaps fill their cells (as b12's do), from its tables."""
    tables = {}
    for index in range(_u32("<", data, 4)):
        kind, _, _, offset = struct.unpack_from("<4I", data, 8 + 16 * index)
        tables[kind] = offset
    metrics = _pcf_widths(data, tables[_PCF_ACCELERATED_METRICS])
    at = tables[_PCF_BITMAPS]
    flags = _u32("<", data, at)
    order = ">" if flags & _PCF_BIG_ENDIAN else "<"
    count = _u32(order, data, at + 4)
    offsets = struct.unpack_from(f"{order}{count}I", data, at + 8)
    start = at + 8 + 4 * count + 16
    padding = 1 << (flags & 3)
    cells: Cells = {}
    for code, glyph in _pcf_encodings(data, tables[_PCF_ENCODINGS]).items():
        width, height = metrics[glyph]
        stride = -(-((width + 7) // 8) // padding) * padding
        rows = []
        for y in range(height):
            first = start + offsets[glyph] + y * stride
            row = data[first : first + stride].ljust(2, b"\0")[:2]
            if not flags & _PCF_MSB_BITS:
                row = bytes(int(f"{byte:08b}"[::-1], 2) for byte in row)
            rows.append(int.from_bytes(row, "big"))
        cells[code] = (width, rows)
    return cells


def _pcf_widths(data: bytes, at: int) -> list[tuple[int, int]]:
    """Width and height in px of every glyph."""
    flags = _u32("<", data, at)
    order = ">" if flags & _PCF_BIG_ENDIAN else "<"
    if flags & _PCF_COMPRESSED_METRICS:
        (count,) = struct.unpack_from(f"{order}H", data, at + 4)
        raw = [data[at + 6 + 5 * i : at + 11 + 5 * i] for i in range(count)]
        rows = [tuple(byte - 0x80 for byte in entry) for entry in raw]
    else:
        count = _u32(order, data, at + 4)
        rows = [struct.unpack_from(f"{order}5h", data, at + 8 + 12 * i) for i in range(count)]
    return [(width, ascent + descent) for _, _, width, ascent, descent in rows]


def _pcf_encodings(data: bytes, at: int) -> dict[int, int]:
    """Code point → glyph index."""
    order = ">" if _u32("<", data, at) & _PCF_BIG_ENDIAN else "<"
    low_first, low_last, high_first, high_last, _ = struct.unpack_from(f"{order}5H", data, at + 4)
    found, at = {}, at + 14
    for high in range(high_first, high_last + 1):
        for low in range(low_first, low_last + 1):
            (glyph,) = struct.unpack_from(f"{order}H", data, at)
            at += 2
            if glyph != 0xFFFF:
                found[high << 8 | low] = glyph
    return found


def _u32(order: str, data: bytes, at: int) -> int:
    value: int = struct.unpack_from(f"{order}I", data, at)[0]
    return value


def pack(cells: Cells, height: int) -> bytes:
    """A glyph file of those of `characters` that the font has."""
    codes = [code for code in characters() if code in cells]
    table = struct.pack(f"<{len(codes)}H", *codes)
    widths = bytes(cells[code][0] for code in codes)
    bitmaps = b"".join(struct.pack(f">{height}H", *cells[code][1]) for code in codes)
    return MAGIC + struct.pack("<HH", height, len(codes)) + table + widths + bitmaps


def main(unifont_hex: str, b12_pcf: str) -> None:
    """Write both glyph files beside this module."""
    here = Path(__file__).parent
    hex_text = Path(unifont_hex).read_text(encoding="ascii")
    (here / "unifont-16.bin").write_bytes(pack(read_hex(hex_text), 16))
    pcf = gzip.decompress(Path(b12_pcf).read_bytes())
    (here / "efont-12.bin").write_bytes(pack(read_pcf(pcf), 12))


if __name__ == "__main__":
    main(*sys.argv[1:3])
