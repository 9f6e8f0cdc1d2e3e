"""Printers that answer otherwise than the best do: late, in another way, never, or no longer."""

from __future__ import annotations

import pytest

from hw.ports import Document, Feed, PaperState, PrintResult, TextLine
from hw.printer import EscposPrinter
from hw.printer_encode import Mode, PrinterProfile, StatusQuery
from hw.printer_font import PaperFont
from hw.printer_status import PATIENCE_MS, QUIET_MS
from hw.sim.printer.escpos import ModelTransport, PrinterModel
from hw.sim.printer.kinds import kind_of

FONT = PaperFont()
RECEIPT: Document = (TextLine("签购单 RMB 1.00"), Feed(2), TextLine("end"))
READS = "签购单 RMB 1.00\n\n\nend"
WAYS = pytest.mark.parametrize("trait", ["good", "gs-r", "esc-v"])


def model_of(*traits: str) -> PrinterModel:
    return PrinterModel(32, FONT, kind=kind_of(traits))


def printer_on(model: PrinterModel, **profile: object) -> EscposPrinter:
    return EscposPrinter(model.transport, PrinterProfile(**profile), FONT)  # type: ignore[arg-type]


@WAYS
def test_every_way_of_answering_proves_that_a_receipt_came_out(trait: str) -> None:
    model = model_of(trait)
    printer = printer_on(model)
    for _ in range(2):
        report = printer.print(RECEIPT)
        assert (report.result, report.state) == (PrintResult.SENT, PaperState.READY)
        assert model.paper.tear().text.lstrip("\n") == READS
    assert model.anomalies == []


@WAYS
def test_every_way_tells_of_a_thin_roll(trait: str) -> None:
    model = model_of(trait)
    model.fail_paper_near_end()
    assert printer_on(model).status() is PaperState.NEAR_END


@WAYS
def test_a_printer_that_hangs_takes_no_receipt_in_silence(trait: str) -> None:
    """Twenty receipts went into an open connection, were kept as sent, and never came out."""
    model = model_of(trait)
    printer = printer_on(model)
    assert printer.print(RECEIPT).result is PrintResult.SENT
    model.fail_hanging()
    reports = [printer.print(RECEIPT) for _ in range(3)]
    assert {report.result for report in reports} == {PrintResult.NOT_STARTED}
    assert printer.status() is PaperState.OFFLINE
    model.clear()
    assert printer.print(RECEIPT).result is PrintResult.SENT
    assert model.paper.text.count("end") == 2


@WAYS
def test_a_printer_that_hangs_within_a_receipt_leaves_doubt(trait: str) -> None:
    model = model_of(trait)

    class HangsInTheMiddle(ModelTransport):
        def write(self, data: bytes) -> int:
            if b"RMB" in data:
                model.fail_hanging()
            return super().write(data)

    printer = EscposPrinter(HangsInTheMiddle(model), PrinterProfile(), FONT)
    report = printer.print(RECEIPT)
    assert (report.result, report.state) == (PrintResult.UNKNOWN, PaperState.OFFLINE)


def test_a_printer_that_is_heard_only_after_a_receipt_leaves_doubt() -> None:
    """It hung since before the terminal's start, and came back while the receipt was sent."""
    model = model_of()
    model.fail_hanging()

    class ComesBackAtTheEnd(ModelTransport):
        def write(self, data: bytes) -> int:
            sent = super().write(data)
            if b"end" in data:
                model.clear()
            return sent

    printer = EscposPrinter(ComesBackAtTheEnd(model), PrinterProfile(), FONT)
    report = printer.print(RECEIPT)
    assert report.result is PrintResult.UNKNOWN
    assert READS not in model.paper.text


def test_a_printer_that_has_never_answered_says_so_and_prints() -> None:
    model = model_of("mute")
    printer = printer_on(model)
    for _ in range(2):
        report = printer.print(RECEIPT)
        assert (report.result, report.state) == (PrintResult.SENT, PaperState.UNKNOWN)
        assert model.paper.tear().text == READS
    assert model.anomalies == []


def test_a_printer_that_is_not_to_be_asked_is_sent_no_question() -> None:
    model = model_of()
    printer = printer_on(model, status=StatusQuery.NONE)
    assert printer.print(RECEIPT).state is PaperState.UNKNOWN
    assert model.transport.read(0) == b""


@pytest.mark.parametrize("mode", Mode)
def test_answers_that_come_late_are_waited_for(mode: Mode) -> None:
    model = model_of()
    model.fail_late()
    printer = printer_on(model, mode=mode)
    for _ in range(2):
        assert printer.print(RECEIPT).result is PrintResult.SENT
    assert model.paper.text.count("end") == 2


def test_an_answer_that_came_late_never_stands_for_the_next_question() -> None:
    """All is well, says the answer to a question from before the cover was opened."""
    for lateness_ms in range(0, 1_000, 50):
        model = model_of()
        printer = printer_on(model)
        assert printer.status() is PaperState.READY
        model.late_ms = lateness_ms
        printer.status()
        model.late_ms = 0
        model.fail_cover_open()
        assert printer.status() is PaperState.COVER_OPEN, lateness_ms


def test_answers_of_any_lateness_tell_the_state_as_it_is() -> None:
    for lateness_ms in range(0, 3_000, 100):
        model = model_of()
        model.late_ms = lateness_ms
        printer = printer_on(model)
        model.fail_cover_open()
        unheard = {PaperState.UNKNOWN, PaperState.OFFLINE} if lateness_ms > 1_500 else set()
        assert printer.status() in {PaperState.COVER_OPEN} | unheard, lateness_ms
        model.clear()
        model.late_ms = lateness_ms
        assert printer.status() in {PaperState.READY} | unheard, lateness_ms


@WAYS
def test_a_printer_that_hung_at_first_is_heard_later_in_its_own_way(trait: str) -> None:
    """Asked by DLE EOT alone from then on, one that answers in turn was never heard again."""
    model = model_of(trait)
    model.fail_hanging()
    printer = printer_on(model)
    assert {printer.status() for _ in range(5)} == {PaperState.UNKNOWN}
    model.clear()
    assert PaperState.READY in [printer.status() for _ in range(3)]
    report = printer.print(RECEIPT)
    assert (report.result, report.state) == (PrintResult.SENT, PaperState.READY)
    assert model.paper.tear().text.lstrip("\n") == READS
    assert model.anomalies == []


def test_no_question_to_a_silent_printer_takes_longer_than_one_way_does() -> None:
    model = model_of("mute")
    printer = printer_on(model)
    printer.status()
    took_ms = []
    for _ in range(4):
        before_ms = model.transport.now_ms
        assert printer.status() is PaperState.UNKNOWN
        took_ms.append(model.transport.now_ms - before_ms)
    assert max(took_ms) <= QUIET_MS + PATIENCE_MS
    assert model.paper.text.strip() == ""
