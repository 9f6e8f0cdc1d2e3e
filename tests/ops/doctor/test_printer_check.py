"""The check of the printer, on the real driver over a modelled printer."""

import pytest

from firmware.ops.doctor.findings import Verdict
from firmware.ops.doctor.printer import PrinterCheck
from hw.printer import EscposPrinter
from hw.printer_encode import Mode
from hw.sim.printer.escpos import PrinterModel
from tests.ops.doctor.machine import verdicts

GOOD, WARNING, BAD, SKIPPED = Verdict.GOOD, Verdict.WARNING, Verdict.BAD, Verdict.SKIPPED


def printer(model, mode=Mode.NATIVE):
    return EscposPrinter(model.transport, mode=mode)


def test_a_ready_printer_is_good_and_uses_no_paper():
    model = PrinterModel()
    assert verdicts(PrinterCheck(printer(model))) == [GOOD, SKIPPED]
    assert not model.paper.text.strip()


def test_no_printer_is_no_fault():
    assert verdicts(PrinterCheck(None)) == [SKIPPED]


@pytest.mark.parametrize(
    ("fault", "detail", "verdict"),
    [
        ("fail_paper_out", "paper-out", BAD),
        ("fail_cover_open", "cover-open", BAD),
        ("fail_offline", "offline", BAD),
        ("fail_paper_near_end", "near-end", WARNING),
    ],
)
def test_what_the_printer_says_of_itself_is_told(fault, detail, verdict):
    model = PrinterModel()
    getattr(model, fault)()
    found = next(iter(PrinterCheck(printer(model)).look()))
    assert (found.detail, found.verdict) == (detail, verdict)


class Silent(PrinterModel):
    """A printer whose TX is not wired: it prints, and answers nothing."""

    def answers(self):
        super().answers()
        return b""


def test_a_printer_that_answers_nothing_is_a_warning_and_still_prints_its_slip():
    model = Silent()
    check = PrinterCheck(printer(model), {"native": printer(model)})
    found = list(check.look())
    assert [each.verdict for each in found] == [WARNING, GOOD]
    assert found[0].detail == "unknown"
    assert "is its TX wired?" in found[0].advice
    assert "POS TEST SLIP" in model.paper.text


def test_the_test_slip_has_a_chinese_line_in_the_printers_signs_and_as_dots():
    model = PrinterModel()
    slips = {mode.value: printer(model, mode) for mode in Mode}
    assert verdicts(PrinterCheck(printer(model), slips)) == [GOOD, GOOD, GOOD]
    assert model.paper.text.count("中文测试：签购单￥128.50，谢谢！") == 2
    assert model.anomalies == []


def test_a_slip_that_breaks_off_is_bad():
    model = PrinterModel()
    check = PrinterCheck(printer(model), {"native": printer(model)})
    found = check.look()
    assert next(found).verdict is GOOD
    model.dies_after(40)
    assert [each.verdict for each in found] == [BAD]
