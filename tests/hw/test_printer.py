"""The printer driver on the modelled printer: what is printed, and what is said of it."""

import pytest

from hw.ports import (
    Align,
    Cut,
    Document,
    Feed,
    PaperState,
    PrintReport,
    PrintResult,
    Qr,
    Size,
    TextLine,
)
from hw.printer import CLEAN_SLATE, EscposPrinter
from hw.printer_encode import Encoder, Mode, PrinterProfile
from hw.printer_font import PaperFont
from hw.printer_status import state_of
from hw.sim.printer.escpos import ModelTransport, PrinterModel

MODES = pytest.mark.parametrize("mode", list(Mode))
FONT = PaperFont()
VOUCHER: Document = (
    TextLine("签购单 POS SALES SLIP", Size.TALL, Align.CENTRE, bold=True),
    TextLine("商户存根 MERCHANT COPY", align=Align.RIGHT),
    TextLine(),
    TextLine("消费 SALE", Size.LARGE, Align.CENTRE),
    TextLine("金额 RMB 128.50", Size.LARGE, bold=True),
    TextLine("odd centre", align=Align.CENTRE),
    TextLine("备注：￥12.50，（谢谢）。"),
    Qr("POS1:0001:128.50"),
    Feed(2),
    TextLine("幸福小店 HAPPY STORE"),
    Cut(),
)
READS = """\
     签购单 POS SALES SLIP
          商户存根 MERCHANT COPY

       消费 SALE
金额 RMB 128.50
           odd centre
备注：￥12.50，（谢谢）。


幸福小店 HAPPY STORE"""

NEXT: Document = (TextLine("下一联 NEXT", align=Align.RIGHT), TextLine("RMB 1.00", Size.LARGE))
NEXT_READS = " " * 21 + "下一联 NEXT\nRMB 1.00"


def printer_on(model: PrinterModel, mode: Mode = Mode.NATIVE, **profile: bool) -> EscposPrinter:
    return EscposPrinter(model.transport, PrinterProfile(model.columns, mode=mode, **profile), FONT)


class Mute(ModelTransport):
    """A cable on which nothing comes back."""

    def read(self, timeout_ms: int) -> bytes:
        super().read(timeout_ms)
        return b""


class Recording(ModelTransport):
    """A cable on which all that goes out is kept."""

    def __init__(self, printer: PrinterModel) -> None:
        super().__init__(printer)
        self.sent = b""

    def write(self, data: bytes) -> int:
        taken = super().write(data)
        self.sent += data[:taken]
        return taken


@MODES
def test_a_voucher_reads_the_same_in_either_mode(mode: Mode) -> None:
    model = PrinterModel()
    report = printer_on(model, mode).print(VOUCHER)
    assert report.result is PrintResult.SENT
    assert report.state is PaperState.READY
    assert model.paper.text == READS
    assert model.anomalies == []


def test_wide_paper_takes_forty_eight_columns() -> None:
    for mode in Mode:
        model = PrinterModel(columns=48)
        printer = printer_on(model, mode)
        printer.print((TextLine("5" * 48), TextLine("右", align=Align.RIGHT)))
        assert printer.columns == 48
        assert model.paper.text == "5" * 48 + "\n" + " " * 46 + "右"
        assert model.anomalies == []


def test_a_symbol_is_drawn_by_the_printer_where_it_can_and_as_dots_where_not() -> None:
    able, unable = PrinterModel(), PrinterModel()
    printer_on(able).print((Qr("pos1"),))
    printer_on(unable, qr=False).print((Qr("pos1"),))
    assert able.paper.has_qr == ("pos1",)
    assert unable.paper.has_qr == ()
    assert able.paper.height_px == unable.paper.height_px  # and both keep a quiet zone
    assert ink_px(able) > 0
    assert ink_px(able) == ink_px(unable)


def ink_px(model: PrinterModel) -> int:
    return model.paper.image().histogram()[0]


def test_only_a_printer_with_a_cutter_is_told_to_cut() -> None:
    for cutter in (True, False):
        model = PrinterModel()
        printer_on(model, cutter=cutter).print((TextLine("x"), Cut()))
        assert len(model.paper.cuts_px) == cutter
        assert model.paper.height_px > 100  # past the tear bar either way


def test_an_empty_roll_starts_nothing_and_the_same_job_prints_unmarked_later() -> None:
    model = PrinterModel()
    printer = printer_on(model)
    model.fail_paper_out()
    assert printer.print(VOUCHER) == PrintReport(PrintResult.NOT_STARTED, PaperState.PAPER_OUT)
    model.fail_paper_out(on=False)
    assert model.paper.text == ""
    assert printer.print(VOUCHER).result is PrintResult.SENT
    assert model.paper.text == READS


def test_an_open_cover_starts_nothing() -> None:
    model = PrinterModel()
    model.fail_cover_open()
    report = printer_on(model).print(VOUCHER)
    assert report == PrintReport(PrintResult.NOT_STARTED, PaperState.COVER_OPEN)


def test_an_unplugged_printer_is_offline_and_works_again_when_plugged_in() -> None:
    model = PrinterModel()
    printer = printer_on(model)
    assert printer.status() is PaperState.READY
    model.fail_offline()
    assert printer.status() is PaperState.OFFLINE
    assert printer.print(VOUCHER) == PrintReport(PrintResult.NOT_STARTED, PaperState.OFFLINE)
    model.fail_offline(on=False)
    assert printer.print(VOUCHER).result is PrintResult.SENT
    assert model.paper.text == READS


def test_a_thin_roll_is_named_and_prints_on() -> None:
    model = PrinterModel()
    model.fail_paper_near_end()
    report = printer_on(model).print((TextLine("x"),))
    assert (report.result, report.state) == (PrintResult.SENT, PaperState.NEAR_END)


def test_paper_that_ends_within_a_job_leaves_doubt() -> None:
    model = PrinterModel()
    printer = printer_on(model)
    printer.print((TextLine("before"),))
    model.paper_ends_after(200)
    report = printer.print(VOUCHER)
    assert (report.result, report.state) == (PrintResult.UNKNOWN, PaperState.PAPER_OUT)
    assert "HAPPY STORE" not in model.paper.text
    model.fail_paper_out(on=False)
    assert model.paper.text.endswith("幸福小店 HAPPY STORE")  # it was in the printer's buffer
    assert printer.print(NEXT).result is PrintResult.SENT
    assert model.paper.text.endswith(NEXT_READS)


def test_a_printer_that_never_answers_is_taken_at_the_wires_word() -> None:
    model = PrinterModel()
    printer = EscposPrinter(Mute(model), PrinterProfile(), FONT)
    assert printer.status() is PaperState.UNKNOWN
    report = printer.print(VOUCHER)
    assert (report.result, report.state) == (PrintResult.SENT, PaperState.UNKNOWN)
    assert model.paper.text == READS


def test_a_printer_that_falls_silent_within_a_job_leaves_doubt() -> None:
    model = PrinterModel()

    class FallsSilent(ModelTransport):
        def read(self, timeout_ms: int) -> bytes:
            answers = super().read(timeout_ms)
            return b"" if "HAPPY STORE" in model.paper.text else answers

    report = EscposPrinter(FallsSilent(model), PrinterProfile(), FONT).print(VOUCHER)
    assert (report.result, report.state) == (PrintResult.UNKNOWN, PaperState.OFFLINE)


def test_bytes_sent_are_those_of_the_document() -> None:
    model = PrinterModel()
    printer = printer_on(model)
    model.dies_after(100)
    report = printer.print(VOUCHER)
    assert report.result is PrintResult.UNKNOWN
    assert 0 < report.bytes_sent < 100


class LateFence(ModelTransport):
    """A printer that comes to the end of its buffer only after so many reads."""

    def __init__(self, printer: PrinterModel, reads: int) -> None:
        super().__init__(printer)
        self.reads_to_wait = reads
        self.waited_ms = 0
        self._late = b""

    def read(self, timeout_ms: int) -> bytes:
        self._late += super().read(timeout_ms)
        self.reads_to_wait -= bool(timeout_ms)
        if self.reads_to_wait > 0:
            answers = bytes(byte for byte in self._late if byte & 0x10)
            self._late = bytes(byte for byte in self._late if not byte & 0x10)
        else:
            answers, self._late = self._late, b""
        self.waited_ms += 0 if answers else timeout_ms
        return answers


def test_a_slow_printer_is_waited_for_until_it_is_through() -> None:
    model = PrinterModel()
    wire = LateFence(model, 0)
    printer = EscposPrinter(wire, PrinterProfile(), FONT)
    printer.print(NEXT)
    wire.reads_to_wait = 20
    assert printer.print(NEXT).result is PrintResult.SENT
    assert 2_000 <= wire.waited_ms <= 20_000


def test_a_printer_that_stands_still_within_a_job_leaves_doubt() -> None:
    model = PrinterModel()
    wire = LateFence(model, 0)
    printer = EscposPrinter(wire, PrinterProfile(), FONT)
    printer.print(NEXT)
    wire.reads_to_wait = 10_000
    report = printer.print(NEXT)
    assert (report.result, report.state) == (PrintResult.UNKNOWN, PaperState.READY)


def test_a_printer_without_ordered_status_is_padded_once_and_trusted() -> None:
    model = PrinterModel()
    wire = LateFence(model, 1_000_000)
    printer = EscposPrinter(wire, PrinterProfile(), FONT)
    assert printer.print(VOUCHER).result is PrintResult.SENT
    received = model.bytes_received
    assert printer.print(VOUCHER).result is PrintResult.SENT
    assert received > len(CLEAN_SLATE) > model.bytes_received - received


@MODES
def test_a_job_cut_at_any_byte_never_swallows_the_next(mode: Mode) -> None:
    job: Document = (
        TextLine("第一联 FIRST", Size.TALL, bold=True),
        Qr("POS1"),
        TextLine("尾 tail"),
        Cut(),
    )
    whole = PrinterModel()
    printer_on(whole, mode).print(job)
    step = 1 if mode is Mode.NATIVE else 61
    for cut_at in range(0, whole.bytes_received, step):
        model = PrinterModel()
        printer = printer_on(model, mode)
        model.dies_after(cut_at)
        first = printer.print(job).result
        model.clear()
        torn = model.paper.tear()
        assert first is not PrintResult.SENT or torn.text == whole.paper.text, cut_at
        if first is PrintResult.NOT_STARTED:
            assert torn.text == "", cut_at
        assert printer.print(NEXT).result is PrintResult.SENT, cut_at
        assert model.paper.text.endswith(NEXT_READS), cut_at


@MODES
def test_a_job_cut_by_a_crash_of_the_terminal_never_swallows_the_next(mode: Mode) -> None:
    for cut_at in (20, 60, 150, 400):
        model = PrinterModel()
        model.dies_after(cut_at)
        printer_on(model, mode).print((Qr("POS1" * 50), TextLine("x" * 32)))
        model.clear()
        model.paper.tear()
        assert printer_on(model, mode).print(VOUCHER).result is PrintResult.SENT
        assert model.paper.text.endswith(READS), cut_at


def test_without_a_clean_slate_the_next_job_would_be_swallowed() -> None:
    model = PrinterModel()
    model.dies_after(400)
    printer_on(model, Mode.RASTER).print((Qr("POS1" * 50),))
    model.clear()
    encoder = Encoder(PrinterProfile(), FONT)
    model.transport.reopen()
    model.transport.write(encoder.setup() + encoder.body((TextLine("swallowed"),)))
    assert "swallowed" not in model.paper.text
    model.transport.write(CLEAN_SLATE + encoder.setup() + encoder.body((TextLine("printed"),)))
    assert "printed" in model.paper.text


def test_a_healthy_printer_gets_no_padding() -> None:
    model = PrinterModel()
    wire = Recording(model)
    printer = EscposPrinter(wire, PrinterProfile(), FONT)
    for _ in range(3):
        printer.print((TextLine("x"),))
    assert bytes(100) not in wire.sent


def test_dots_that_look_like_a_question_do_not_pass_for_its_answer() -> None:
    model = PrinterModel()
    printer = printer_on(model)
    printer.status()
    # an answer "all is well" that nobody asked for, then the paper runs out
    model.transport.write(b"\x1dv0\x00\x03\x00\x01\x00\x10\x04\x04")
    model.fail_paper_out()
    assert printer.status() is PaperState.PAPER_OUT


def test_malformed_answers_are_no_answers() -> None:
    model = PrinterModel()

    class Noisy(ModelTransport):
        def read(self, timeout_ms: int) -> bytes:
            return b"".join(b"\xff\x93" + bytes((byte,)) for byte in super().read(timeout_ms))

    model.fail_cover_open()
    noisy = EscposPrinter(Noisy(model), PrinterProfile(), FONT)
    assert noisy.status() is PaperState.COVER_OPEN


def test_whatever_a_babbling_printer_answers_its_paper_is_whole() -> None:
    model = PrinterModel(32, FONT)
    printer = printer_on(model)
    model.fail_babbling()
    for _ in range(20):
        report = printer.print(VOUCHER)
        assert (report.result is PrintResult.NOT_STARTED) == (report.bytes_sent == 0)
        assert model.paper.tear().text == (READS if report.bytes_sent else "")
    model.clear()
    assert printer.print(VOUCHER).result is PrintResult.SENT
    assert model.paper.tear().text == READS


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ((0x12, 0x12, 0x12, 0x12), PaperState.READY),
        ((0x16, 0x12, 0x12, 0x12), PaperState.READY),  # drawer pin
        ((0x12, 0x12, 0x12, 0x1E), PaperState.NEAR_END),
        ((0x1A, 0x32, 0x12, 0x7E), PaperState.PAPER_OUT),
        ((0x1A, 0x12, 0x12, 0x72), PaperState.PAPER_OUT),
        ((0x1A, 0x36, 0x12, 0x7E), PaperState.COVER_OPEN),
        ((0x1A, 0x12, 0x12, 0x12), PaperState.OFFLINE),
        ((0x12, 0x52, 0x12, 0x12), PaperState.OFFLINE),
        ((0x12, 0x12, 0x1A, 0x12), PaperState.OFFLINE),  # cutter jammed
    ],
)
def test_status_is_read_bit_by_bit(answers: tuple[int, int, int, int], state: PaperState) -> None:
    assert state_of(*answers) is state


def test_a_closed_printer_opens_again_by_itself() -> None:
    model = PrinterModel()
    printer = printer_on(model)
    printer.print((TextLine("one"),))
    printer.close()
    printer.print((TextLine("two"),))
    assert model.paper.text == "one\ntwo"
