"""Checks the printer: what it says of itself, and by a test slip what it puts on paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from firmware.ops.doctor.findings import Finding, bad, good, skipped, warning
from hw.ports import Cut, Document, Feed, Line, PaperState, Printer, PrintResult

PART = "printer"
CHINESE = "中文测试：签购单￥128.50，谢谢！"

_ADVICE = {
    PaperState.NEAR_END: "have a new roll at hand",
    PaperState.PAPER_OUT: "put in a roll, the coated side to the head",
    PaperState.COVER_OPEN: "close the cover until it clicks",
    PaperState.OFFLINE: "check supply and cable, then printer.kind and printer.device",
    PaperState.UNKNOWN: "no answers, so an empty roll goes unnoticed: is its TX wired?",
}


class PrinterCheck(Struct, frozen=True):
    """The configured printer, None for none; `slips` are printers by mode to print a slip with."""

    printer: Printer | None
    slips: Mapping[str, Printer] = field(default_factory=dict)

    def look(self) -> Iterator[Finding]:
        """State, then a slip a mode. Uses paper only for `slips`; blocks for the printing."""
        if self.printer is None:
            yield skipped(PART, "none is configured")
            return
        state = self.printer.status()
        if not state.can_print:
            yield bad(PART, state.value, _ADVICE[state])
            return
        if state is PaperState.READY:
            yield good(PART, "ready")
        else:
            yield warning(PART, state.value, _ADVICE[state])
        self.printer.close()  # the wire has one owner at a time
        if not self.slips:
            yield skipped(PART, "no test slip was asked for: --print")
        for mode, printer in self.slips.items():
            yield self._slip(mode, printer)

    def _slip(self, mode: str, printer: Printer) -> Finding:
        report = printer.print(slip(mode))
        printer.close()
        if report.result is PrintResult.SENT:
            told = f"the {mode} slip was sent, {report.bytes_sent} bytes; read its Chinese line"
            return good(PART, told)
        advice = _ADVICE.get(report.state, "check the cable; a slow serial line wants its own baud")
        return bad(PART, f"the {mode} slip: {report.result.value}, {report.state.value}", advice)


def slip(mode: str) -> Document:
    """What the test slip says: how it was printed, and a Chinese line with full-width signs."""
    broken = "Broken? printer.mode = raster" if mode == "native" else "Broken? Check the supply"
    return (
        Line(f"POS TEST SLIP  {mode}"),
        Line(CHINESE),
        Line("0123456789 ABCDEFGHIJ abcdefghij"),
        Line(broken),
        Feed(1),
        Cut(),
    )
