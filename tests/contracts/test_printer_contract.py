"""What every printer owes the firmware: see hw.ports.Printer.

On a real printer paper is used, and what was printed is for the eye: POS_PRINTER names it, as
in `usb:0416:5011` or `file:/dev/usb/lp0`.
"""

import os
import typing

import pytest

from hw.events import Device
from hw.ports import Cut, DeviceFault, Feed, Line, PaperState, Printer, PrintReport, PrintResult, Qr
from hw.printer import EscposPrinter
from hw.printer_encode import Mode, Profile
from hw.printer_link import transport_for
from hw.sim.escpos import PrinterModel

ON_MODEL_AND_PART = ["model", pytest.param("part", marks=pytest.mark.hardware)]
DOCUMENT = (Line("签购单 POS SALES SLIP"), Feed(1), Qr("POS1"), Line("￥128.50"), Cut())


@pytest.fixture(params=list(Mode))
def mode(request):
    return request.param


@pytest.fixture(params=ON_MODEL_AND_PART)
def printer(request, mode, real_part, tmp_path):
    """A printer that is well and has paper."""
    if request.param == "model":
        made = EscposPrinter(PrinterModel().transport, mode=mode)
    else:
        made = real_part(lambda: on_part(mode, tmp_path))
    yield made
    made.close()


def on_part(mode, cache_dir):
    address = os.environ.get("POS_PRINTER")
    if address is None:
        raise DeviceFault(Device.PRINTER, "POS_PRINTER names none")
    made = EscposPrinter(transport_for(address, cache_dir), Profile(), mode)
    if not made.status().can_print:
        raise DeviceFault(Device.PRINTER, f"{address} is {made.status().value}")
    return made


def test_it_is_a_printer(printer):
    taken: Printer = printer
    assert taken.columns in (32, 48)
    assert typing.get_type_hints(type(printer).print)["return"] is PrintReport


def test_a_well_printer_can_print(printer):
    assert printer.status().can_print


def test_a_document_is_sent_and_its_bytes_counted(printer):
    report = printer.print(DOCUMENT)
    assert report.result is PrintResult.SENT
    assert report.state.can_print
    assert report.bytes_sent > 0


def test_an_empty_document_is_sent(printer):
    assert printer.print(()).result is PrintResult.SENT


def test_documents_follow_one_another(printer):
    assert [printer.print((Line(str(n)),)).result for n in range(3)] == [PrintResult.SENT] * 3


def test_nothing_raises_when_no_printer_is_there(mode, tmp_path):
    absent = EscposPrinter(transport_for(f"file:{tmp_path}/lp0", tmp_path), Profile(), mode)
    assert absent.status() is PaperState.OFFLINE
    assert absent.print(DOCUMENT) == PrintReport(PrintResult.NOT_STARTED, PaperState.OFFLINE)
    absent.close()
    absent.close()
