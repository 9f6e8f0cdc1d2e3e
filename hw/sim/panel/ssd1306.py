"""Models of the display controllers SSD1306, SSD1309 and SH1106 on a 128×64 panel, and of SPI.

A chip stands where luma's serial interface stands: it takes the `command` and `data` transfers
of the real driver, interprets them byte by byte as the datasheet says, and keeps display memory.
`image()` is what the eye sees. See SSD1306 datasheet rev 1.1, 9 and 10; SH1106 datasheet 2.3.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from gpiozero.pins import Pin

WIDTH_PX, HEIGHT_PX = 128, 64
PAGES = HEIGHT_PX // 8
I2C_COMMAND_BYTES_MAX = 32  # one SMBus block: luma's i2c refuses longer commands, so does this
ARGUMENT_BYTES = MappingProxyType(
    {
        **dict.fromkeys((0x20, 0x81, 0x8D, 0xA8, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB), 1),
        **dict.fromkeys((0x21, 0x22, 0xA3), 2),
        **dict.fromkeys((0x29, 0x2A), 5),
        **dict.fromkeys((0x26, 0x27), 6),
    }
)
SH1106_ARGUMENT_BYTES = MappingProxyType(
    dict.fromkeys((0x81, 0xA8, 0xAD, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB), 1)
)


class Ssd1306:
    """An SSD1306 on its panel, mounted as on the common modules: A1 and C8 are upright.

    Counts what crosses an I²C bus: each transfer costs an address and a control byte on top.
    """

    ram_columns = 128
    needs_charge_pump = True  # dark without it on modules that have no 12 V of their own
    argument_bytes = ARGUMENT_BYTES

    def __init__(self) -> None:
        self._random = random.Random(0)  # noqa: S311 - noise in memory, not a secret
        self._transfers_until_broken: int | None = None
        self._bytes_until_broken: int | None = None
        self._breaks_once = False
        self._refused: list[int] = []  # transfers from now, in order
        self.bus_bytes = 0
        self.transactions = 0
        self.on_data: Callable[[], None] = lambda: None  # after each transfer of data
        self.undefined: list[int] = []
        self.power_on()

    # --- power and wire ---

    def power_on(self) -> None:
        """Reset every register to its power-on value and fill memory with noise."""
        self._ram = bytearray(self._random.randbytes(self.ram_columns * PAGES))
        self._pending: list[int] = []
        self.is_on = False
        self.contrast = 0x7F
        self.inverted = False
        self.all_on = False
        self.charge_pump = False
        self.start_line = 0
        self.offset = 0
        self.multiplex = HEIGHT_PX
        self.segments_remapped = False
        self.coms_remapped = False
        self.addressing_mode = 0b10  # page addressing
        self._column, self._page = 0, 0
        self._columns = (0, self.ram_columns - 1)
        self._pages = (0, PAGES - 1)

    def fail(self, broken: bool, *, after_transfers: int = 0) -> None:
        """Break the wire, after so many more transfers; mended, the chip has been power-cycled."""
        if broken:
            self._transfers_until_broken = after_transfers
        elif self._transfers_until_broken is not None:
            self._transfers_until_broken = None
            self.power_on()

    def break_within(self, byte_count: int | None, *, once: bool = False) -> None:
        """Break the wire within a transfer, after so many more bytes; None mends it.

        The chip has kept its power, and waits on for the rest of a command. A wire that breaks
        `once` is whole again for the next transfer.
        """
        self._bytes_until_broken, self._breaks_once = byte_count, once

    def refuse(self, transfers: int = 1, *, after_transfers: int = 0) -> None:
        """Acknowledge so many transfers in a row not, as on a disturbed bus; all is well after."""
        self._refused = ([after_transfers] + [0] * transfers)[:transfers]

    def bus_us(self, clock_hz: int = 400_000) -> int:
        """Microseconds the bus has been busy: nine clocks a byte, start and stop left out."""
        return self.bus_bytes * 9 * 1_000_000 // clock_hz

    def _transfer(self, size_bytes: int) -> None:
        if self._transfers_until_broken == 0:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        if self._transfers_until_broken is not None:
            self._transfers_until_broken -= 1
        if self._refused and self._refused[0] == 0:
            del self._refused[0]
            raise OSError(errno.EREMOTEIO, "Remote I/O error")
        if self._refused:
            self._refused[0] -= 1
        self.transactions += 1
        self.bus_bytes += 2 + size_bytes

    def _arrived(self, sent: bytes) -> bytes:
        """What comes through of bytes that are sent."""
        if self._bytes_until_broken is None:
            return sent
        arrived = sent[: self._bytes_until_broken]
        self._bytes_until_broken -= len(arrived)
        return arrived

    # --- what luma calls a serial interface ---

    def command(self, *cmd: int) -> None:
        """Take one command transfer. Raises OSError while the wire is broken."""
        if not 0 < len(cmd) <= I2C_COMMAND_BYTES_MAX:
            raise ValueError(f"{len(cmd)} command bytes in one transfer")
        self._transfer(len(cmd))
        arrived = self._arrived(bytes(cmd))
        for byte in arrived:
            self._pending.append(byte)
            if len(self._pending) > self.argument_bytes.get(self._pending[0], 0):
                opcode, *arguments = self._pending
                self._pending = []
                self._execute(opcode, arguments)
        self._check_whole(len(cmd), len(arrived))

    def data(self, data: Sequence[int]) -> None:
        """Take one data transfer into display memory. Raises OSError while the wire is broken."""
        self._transfer(len(data))
        rest = arrived = self._arrived(bytes(data))
        while rest:
            taken = self._store_run(rest)
            rest = rest[taken:]
        self._check_whole(len(data), len(arrived))
        self.on_data()

    def _check_whole(self, sent_bytes: int, arrived_bytes: int) -> None:
        if arrived_bytes < sent_bytes:
            if self._breaks_once:
                self._bytes_until_broken = None
            raise OSError(errno.EREMOTEIO, "Remote I/O error")

    def cleanup(self) -> None:
        """Nothing to release: the chip stays on its bus."""

    # --- commands ---

    def _execute(self, opcode: int, arguments: list[int]) -> None:
        known = (
            self._set_switch(opcode)
            or self._set_register(opcode, arguments)
            or self._set_address(opcode, arguments)
            or opcode in self.argument_bytes  # timing, pins, scrolling, lock: nothing to see
            or opcode in (0x2E, 0x2F, 0xE3)  # scroll off and on, no operation
        )
        if not known:
            self.undefined.append(opcode)

    def _set_switch(self, opcode: int) -> bool:
        """Carry out a command whose lowest bits are its argument; False when it is none."""
        match opcode:
            case 0xA0 | 0xA1:
                self.segments_remapped = opcode == 0xA1
            case 0xA4 | 0xA5:
                self.all_on = opcode == 0xA5
            case 0xA6 | 0xA7:
                self.inverted = opcode == 0xA7
            case 0xAE | 0xAF:
                self.is_on = opcode == 0xAF
            case 0xC0 | 0xC8:
                self.coms_remapped = opcode == 0xC8
            case _ if 0x40 <= opcode <= 0x7F:
                self.start_line = opcode & 0x3F
            case _:
                return False
        return True

    def _set_register(self, opcode: int, arguments: list[int]) -> bool:
        """Carry out a command that loads a register; False when it is none."""
        match opcode:
            case 0x81:
                self.contrast = arguments[0]
            case 0x8D:
                self.charge_pump = bool(arguments[0] & 0x04)
            case 0xA8:
                self.multiplex = (arguments[0] & 0x3F) + 1
            case 0xD3:
                self.offset = arguments[0] & 0x3F
            case _:
                return False
        return True

    def _set_address(self, opcode: int, arguments: list[int]) -> bool:
        """Carry out an addressing command; False when it is none."""
        match opcode:
            case 0x20:
                self.addressing_mode = arguments[0] & 0b11
            case 0x21:
                self._columns = (arguments[0] & 0x7F, arguments[1] & 0x7F)
                self._column = self._columns[0]
            case 0x22:
                self._pages = (arguments[0] & 0x07, arguments[1] & 0x07)
                self._page = self._pages[0]
            case _ if 0x00 <= opcode <= 0x0F:
                self._column = (self._column & 0xF0) | opcode
            case _ if 0x10 <= opcode <= 0x1F:
                self._column = (self._column & 0x0F) | (opcode & 0x0F) << 4
            case _ if 0xB0 <= opcode <= 0xB7:
                self._page = opcode & 0x07
            case _:
                return False
        return True

    # --- memory ---

    def _store_run(self, data: bytes) -> int:
        """Store as many bytes as end within one page, at least one: how many these were."""
        end = self._columns[1]
        taken = min(len(data), end - self._column)
        if self.addressing_mode == 0b01 or taken < 2 or end >= self.ram_columns:
            self._store(data[0])
            self._advance()
            return 1
        page = self._page * self.ram_columns & 0x3FF
        if self.segments_remapped:
            at, run = page + 128 - self._column - taken, data[taken - 1 :: -1]
        else:
            at, run = page + self._column, data[:taken]
        self._ram[at : at + taken] = run
        self._column += taken  # the window's last column is left to the step that may wrap
        return taken

    def _store(self, byte: int) -> None:
        # the remap acts on writing: what is stored already stays where it is (10.1.8)
        segment = 127 - self._column if self.segments_remapped else self._column
        self._ram[self._page * self.ram_columns + segment & 0x3FF] = byte

    def _advance(self) -> None:
        """Move the address pointer past a byte. See SSD1306 10.1.3."""
        if self.addressing_mode == 0b01:  # vertical
            self._page, wrapped = _next_in(self._page, self._pages)
            if wrapped:
                self._column, _ = _next_in(self._column, self._columns)
            return
        self._column, wrapped = _next_in(self._column, self._columns)
        if wrapped and self.addressing_mode == 0b00:  # horizontal
            self._page, _ = _next_in(self._page, self._pages)

    # --- the eye ---

    @property
    def is_lit(self) -> bool:
        """Whether the panel has its voltage and is switched on."""
        return self.is_on and (self.charge_pump or not self.needs_charge_pump)

    def image(self) -> Image.Image:
        """What the eye sees: mode "1", 128×64, upright as the module is mounted."""
        if not self.is_lit:
            return Image.new("1", (WIDTH_PX, HEIGHT_PX))
        memory = self._memory_as_display()
        if self.all_on or self.inverted:
            memory = memory.point(lambda pixel: 255 if self.all_on else 255 - pixel)
        return self._rows_in_place(memory)

    def _display_columns(self) -> Sequence[int]:
        """The memory column behind each x, left to right: SEG127 is at the left edge."""
        return range(127, -1, -1)

    def _memory_as_display(self) -> Image.Image:
        """Memory row 0 at the top, columns as mounted."""
        packed = bytearray()
        stride = self.ram_columns
        for column in self._display_columns():
            packed += self._ram[column::stride][::-1]  # page 7 first: its bit 7 is the lowest row
        upended = Image.frombytes("1", (HEIGHT_PX, WIDTH_PX), bytes(packed))
        return upended.transpose(Image.Transpose.ROTATE_90)

    def _rows_in_place(self, memory: Image.Image) -> Image.Image:
        """Each memory row where the COM scan shows it: COM63 is at the top edge."""
        rows = [self._row_behind(HEIGHT_PX - 1 - y) for y in range(HEIGHT_PX)]
        if rows == list(range(HEIGHT_PX)):
            return memory
        seen = Image.new("1", (WIDTH_PX, HEIGHT_PX))
        for y, row in enumerate(rows):
            if row is not None:
                seen.paste(memory.crop((0, row, WIDTH_PX, row + 1)), (0, y))
        return seen

    def _row_behind(self, com: int) -> int | None:
        """The memory row that a COM line shows, or None when it is not driven."""
        line = self.multiplex - 1 - com if self.coms_remapped else com
        if not 0 <= line < self.multiplex:
            return None
        line = (line + self.offset) % HEIGHT_PX
        return (line + self.start_line) % HEIGHT_PX if line < self.multiplex else None


class Ssd1309(Ssd1306):
    """An SSD1309: the SSD1306's commands, its panel voltage from outside."""

    needs_charge_pump = False
    argument_bytes = MappingProxyType({**ARGUMENT_BYTES, 0xFD: 1})  # command lock


class Sh1106(Ssd1306):
    """An SH1106: 132 columns with the panel on 2–129, page addressing only, remap on the way out.

    Commands of the SSD1306 that it does not know are listed in `undefined` and have no effect.
    """

    ram_columns = 132
    needs_charge_pump = False  # its DC-DC converter is on from reset
    argument_bytes = SH1106_ARGUMENT_BYTES

    def _execute(self, opcode: int, arguments: list[int]) -> None:
        if 0x20 <= opcode <= 0x2F or opcode in (0x8D, 0xA3):
            self.undefined.append(opcode)
        # converter, pump voltage and read-modify-write: nothing to see
        elif opcode not in (0xAD, 0xE0, 0xEE) and not 0x30 <= opcode <= 0x33:
            super()._execute(opcode, arguments)

    def _store_run(self, data: bytes) -> int:
        # the counter stops past the last column; the page never moves by itself
        run = data[: max(0, self.ram_columns - self._column)]
        at = self._page * self.ram_columns + self._column
        self._ram[at : at + len(run)] = run
        self._column = min(self._column + len(data), self.ram_columns)
        return len(data)

    def _display_columns(self) -> Sequence[int]:
        return range(2, 130) if self.segments_remapped else range(129, 1, -1)


class SpiDev:
    """A chip behind luma's own SPI interface: the level of DC says what a byte is.

    Stands where `spidev.SpiDev` stands. See SSD1306 datasheet, 8.1.3 (four-wire SPI).
    """

    max_speed_hz = 0
    opened: tuple[int, int] | None = None  # bus and chip select

    def __init__(self, panel: Ssd1306, data_command: Pin) -> None:
        self.panel = panel
        self.data_command = data_command

    def open(self, port: int, device: int) -> None:
        """Take a bus and a chip select."""
        self.opened = port, device

    def writebytes(self, block: Sequence[int]) -> None:
        """Context bytes out to the chip. Raises OSError while the wire is broken."""
        if self.data_command.state:
            self.panel.data(block)
        else:
            self.panel.command(*block)

    def close(self) -> None:
        """Nothing to release: the chip stays on its bus."""


def _next_in(value: int, window: tuple[int, int]) -> tuple[int, bool]:
    """The address after `value` in a window, and whether it went back to the start."""
    if value == window[1]:
        return window[0], True
    return value + 1, False
