"""Every check of a real terminal's parts, in the order in which causes come before effects."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from firmware.core.clock import SystemClock
from firmware.core.config import Config
from firmware.core.config_file import with_setting
from firmware.core.places import CONFIG, USER
from firmware.ops.doctor.computer import ClockCheck, PowerCheck
from firmware.ops.doctor.display import DisplayCheck, SignalsCheck
from firmware.ops.doctor.findings import Inspection
from firmware.ops.doctor.keypad import PLUG_IN, KeypadCheck
from firmware.ops.doctor.machine import Machine, usb_node
from firmware.ops.doctor.permissions import Access, PermissionsCheck
from firmware.ops.doctor.printer import PrinterCheck, SerialPortCheck
from firmware.ops.doctor.reader import ReaderCheck
from firmware.ops.doctor.storage import StorageCheck, WearCheck
from firmware.terminal.clock_watch import RELEASED
from firmware.terminal.devices import Parts, printer_of, real_parts
from firmware.terminal.drivers import profile_of
from firmware.terminal.settings import Settings, usb_printer
from hw.board import KEYPAD, PRINTER_UART
from hw.card_reader import PcscReader
from hw.ports import Printer

Choose = Callable[[str], str]
"""Asks the person at the keyboard, and gives what was typed."""


def checks(
    settings: Settings,
    scratch: Path,
    machine: Machine,
    ask: Callable[[str], None] | None,
    *,
    choose: Choose | None = None,
    slips: bool = False,
) -> Iterator[Inspection]:
    """Every check on the real parts, in the order in which causes come before effects.

    `scratch` is a folder for what drivers leave behind.
    """
    config, clock = settings.config, SystemClock()
    data = str(settings.data.absolute())
    yield PowerCheck(machine)
    yield ClockCheck(machine, clock, RELEASED)
    user = machine.account(USER)
    own = settings.path == Path(CONFIG)  # else it is somebody's at a bench
    yield StorageCheck(machine, data, user if own and user else machine.caller())
    yield WearCheck(machine)
    yield PermissionsCheck(machine, tuple(needed(config, machine)), user)
    parts = real_parts(config, scratch, clock)
    with contextlib.ExitStack() as undo:
        for part in (parts.display, parts.keypad, parts.reader, parts.printer):
            undo.callback(part.close)
        if parts.signals is not None:
            undo.callback(parts.signals.close)
        slip_printers = _slip_printers(config, scratch) if slips else {}
        yield from checks_of_parts(config, parts, machine, ask, slip_printers, choose=choose)


def checks_of_parts(
    config: Config,
    parts: Parts,
    machine: Machine,
    ask: Callable[[str], None] | None,
    slip_printers: Mapping[str, Printer],
    *,
    choose: Choose | None = None,
) -> Iterator[Inspection]:
    """Every check on the parts themselves. The caller closes the parts."""
    clock = SystemClock()
    yield DisplayCheck(machine, parts.display, clock, config.display, choose)
    matrix = KEYPAD if config.keypad.kind == "matrix" else None
    pause = lambda milliseconds: time.sleep(milliseconds / 1000)  # noqa: E731
    yield KeypadCheck(parts.keypad, clock, pause, matrix, ask)
    taken = parts.reader.taken if isinstance(parts.reader, PcscReader) else lambda: ""
    yield ReaderCheck(machine, parts.reader, ask, taken)
    if parts.signals is not None:
        yield SignalsCheck(parts.signals)
    if config.printer.kind == "serial":
        yield SerialPortCheck(machine, _serial_port(config))
    profile = profile_of(config.printer)
    yield PrinterCheck(
        None if config.printer.kind == "none" else parts.printer,
        slip_printers,
        choose,
        (profile.mode.value, profile.qr),
    )


def needed(config: Config, machine: Machine) -> Iterator[Access]:
    """The device nodes that the configured parts are behind."""
    if config.keypad.kind == "matrix" or config.display.bus == "spi":
        missing = "is this a Pi? These parts need its header"
        yield Access("/dev/gpiochip*", "gpio", missing)
    if config.display.bus == "i2c":
        yield Access(f"/dev/i2c-{config.display.port}", "i2c")
    else:
        yield Access("/dev/spidev0.0", "spi")
    if config.keypad.kind == "usb":
        yield Access(config.keypad.device, "input", PLUG_IN)
    match config.printer.kind:
        case "usb" if config.printer.device:
            node = usb_node(machine, config.printer.device)
            if node is not None:  # else the printer's own check says that it is not there
                yield Access(node, "lp")
        case "serial":
            port = _serial_port(config)
            missing = "plug the adapter in; on the header put `enable_uart=1`, of a Pi 5 "
            missing += "`dtparam=uart0=on`, in /boot/firmware/config.txt and reboot"
            if Path(port).name.startswith("rfcomm"):
                missing = "pair and trust it, put its ADDRESS into /etc/pos-terminal/bluetooth, "
                missing += "and sudo systemctl restart pos-bluetooth-printer"
            yield Access(port, "dialout", missing)
        case "file" | "usb":
            missing = "plug the printer in and switch it on; on USB, sudo modprobe usblp"
            yield Access(config.printer.device or usb_printer(), "lp", missing)


def _serial_port(config: Config) -> str:
    return config.printer.device or PRINTER_UART.path


def _slip_printers(config: Config, scratch: Path) -> dict[str, Printer]:
    """The configured printer, once for each way to put text on paper; the first draws QR itself."""
    printers = {}
    for mode in ("native", "mixed", "raster"):
        one = with_setting(config, "printer.mode", mode, source="--print")
        one = with_setting(one, "printer.qr", mode == "native", source="--print")
        printers[mode] = printer_of(one, scratch)
    return printers
