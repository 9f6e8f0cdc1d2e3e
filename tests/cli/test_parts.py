"""Which parts a configuration makes, and that none of them costs anything before it is used."""

import subprocess
import sys
from pathlib import Path

import pytest

from firmware.acquirer.embedded import LocalHost
from firmware.core.clock import SystemClock
from firmware.core.config import Config, DisplaySettings, Host, KeypadSettings, PrinterSettings
from firmware.iso8583.tcp import TcpLink
from firmware.terminal.assembly import host_link
from firmware.terminal.devices import NoPrinter, printer_of, real_parts
from firmware.terminal.settings import printer_address, usb_printer
from hw.events import Device
from hw.ports import DeviceFault, PaperState
from hw.printer import EscposPrinter

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("printer", "address"),
    [
        (PrinterSettings(kind="usb", device="0416:5011"), "usb:0416:5011"),
        (PrinterSettings(kind="usb"), f"file:{usb_printer()}"),
        (
            PrinterSettings(kind="serial", device="/dev/ttyUSB0", baud=9600),
            "serial:/dev/ttyUSB0:9600",
        ),
        (PrinterSettings(kind="serial"), "serial:/dev/serial0:19200"),
        (PrinterSettings(kind="network", device="192.0.2.7:9100"), "network:192.0.2.7:9100"),
        (PrinterSettings(kind="file", device="/dev/usb/lp0"), "file:/dev/usb/lp0"),
    ],
)
def test_each_kind_of_printer_has_its_wire(tmp_path, printer, address):
    assert printer_address(printer) == address
    made = printer_of(Config(printer=printer), tmp_path)
    assert isinstance(made, EscposPrinter)
    assert made.columns == 32


@pytest.mark.parametrize(("width_mm", "columns"), [(58, 32), (80, 48)])
def test_no_printer_has_paper_of_the_configured_width(tmp_path, width_mm, columns):
    made = printer_of(Config(printer=PrinterSettings(kind="none", width_mm=width_mm)), tmp_path)
    assert isinstance(made, NoPrinter)
    assert made.columns == columns


def test_a_printer_that_is_not_plugged_in_is_offline_and_no_error(tmp_path):
    printer = PrinterSettings(kind="file", device="/dev/no-such-printer")
    assert printer_of(Config(printer=printer), tmp_path).status() is PaperState.OFFLINE


@pytest.mark.skipif(Path("/dev/gpiochip0").exists(), reason="this machine has a header")
@pytest.mark.parametrize(
    "display", [DisplaySettings(bus="i2c", port=20), DisplaySettings(bus="spi", chip="sh1106")]
)
def test_a_display_on_a_bus_that_is_not_there_is_a_fault_of_the_display(tmp_path, display):
    parts = real_parts(Config(display=display), tmp_path, SystemClock())
    with pytest.raises(DeviceFault) as fault:
        parts.display.reopen()
    assert fault.value.device is Device.DISPLAY


def test_a_usb_keypad_that_is_not_plugged_in_is_a_fault_of_the_keypad_and_no_error(tmp_path):
    config = Config(keypad=KeypadSettings(kind="usb", device=str(tmp_path / "no-such-keypad")))
    keypad = real_parts(config, tmp_path, SystemClock()).keypad
    [lost] = keypad.scan(0)
    assert lost.device is Device.KEYPAD
    assert "no-such-keypad" in lost.detail


def test_the_host_is_the_embedded_one_or_at_the_end_of_a_line(tmp_path):
    clock = SystemClock()
    local = host_link(Config(), tmp_path, (), clock)
    assert isinstance(local, LocalHost)
    local.close()
    away = Config(host=Host(kind="tcp", address="192.0.2.1", port=9))
    assert isinstance(host_link(away, tmp_path, (), clock), TcpLink)


def test_python_escpos_is_not_imported_before_something_is_printed():
    code = "import firmware.cli.run, sys; sys.exit('escpos' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
