"""Wires to a printer: python-escpos's own connections, with the model at the other end."""

import contextlib
import logging
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hw.ports import PaperState, PrintResult, TextLine
from hw.printer import EscposPrinter
from hw.printer_encode import PrinterProfile, StatusQuery
from hw.printer_font import PaperFont
from hw.printer_link import (
    DeviceFileTransport,
    NetworkTransport,
    SerialTransport,
    UsbTransport,
    transport_for,
)
from hw.sim.printer.escpos import PrinterModel
from hw.sim.printer.kinds import kind_of
from hw.sim.printer.usb import UsbPrinterBus
from tests.hw.serial_line import on_small_buffer, on_terminal

FONT = PaperFont()
DOCUMENT = (TextLine("签购单 RMB 128.50"), TextLine("幸福小店"))
READS = "签购单 RMB 128.50\n幸福小店"


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("escpos")


@contextlib.contextmanager
def on_network(model):
    """A TCP port with the printer behind it, for one connection at a time."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    while data := connection.recv(4096):
                        model.receive(data)
                        connection.sendall(model.answers())

    served = threading.Thread(target=serve, daemon=True)
    served.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        served.join(5)


def prints_and_answers(transport, model):
    printer = EscposPrinter(transport, PrinterProfile(), font=FONT)
    try:
        assert printer.status() is PaperState.READY
        assert printer.print(DOCUMENT).result is PrintResult.SENT
        assert model.paper.text == READS
        model.fail_paper_out()
        assert printer.print(DOCUMENT).result is PrintResult.NOT_STARTED
    finally:
        printer.close()


def test_prints_over_usb(cache_dir):
    model = PrinterModel()
    bus = UsbPrinterBus(model, 0x0416, 0x5011)
    prints_and_answers(UsbTransport(0x0416, 0x5011, cache_dir, backend=bus), model)
    assert not bus.claimed


def test_prints_over_a_serial_line(cache_dir):
    model = PrinterModel()
    with on_terminal(model) as path:
        prints_and_answers(SerialTransport(path, 19_200, cache_dir), model)


def test_prints_over_the_network(cache_dir):
    model = PrinterModel()
    with on_network(model) as port:
        prints_and_answers(NetworkTransport("127.0.0.1", port, cache_dir), model)


def test_prints_to_a_device_file():
    model = PrinterModel()
    with on_terminal(model) as path:
        prints_and_answers(DeviceFileTransport(Path(path)), model)


def test_a_usb_printer_that_takes_little_at_a_time_gets_everything(cache_dir):
    model = PrinterModel()
    bus = UsbPrinterBus(model, 0x0416, 0x5011)
    bus.taken_at_once = 7
    prints_and_answers(UsbTransport(0x0416, 0x5011, cache_dir, backend=bus), model)


def test_a_usb_printer_is_found_again_after_it_was_unplugged(cache_dir):
    model = PrinterModel()
    bus = UsbPrinterBus(model, 0x0416, 0x5011)
    transport = UsbTransport(0x0416, 0x5011, cache_dir, backend=bus)
    printer = EscposPrinter(transport, PrinterProfile(), font=FONT)
    assert printer.status() is PaperState.READY
    model.fail_offline()
    assert printer.status() is PaperState.OFFLINE
    model.fail_offline(on=False)
    assert printer.print(DOCUMENT).result is PrintResult.SENT
    printer.close()


def test_a_missing_device_is_offline_and_no_file_takes_its_place(cache_dir, tmp_path):
    missing = tmp_path / "lp0"
    for address in (f"file:{missing}", f"serial:{missing}:9600"):
        printer = EscposPrinter(transport_for(address, cache_dir), PrinterProfile(), font=FONT)
        assert printer.print(DOCUMENT).result is PrintResult.NOT_STARTED
        assert printer.status() is PaperState.OFFLINE
    assert not missing.exists()


def test_a_plain_file_is_no_printer(cache_dir, tmp_path):
    file = tmp_path / "lp0"
    file.write_bytes(b"")
    printer = EscposPrinter(DeviceFileTransport(file), PrinterProfile(), font=FONT)
    assert printer.status() is PaperState.OFFLINE
    assert file.read_bytes() == b""


def test_a_refused_connection_is_offline(cache_dir):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    transport = NetworkTransport("127.0.0.1", port, cache_dir)
    assert EscposPrinter(transport, PrinterProfile(), font=FONT).status() is PaperState.OFFLINE


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("usb:0416:5011", UsbTransport),
        ("serial:/dev/serial/by-id/x:19200", SerialTransport),
        ("network:printer.shop:9100", NetworkTransport),
        ("file:/dev/usb/lp0", DeviceFileTransport),
    ],
)
def test_an_address_names_its_wire_and_opens_nothing(address, kind, tmp_path):
    assert type(transport_for(address, tmp_path)) is kind


@pytest.mark.parametrize(
    "address", ["", "usb", "usb:zz:5011", "usb:0416", "serial:19200", "file:", "bluetooth:x:1"]
)
def test_a_wrong_address_is_named(address, tmp_path):
    with pytest.raises(ValueError, match="a printer's address is") as refused:
        transport_for(address, tmp_path)
    assert repr(address) in str(refused.value)


def test_the_driver_imports_python_escpos_late_and_without_its_noise(tmp_path):
    script = """
import logging, sys
import hw.printer, hw.printer_link
assert not any(name.startswith(("escpos", "usb", "serial")) for name in sys.modules)
from pathlib import Path
hw.printer_link.escpos_printers(Path(sys.argv[1]))
assert "escpos" in sys.modules
assert logging.getLogger().handlers == []
"""
    ran = subprocess.run(  # a process that has not imported it yet
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True, check=False, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert list(tmp_path.glob("*.pickle"))
    assert logging.getLogger().level == logging.WARNING


def test_a_packet_without_a_byte_before_each_answer_is_no_silence(cache_dir):
    model = PrinterModel()
    bus = UsbPrinterBus(model, 0x0416, 0x5011)
    bus.empty_first = True
    prints_and_answers(UsbTransport(0x0416, 0x5011, cache_dir, backend=bus), model)


def test_a_bus_that_only_ever_sends_empty_packets_is_silent(cache_dir):
    model = PrinterModel(kind=kind_of(["mute"]))
    bus = UsbPrinterBus(model, 0x0416, 0x5011)
    bus.only_empty = True
    printer = EscposPrinter(UsbTransport(0x0416, 0x5011, cache_dir, backend=bus), PrinterProfile())
    assert printer.status() is PaperState.UNKNOWN


class AtItsBaud(SerialTransport):
    """A pseudo-terminal takes bytes at any speed: this one at that of its line."""

    BAUD = 115_200

    def write(self, data):
        count = super().write(data)
        threading.Event().wait(count * 10 / self.BAUD)
        return count


@pytest.mark.parametrize("xonxoff", [True, False])
def test_a_printer_with_a_small_buffer_stops_the_line_and_loses_nothing(cache_dir, xonxoff):
    model = PrinterModel(kind=kind_of(["mute"]))
    document = tuple(TextLine(f"{number:04d} {'x' * 27}") for number in range(300))
    with on_small_buffer(model) as path:
        transport = AtItsBaud(path, AtItsBaud.BAUD, cache_dir, xonxoff=xonxoff)
        printer = EscposPrinter(transport, PrinterProfile(status=StatusQuery.NONE), font=FONT)
        assert printer.print(document).result is PrintResult.SENT
        printer.close()
    printed = sum(line.endswith("x" * 27) for line in model.paper.text.splitlines())
    assert printed > 100
    assert (printed == 300) == xonxoff
