"""The check of the printer, on the real driver over a modelled printer."""

import pytest

from firmware.ops.doctor.findings import Verdict
from firmware.ops.doctor.printer import PrinterCheck
from hw.printer import EscposPrinter
from hw.printer_encode import Mode, PrinterProfile
from hw.sim.printer.escpos import PrinterModel
from hw.sim.printer.kinds import kind_of
from tests.ops.doctor.machine import verdicts

GOOD, WARNING, BAD, SKIPPED = Verdict.GOOD, Verdict.WARNING, Verdict.BAD, Verdict.SKIPPED


def printer(model, mode=Mode.NATIVE):
    return EscposPrinter(model.transport, PrinterProfile(mode=mode))


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


def test_a_printer_that_answers_nothing_is_a_warning_and_still_prints_its_slip():
    model = PrinterModel(kind=kind_of(["mute"]))  # its TX is not wired
    check = PrinterCheck(printer(model), {"native": printer(model)})
    found = list(check.look())
    assert [each.verdict for each in found] == [WARNING, GOOD]
    assert found[0].detail == "unknown"
    assert "is its TX wired?" in found[0].advice
    assert "POS TEST SLIP" in model.paper.text


def test_the_test_slip_has_a_chinese_line_in_the_printers_signs_and_as_dots():
    model = PrinterModel()
    slips = {mode.value: printer(model, mode) for mode in Mode}
    assert verdicts(PrinterCheck(printer(model), slips)) == [GOOD, GOOD, GOOD, GOOD]
    assert model.paper.text.count("中文测试：签购单￥128.50，谢谢！") == 3
    assert model.anomalies == []


def test_a_slip_that_breaks_off_is_bad():
    model = PrinterModel()
    check = PrinterCheck(printer(model), {"native": printer(model)})
    found = check.look()
    assert next(found).verdict is GOOD
    model.dies_after(40)
    assert [each.verdict for each in found] == [BAD]


@pytest.mark.parametrize(
    ("traits", "typed", "verdict", "said"),
    [
        ("good", "1 y", GOOD, 'printer.mode = "native", printer.qr = true'),
        ("no-qr", "1 n", WARNING, 'printer.mode = "native", printer.qr = false'),
        ("no-chinese no-qr", "2 n", WARNING, 'printer.mode = "mixed", printer.qr = false'),
        ("no-chinese no-qr no-line-dots", "3 n", WARNING, 'printer.mode = "raster"'),
        ("good", "0", BAD, "no slip reads right"),
        ("good", "", BAD, "no slip reads right"),
    ],
)
def test_a_person_says_which_slip_is_right_and_the_doctor_says_the_setting(
    traits, typed, verdict, said
):
    model = PrinterModel(kind=kind_of(traits.split()))
    slips = {
        mode.value: EscposPrinter(
            model.transport, PrinterProfile(mode=mode, qr=mode is Mode.NATIVE)
        )
        for mode in Mode
    }
    typing = iter(typed.split() or [""])
    found = list(PrinterCheck(printer(model), slips, lambda _words: next(typing)).look())[-1]
    assert found.verdict is verdict
    assert said in f"{found.detail} {found.advice}"


def test_the_first_slip_that_reads_right_is_the_one_that_the_kind_of_printer_wants():
    """What a person sees of each slip: a good one has the Chinese line and no payload as text."""
    for traits, first in (
        ("good", 1), ("no-qr", 1), ("no-chinese", 2), ("no-chinese no-line-dots", 3), ("band-48", 1)
    ):  # fmt: skip
        seen = []
        for mode in Mode:
            model = PrinterModel(kind=kind_of(traits.split()))
            profile = PrinterProfile(mode=mode, qr=mode is Mode.NATIVE)
            check = PrinterCheck(
                EscposPrinter(model.transport, profile),
                {mode.value: EscposPrinter(model.transport, profile)},
            )
            list(check.look())
            seen.append("中文测试：签购单￥128.50，谢谢！" in model.paper.text)
        assert seen.index(True) + 1 == first, traits
