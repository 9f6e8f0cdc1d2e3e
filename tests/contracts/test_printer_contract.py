"""What every printer owes the firmware: see hw.ports.Printer. On a real one paper is used."""

import typing

import pytest

from hw.ports import Cut, Feed, PaperState, Printer, PrintReport, PrintResult, Qr, TextLine
from hw.printer import EscposPrinter
from hw.printer_encode import Mode, PrinterProfile
from hw.printer_link import transport_for
from hw.sim.printer.escpos import PrinterModel
from tests.contracts.at_the_bench import PART

DOCUMENT = (TextLine("签购单 POS SALES SLIP"), Feed(1), Qr("POS1"), TextLine("￥128.50"), Cut())


@pytest.fixture(params=[*Mode, PART])
def printer(request):
    """A printer that is well and has paper."""
    if request.param == "part":
        made = request.getfixturevalue("terminal").part("printer")
    else:
        made = EscposPrinter(PrinterModel().transport, PrinterProfile(mode=request.param))
    yield made
    made.close()


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
    assert [printer.print((TextLine(str(n)),)).result for n in range(3)] == [PrintResult.SENT] * 3


@pytest.mark.parametrize("mode", Mode)
def test_nothing_raises_when_no_printer_is_there(mode, tmp_path):
    absent = EscposPrinter(
        transport_for(f"file:{tmp_path}/lp0", tmp_path), PrinterProfile(mode=mode)
    )
    assert absent.status() is PaperState.OFFLINE
    assert absent.print(DOCUMENT) == PrintReport(PrintResult.NOT_STARTED, PaperState.OFFLINE)
    absent.close()
    absent.close()
