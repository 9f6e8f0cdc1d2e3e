"""The 128×64 OLED: luma.oled's device and initialisation, but only what changed is sent.

The I²C bus is the slowest thing between a key and its echo: a whole frame takes 23 ms at
400 kHz, a changed digit about 1 ms. So the driver keeps the frame last sent and sends differing
windows. A transfer that is not acknowledged is made again. After a second one nothing is assumed of
the display: luma's initialisation is sent again and memory is written in full.
"""

from __future__ import annotations

import contextlib
import enum
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import luma.core.error
import luma.core.interface.serial
import luma.oled.const
import luma.oled.device
from msgspec import Struct
from PIL import Image

from hw import board, frame
from hw.events import Device, FaultReason
from hw.gpio import PinHeader
from hw.ports import DeviceFault

FAULTS = (luma.core.error.Error, OSError)  # luma maps only some of the bus's errors to its own


class Bus(Protocol):
    """What luma calls a serial interface. `command` and `data` raise luma's Error or OSError."""

    def command(self, *cmd: int) -> None: ...

    def data(self, data: Sequence[int]) -> None: ...

    def cleanup(self) -> None: ...


class OledChip(enum.Enum):
    """The display controllers that this driver knows, by luma's name of their device."""

    SSD1306 = "ssd1306"
    SSD1309 = "ssd1309"
    SH1106 = "sh1106"


class Addressing(Struct, frozen=True):
    """How a controller is told where data go. Bytes count I²C address and control bytes."""

    window_bytes: int
    spans_pages: bool
    select: Callable[[frame.Window], tuple[int, ...]]


def _select_window(window: frame.Window) -> tuple[int, ...]:
    """Column and page window, both pointers at its start. See SSD1306 10.1.4–10.1.5."""
    return (
        *(0x21, window.column_first, window.column_last),
        *(0x22, window.page_first, window.page_last),
    )


def _select_page_and_column(window: frame.Window) -> tuple[int, ...]:
    """Page, low and high nibble of the column; the display begins at 2. See SH1106 1, 2, 11."""
    column = window.column_first + 2
    return 0xB0 | window.page_first, column & 0x0F, 0x10 | column >> 4


_COMMANDS = luma.oled.const.common
_NOP = 0xE3  # all three chips have it
# a display that was left within a command takes what comes for its arguments: at most two
_REST = (_NOP, _NOP)
# one window is a command transfer and a data transfer, each with address and control byte
_WINDOWED = Addressing(6 + 2 + 2, spans_pages=True, select=_select_window)
_PAGED = Addressing(3 + 2 + 2, spans_pages=False, select=_select_page_and_column)
ADDRESSING = {
    OledChip.SSD1306: _WINDOWED,
    OledChip.SSD1309: _WINDOWED,
    OledChip.SH1106: _PAGED,
}


class Oled:
    """A 128×64 OLED; implements `hw.ports.Display`.

    `connect` gives luma's serial interface and is called on first use and after every fault, so
    a terminal starts, and says so, with its display unplugged. `rotate` is in quarter turns as
    luma has it; only 0 and 2 keep the display's shape.
    """

    width_px = 128
    height_px = 64

    def __init__(
        self,
        connect: Callable[[], Bus],
        chip: OledChip = OledChip.SSD1306,
        rotate: int = 0,
        level: int | None = None,
    ) -> None:
        if rotate not in (0, 2):
            raise ValueError(f"rotate is 0 or 2 on a 128×64 display, not {rotate}")
        self._connect = connect
        self._chip = chip
        self._rotate = rotate
        self._bus: Bus | None = None
        self._on_display: frame.Pages | None = None  # while it is not known
        self._wanted = frame.blank(self.width_px, self.height_px)
        self._level = level  # of brightness, 0-255; None: as luma initialises it

    def show(self, image: Image.Image) -> None:
        """Send what differs from the display; blocks for the bus. Raises DeviceFault."""
        self._wanted = self._packed(image)
        self._surely(self._send)

    def reopen(self, image: Image.Image | None = None) -> None:
        """Connect and initialise anew, with the brightness, and send the whole frame.

        The frame is `image`, so that no old one is seen before it; without one, what was shown
        last. Raises DeviceFault while the display is still lost. Also heals a display that a
        disturbance has silently reset: the wire has no way to read it back. A display that works
        shows no change, unless opening its bus resets it, as over SPI.
        """
        if image is not None:
            self._wanted = self._packed(image)
        self._drop()
        self._surely(lambda _bus: None)

    def close(self) -> None:
        """Switch the display off and release the bus. Never raises."""
        if self._bus is not None:
            with contextlib.suppress(*FAULTS):
                self._bus.command(_COMMANDS.DISPLAYOFF)
        self._drop()

    def _packed(self, image: Image.Image) -> frame.Pages:
        """The pages of an image as the display is mounted. Raises ValueError for any other size."""
        if image.mode != "1" or image.size != (self.width_px, self.height_px):
            raise ValueError(f'mode "1", 128×64 is wanted, not {image.mode!r}, {image.size}')
        if self._rotate:
            image = image.transpose(Image.Transpose.ROTATE_180)
        return frame.pack(image)

    def _surely(self, transfer: Callable[[Bus], None]) -> None:
        """Send something to the display: one disturbed transfer is no lost display.

        A transfer that is not acknowledged is made once more; then the display is initialised anew
        and all that it should show is sent. Raises DeviceFault when that fails, too.
        """
        if self._bus is not None:
            for again in (False, True):
                with contextlib.suppress(*FAULTS):
                    if again:
                        self._bus.command(*_REST)
                    transfer(self._bus)
                    return
            self._drop()
        try:
            transfer(self._open())
        except FAULTS:
            self._drop()
            try:
                transfer(self._open())
            except FAULTS as error:
                self._drop()
                raise DeviceFault(Device.DISPLAY, str(error)) from error

    def _open(self) -> Bus:
        """Connect: initialise the display, send what is wanted, switch it on."""
        bus = self._bus = self._connect()
        bus.command(*_REST)  # a display that is gone is asked for every second, and cheaply
        for command in _initialisation(self._chip):
            bus.command(*command)
        self._on_display = None
        if self._level is not None:
            bus.command(_COMMANDS.SETCONTRAST, self._level)
        self._send(bus)
        bus.command(_COMMANDS.DISPLAYON)
        return bus

    def _send(self, bus: Bus) -> None:
        """Send every window in which the wanted frame differs from the one on the display."""
        addressing = ADDRESSING[self._chip]
        windows = frame.changed(
            self._on_display,
            self._wanted,
            window_bytes=addressing.window_bytes,
            spans_pages=addressing.spans_pages,
        )
        for window in windows:
            bus.command(*addressing.select(window))
            bus.data(window.of(self._wanted))
        self._on_display = self._wanted

    def _drop(self) -> None:
        """Release the bus; nothing is known of the display from here on."""
        bus, self._bus = self._bus, None
        if bus is not None:
            with contextlib.suppress(*FAULTS):
                bus.cleanup()


class _Recorder:
    """A bus that keeps the commands it is given, and sends none."""

    def __init__(self) -> None:
        self.commands: list[tuple[int, ...]] = []

    def command(self, *cmd: int) -> None:
        self.commands.append(cmd)


@functools.cache
def _initialisation(chip: OledChip) -> list[tuple[int, ...]]:
    """The commands by which luma's device initialises a chip.

    Left out are luma's blank frame and its commands to switch the display off and on: the driver
    sends the frame that is wanted, and then switches the display on.
    """
    recorder = _Recorder()
    of_luma = getattr(luma.oled.device, chip.value)
    device = type(chip.value, (of_luma,), {"clear": lambda _self: None})(recorder)
    vars(device).clear()  # luma's hook keeps it until the exit, with its two tables of all pixels
    first, *others, last = recorder.commands
    assert (first[0], last) == (_COMMANDS.DISPLAYOFF, (_COMMANDS.DISPLAYON,))
    return [first[1:], *others]


def i2c(
    port: int = board.OLED_I2C.port, address: int = board.OLED_I2C.address
) -> Callable[[], Bus]:
    """How to connect over /dev/i2c-`port`; its clock is the kernel's (`i2c_arm_baudrate`)."""

    def connect() -> Bus:
        bus: Bus = luma.core.interface.serial.i2c(port=port, address=address)
        return bus

    return connect


def spi(connect_header: Callable[[], PinHeader], spidev: Any = None) -> Callable[[], Bus]:
    """How to connect over SPI, with DC and RES on the pins of the header that is connected first.

    `spidev` stands in for the kernel's device of that name. luma would take RPi.GPIO for the two
    lines, which does not know the Pi 5.
    """
    lines = board.OLED_SPI

    def connect() -> Bus:
        header = connect_header()
        try:
            bus: Bus = luma.core.interface.serial.spi(
                spi=spidev,
                gpio=_OutputLines(header),
                port=lines.port,
                device=lines.device,
                bus_speed_hz=lines.clock_hz,
                gpio_DC=lines.data_command.bcm,
                gpio_RST=lines.reset.bcm,
            )
        except ImportError as error:
            words = f"spidev: {error}"
            raise DeviceFault(Device.DISPLAY, words, FaultReason.NO_SPIDEV) from error
        return bus

    return connect


class _OutputLines:
    """gpiozero's pins behind those functions of RPi.GPIO that luma calls."""

    LOW, HIGH, OUT = 0, 1, "output"

    def __init__(self, header: PinHeader) -> None:
        self._header = header

    def setup(self, bcm: int, function: str) -> None:
        with self._as_oserror():
            self._header.factory.pin(bcm).function = function

    def output(self, bcm: int, level: int) -> None:
        with self._as_oserror():
            self._header.factory.pin(bcm).state = level

    @contextlib.contextmanager
    def _as_oserror(self) -> Iterator[None]:
        try:
            yield
        except self._header.errors as error:
            raise OSError(str(error)) from error
