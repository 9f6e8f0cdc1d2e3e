"""Interprets ESC/POS bytes as a printer does, one by one, into dots on paper.

What is modelled is what a receipt needs, and how text looks. Everything else is recorded in
`anomalies`; tests assert that there are none. Real-time commands are acted on by the printer as
bytes arrive (`hw.sim.printer.escpos`); they are skipped.
See Epson's ESC/POS reference, command by command.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import lru_cache
from types import MappingProxyType

import segno
from PIL import Image

from hw.printer_encode import StatusQuery
from hw.printer_font import PaperFont
from hw.sim.printer.kinds import GOOD, Kind
from hw.sim.printer.line import PrintLine, Style
from hw.sim.printer.paper import Paper

Bytes = Generator[None, int, None]
Taken = Generator[None, int, bytes]
CUT_FEED_PX = 108  # from the head to the cutter
CODE_PAGES = MappingProxyType({0: "cp437", 16: "cp1252"})


class Interpreter:
    """The command interpreter of a printer with `paper` in it.

    `answer` sends bytes back; what it cannot make sense of goes to `anomalies`.
    """

    def __init__(
        self,
        paper: Paper,
        font: PaperFont,
        *,
        answer: Callable[[bytes], None],
        anomalies: list[str],
        kind: Kind = GOOD,
    ) -> None:
        self.anomalies = anomalies
        self.kind = kind
        self._stopped = False  # after a band it does not survive, until it is switched off
        self.at_rest = True  # between commands: what comes next is a command or text
        self.in_realtime = False
        self._paper = paper
        self._font = font
        self._answer = answer
        self.sensor_bits = 0  # paper sensors as GS r tells them: 03h near end, 0Ch end
        self._reset()
        self._commands = self._table()
        self._run = self._interpret()
        next(self._run)

    def feed(self, byte: int) -> None:
        """Take one byte."""
        if not self._stopped:
            self._run.send(byte)

    # --- reading bytes ---

    def _interpret(self) -> Bytes:
        while True:
            self.at_rest, self.in_realtime = True, False
            byte = yield
            self.at_rest = False
            if byte == 0x10:
                self.in_realtime = True
                yield from self._realtime()
            elif byte in (0x1B, 0x1C, 0x1D):
                yield from self._command(byte)
            elif byte < 0x20:
                self._control(byte)
            else:
                yield from self._character(byte)

    def _take(self, count: int) -> Taken:
        taken = bytearray()
        while len(taken) < count:
            taken.append((yield))
        return bytes(taken)

    def _realtime(self) -> Bytes:
        """Skip DLE EOT n and DLE ENQ n."""
        (kind,) = yield from self._take(1)
        if kind in (0x04, 0x05):
            yield from self._take(1)
        else:
            self._odd(f"DLE {kind:02X}h")

    def _command(self, lead: int) -> Bytes:
        name = bytes((lead, *(yield from self._take(1))))
        if name in self._commands:
            length, act = self._commands[name]
            act(*(yield from self._take(length)))
        elif name == b"\x1b*" and self.kind.line_dots:
            yield from self._bit_image()
        elif name == b"\x1dv":
            yield from self._raster()
        elif name[1:] == b"(" and self.kind.qr:
            yield from self._extended(name)
        elif name == b"\x1dV":
            yield from self._cut()
        else:
            self._odd(f"{_named(name)} is not modelled")

    def _character(self, first: int) -> Bytes:
        if first < 0x80:
            self._line.text(chr(first), self._style)
        elif not self._style.chinese:
            page = CODE_PAGES.get(self._code_page, "ascii")
            self._line.text(bytes((first,)).decode(page, "replace"), self._style, narrow=True)
        else:
            code = bytes((first, *(yield from self._take(1))))
            if 0x30 <= code[1] <= 0x39:
                code += yield from self._take(2)
            try:
                character = code.decode("gb18030")
            except UnicodeDecodeError:
                self._odd(f"{code.hex(' ')} is no character of GB18030")
                character = "〓"
            self._line.text(character, self._style)

    def _control(self, byte: int) -> None:
        if byte == 0x0A:
            self._line.end()
        elif byte not in (0x00, 0x0D):
            self._odd(f"control {byte:02X}h")

    # --- commands of fixed length ---

    def _table(self) -> dict[bytes, tuple[int, Callable[..., None]]]:
        """Parameter bytes and act of each command."""
        return {
            b"\x1b@": (0, self._reset),
            b"\x1b!": (1, self._print_mode),
            b"\x1d!": (1, self._character_size),
            b"\x1c!": (1, self._chinese_mode),
            b"\x1c&": (0, lambda: self._set(chinese=self.kind.chinese)),
            b"\x1c.": (0, lambda: self._set(chinese=False)),
            b"\x1bE": (1, lambda n: self._set(bold=bool(n & 1))),
            b"\x1b-": (1, lambda n: self._set(underline_px=n % 48 if n % 48 < 3 else 0)),
            b"\x1dB": (1, lambda n: self._set(inverted=bool(n & 1))),
            b"\x1bM": (1, lambda n: self._set(small=n % 48 == 1)),
            b"\x1ba": (1, self._justify),
            b"\x1bt": (1, self._select_page),
            b"\x1bd": (1, self._feed_lines),
            b"\x1bJ": (1, self._feed_dots),
            b"\x1b2": (0, lambda: self._space(30)),
            b"\x1b3": (1, self._space),
            b"\x1b$": (2, lambda low, high: self._line.move_to(low + 256 * high)),
            b"\x1dL": (2, lambda low, high: self._line.margin(low + 256 * high)),
            b"\x1dP": (2, self._motion_units),
            b"\x1dr": (1, self._transmit),
            b"\x1bv": (0, self._transmit_sensors),
        }

    def _reset(self) -> None:
        """ESC @, and power: what is in the print buffer is cleared, not printed."""
        self._style = Style()
        self._line = PrintLine(self._paper, self._font, self._odd)
        self._code_page = 0
        self._qr_module_px, self._qr_level, self._qr_stored = 3, "l", b""
        self._units_per_dot = self.kind.motion_dpi / self.kind.dots_dpi or 1

    def _set(self, **change: bool | int) -> None:
        for name, value in change.items():
            setattr(self._style, name, value)

    def _print_mode(self, n: int) -> None:
        """ESC !: of ASCII characters alone."""
        self._style.scale = (2 if n & 0x20 else 1, 2 if n & 0x10 else 1)
        self._set(small=bool(n & 0x01), bold=bool(n & 0x08), underline_px=1 if n & 0x80 else 0)

    def _chinese_mode(self, n: int) -> None:
        """FS !: of Chinese characters alone."""
        self._style.chinese_scale = (2 if n & 0x04 else 1, 2 if n & 0x08 else 1)

    def _character_size(self, n: int) -> None:
        """GS !: of all characters."""
        self._style.scale = self._style.chinese_scale = ((n >> 4 & 7) + 1, (n & 7) + 1)

    def _justify(self, n: int) -> None:
        if n % 48 > 2:  # out of range: ignored
            self._odd(f"ESC a {n}")
        else:
            self._line.justify(n % 48)

    def _select_page(self, n: int) -> None:
        if n not in CODE_PAGES:
            self._odd(f"ESC t {n}")
        self._code_page = n

    def _space(self, n: int) -> None:
        self._line.spacing_px = n

    def _feed_lines(self, n: int) -> None:
        self._line.flush()
        self._paper.feed(n * self._line.spacing_px)

    def _feed_dots(self, n: int) -> None:
        self._line.flush()
        self._paper.feed(round(n / self._units_per_dot))

    def _motion_units(self, _x: int, y: int) -> None:
        """GS P: units to an inch; 0 for those it has when switched on."""
        self._units_per_dot = (y or self.kind.motion_dpi) / self.kind.dots_dpi or 1

    def _transmit(self, n: int) -> None:
        """GS r: answered in its turn, when all that came before it has been printed."""
        if StatusQuery.GS_R in self.kind.answers:
            self._answer(bytes((self.sensor_bits if n % 48 == 1 else 0,)))

    def _transmit_sensors(self) -> None:
        """ESC v, of Adafruit's kind."""
        if StatusQuery.ESC_V in self.kind.answers:
            self._answer(bytes((self.sensor_bits,)))

    # --- commands of variable length ---

    def _raster(self) -> Bytes:
        """GS v 0 m xL xH yL yH d1…dk."""
        zero, m, *size = yield from self._take(6)
        width_bytes, height_px = size[0] + 256 * size[1], size[2] + 256 * size[3]
        data = yield from self._take(width_bytes * height_px)
        if zero != 0x30 or m % 48 > 3 or not data:
            self._odd(f"GS v {zero} {m} {width_bytes}×{height_px}")
            return
        dots = Image.frombytes("1", (width_bytes * 8, height_px), data)
        across, down = 1 + (m & 1), 1 + (m >> 1 & 1)
        if height_px % 48 == 0 and not self.kind.raster_48:
            self._odd(f"a band of {height_px} rows")
            self._stopped = True
        self._line.band(dots.resize((dots.width * across, height_px * down)))

    def _bit_image(self) -> Bytes:
        """ESC * 33 nL nH d1…dk: columns of 24 dots into the line."""
        m, low, high = yield from self._take(3)
        if m != 33:
            self._odd(f"ESC * {m}")
            return
        columns = low + 256 * high
        data = yield from self._take(columns * 3)
        if not data:
            self._odd("ESC * 33 of no columns")
            return
        turned = Image.frombytes("1", (24, columns), data)
        self._line.image(turned.transpose(Image.Transpose.TRANSPOSE))

    def _extended(self, name: bytes) -> Bytes:
        """GS ( k and its kin: pL pH, then that many bytes."""
        family, low, high = yield from self._take(3)
        data = yield from self._take(low + 256 * high)
        if name + bytes((family,)) == b"\x1d(k" and data[:1] == b"1" and len(data) >= 3:
            self._symbol(data[1], data[2:])
        else:
            self._odd(f"{_named(name)} {chr(family)} is not modelled")

    def _symbol(self, function: int, data: bytes) -> None:
        """GS ( k, cn 49: functions 165, 167, 169, 180 and 181 of QR codes."""
        if function == 67 and 1 <= data[0] <= 16:
            self._qr_module_px = data[0]
        elif function == 69 and 48 <= data[0] <= 51:
            self._qr_level = "lmqh"[data[0] - 48]
        elif function == 80:
            self._qr_stored = data[1:]
        elif function == 81 and self._qr_stored:
            small = _qr_modules(self._qr_stored, self._qr_level)
            side_px = small.width * self._qr_module_px
            text = self._qr_stored.decode(errors="replace")
            self._line.symbol(small.resize((side_px, side_px)), text)
        elif function != 65:
            self._odd(f"GS ( k 1 {function}")

    def _cut(self) -> Bytes:
        """GS V m n for m 65 and 66."""
        (m,) = yield from self._take(1)
        if m not in (65, 66):
            self._odd(f"GS V {m}")
            return
        (n,) = yield from self._take(1)
        self._line.flush()
        self._paper.feed(CUT_FEED_PX + n)
        self._paper.cut()

    def _odd(self, what: str) -> None:
        self.anomalies.append(what)


def _named(name: bytes) -> str:
    lead = {0x1B: "ESC", 0x1C: "FS", 0x1D: "GS"}[name[0]]
    return f"{lead} {chr(name[1]) if 0x20 < name[1] < 0x7F else f'{name[1]:02X}h'}"


@lru_cache(maxsize=16)
def _qr_modules(payload: bytes, level: str) -> Image.Image:
    """A symbol, a dot a module; kept, since both copies of a slip carry the same one."""
    symbol = segno.make_qr(payload, error=level, boost_error=False)
    rows = [bytes(255 * module for module in row) for row in symbol.matrix]
    return Image.frombytes("L", (len(rows), len(rows)), b"".join(rows)).convert("1")
