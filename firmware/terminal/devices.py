"""The real parts of a terminal, as its configuration names them.

Nothing is opened here: that a part is missing is found at its first use, and it is waited for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct
from PIL import Image

from firmware.core.config import Config
from firmware.core.log import fields
from firmware.terminal.drivers import display_on, printer_on, profile_of, reader_on, usb_keypad_on
from firmware.terminal.settings import printer_address
from hw.evdev_keypad import EventNode
from hw.events import Device
from hw.gpio import PinHeader, this_pi
from hw.keypad import MatrixKeypad
from hw.oled import i2c, spi
from hw.ports import CardReader, Clock, DeviceFault, Display, Keypad, Printer
from hw.printer import NoPrinter
from hw.printer_link import transport_for
from hw.signals import Signals

_LOG = logging.getLogger(__name__)


class Parts(Struct, frozen=True):
    """The drivers of a terminal, not yet on any thread."""

    display: Display
    keypad: Keypad
    reader: CardReader
    printer: Printer
    signals: Signals | None = None


def real_parts(config: Config, data: Path, clock: Clock) -> Parts:
    """The parts that the configuration names. Opens none of them."""
    header = SharedHeader()
    return Parts(
        display=display_of(config, header),
        keypad=_keypad(config, header),
        reader=reader_on(Scard(), clock, config),
        printer=printer_of(config, data),
        signals=_signals(config, header),
    )


def display_of(config: Config, header: SharedHeader | None = None) -> Display:
    """The display that the configuration names; its lines are claimed on `header`, when used."""
    display, shared = config.display, header or SharedHeader()
    if display.bus == "i2c":
        return display_on(i2c(display.port, display.address), display)
    return display_on(spi(lambda: shared.of(Device.DISPLAY)), display)


def printer_of(config: Config, data: Path) -> Printer:
    """The printer that the configuration names, or one that is always offline for none."""
    address = printer_address(config.printer)
    if address is None:
        return NoPrinter(profile_of(config.printer).columns)
    xonxoff = profile_of(config.printer).xonxoff
    return printer_on(transport_for(address, data / "cache", xonxoff=xonxoff), config.printer)


class Scard:
    """`smartcard.scard`, imported by the thread of the reader when it first asks for something."""

    def __getattr__(self, name: str) -> Any:
        from smartcard import scard  # noqa: PLC0415

        return getattr(scard, name)


class TellingDisplay:
    """A display that logs when it is lost and when it is back: it cannot show that itself."""

    def __init__(self, display: Display) -> None:
        self.width_px, self.height_px = display.width_px, display.height_px
        self._display = display
        self._lost = False

    def show(self, image: Image.Image) -> None:
        self._told(lambda: self._display.show(image))

    def reopen(self, image: Image.Image | None = None) -> None:
        self._told(lambda: self._display.reopen(image))

    def close(self) -> None:
        self._display.close()

    def _told(self, use: Callable[[], None]) -> None:
        try:
            use()
        except DeviceFault as fault:
            if not self._lost:
                told = fields(device=fault.device.value, detail=fault.detail)
                _LOG.warning("device lost", extra=told)
            self._lost = True
            raise
        if self._lost:
            _LOG.info("device back", extra=fields(device=Device.DISPLAY.value))
        self._lost = False


def _keypad(config: Config, header: SharedHeader) -> Keypad:
    if config.keypad.kind == "usb":
        return usb_keypad_on(lambda: EventNode.open(config.keypad.device))
    return MatrixKeypad(lambda: header.of(Device.KEYPAD))


def _signals(config: Config, header: SharedHeader) -> Signals | None:
    wanted = config.signals
    if not (wanted.buzzer or wanted.lights):
        return None
    return Signals(lambda: header.of(Device.KEYPAD), buzzer=wanted.buzzer, lights=wanted.lights)


class SharedHeader:
    """This Pi's header, opened when a part first asks and shared by all: pins have one owner."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._header: PinHeader | None = None

    def of(self, asking: Device) -> PinHeader:
        """The header. Raises DeviceFault for `asking` where there is none."""
        with self._lock:
            if self._header is None:
                self._header = this_pi(asking)
            return self._header
