"""Drivers as the settings name them: what the Pi, the simulator and the bench all build with.

Each function takes the wire that a driver is to use, so a modelled part and a real one are driven
by the same settings. A test changes every setting of a part and looks at what its model sees.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from firmware.core.config import Config, DisplaySettings, PrinterSettings
from hw.card_reader import PcscReader
from hw.evdev_keypad import EventNode, UsbKeypad
from hw.oled import Bus, Oled, OledChip
from hw.pcsc import PcscApi
from hw.ports import Clock
from hw.printer import EscposPrinter, Transport
from hw.printer_encode import Mode, PrinterProfile, StatusQuery
from hw.printer_font import PaperFont
from hw.printer_models import model_named

AUTO = "auto"
NARROW_COLUMNS_MOST = 36  # of 58 mm paper
COLUMNS = {58: 32, 80: 48}


def profile_of(printer: PrinterSettings) -> PrinterProfile:
    """What the printer can do: as its model is known for, and each setting before that."""
    profile = model_named(printer.model) if printer.model else PrinterProfile()
    if printer.width_mm not in (AUTO, width_mm_of(profile)):
        profile = replace(profile, columns=COLUMNS[int(printer.width_mm)], dots=0)
    if printer.mode != AUTO:
        profile = replace(profile, mode=Mode(printer.mode))
    if printer.status != AUTO:
        profile = replace(profile, status=StatusQuery(printer.status))
    for name in ("cutter", "qr", "xonxoff"):
        value = getattr(printer, name)
        if value != AUTO:
            profile = replace(profile, **{name: value})
    return profile


def width_mm_of(profile: PrinterProfile) -> int:
    """The paper that a printer of this profile takes: 58 or 80 mm."""
    return min(COLUMNS) if profile.columns <= NARROW_COLUMNS_MOST else max(COLUMNS)


def printer_on(
    wire: Transport, printer: PrinterSettings, font: PaperFont | None = None
) -> EscposPrinter:
    """The printer's driver."""
    return EscposPrinter(wire, profile_of(printer), font)


def display_on(connect: Callable[[], Bus], display: DisplaySettings) -> Oled:
    """The display's driver, at the brightness that is set."""
    return Oled(connect, OledChip(display.chip), display.rotate, display.brightness)


def reader_on(
    scard: PcscApi, clock: Clock, config: Config, pause: Callable[[int], None] | None = None
) -> PcscReader:
    """The card reader's driver."""
    return PcscReader(scard, clock, name=config.reader.name, pause=pause)


def usb_keypad_on(connect: Callable[[], EventNode]) -> UsbKeypad:
    """The driver of a keypad on USB."""
    return UsbKeypad(connect)
