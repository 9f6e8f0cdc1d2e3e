"""The printer, its test slips, and the serial port where it has one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, field

from firmware.ops.doctor.findings import Finding, Verdict, bad, good, skipped, warning
from firmware.ops.doctor.machine import Machine
from hw.ports import (
    Align,
    Cut,
    Document,
    Feed,
    PaperState,
    Printer,
    PrintResult,
    Qr,
    Size,
    TextLine,
)

PART = "printer"
CHINESE = "中文测试：签购单￥128.50，谢谢！"
QR_TEXT = "POS TEST SLIP"

_ADVICE = {
    PaperState.NEAR_END: "have a new roll at hand",
    PaperState.PAPER_OUT: "put in a roll, the coated side to the head",
    PaperState.COVER_OPEN: "close the cover until it clicks",
    PaperState.OFFLINE: "check supply and cable, then printer.kind and printer.device",
    PaperState.UNKNOWN: "it never answers, so nobody can vouch for its paper, and an empty roll "
    "goes unnoticed: is its TX wired?",
}


class PrinterCheck(Struct, frozen=True):
    """The configured printer, None for none.

    `slips` are printers by mode, each to print a slip with, native first; `setting` is the mode and
    the QR that are set. `choose` asks a person at the keyboard and gives what was typed.
    """

    printer: Printer | None
    slips: Mapping[str, Printer] = field(default_factory=dict)
    choose: Callable[[str], str] | None = None
    setting: tuple[str, bool] = ("native", True)

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
            return
        findings = [self._slip(at, mode) for at, mode in enumerate(self.slips, 1)]
        yield from findings
        if self.choose is not None and all(each.verdict is Verdict.GOOD for each in findings):
            yield self._chosen(self.choose)

    def _slip(self, number: int, mode: str) -> Finding:
        printer = self.slips[mode]
        report = printer.print(slip(number, mode))
        printer.close()
        if report.result is PrintResult.SENT:
            told = f"slip {number} ({mode}) was sent, {report.bytes_sent} bytes; read its text"
            return good(PART, told)
        advice = _ADVICE.get(report.state, "check the cable; a slow serial line wants its own baud")
        what = f"slip {number} ({mode}): {report.result.value}, {report.state.value}"
        return bad(PART, what, advice)

    def _chosen(self, choose: Callable[[str], str]) -> Finding:
        """Which slip reads right, and whether the first one's QR does: the setting to make."""
        modes = list(self.slips)
        answer = choose(f"Which is the first slip that reads right? 1 to {len(modes)}, 0 for none")
        if not answer.isascii() or not answer.isdigit() or not 1 <= int(answer) <= len(modes):
            advice = "check baud, supply and the head; try another printer.model"
            return bad(PART, "no slip reads right", advice)
        mode = modes[int(answer) - 1]
        symbol = choose("Is slip 1's QR code drawn, and read by a telephone? y or n")
        chosen = (mode, symbol.strip().lower().startswith("y"))
        said = f'printer.mode = "{mode}", printer.qr = {str(chosen[1]).lower()}'
        if chosen == self.setting or (mode == "raster" == self.setting[0]):
            return good(PART, f"as it is set: {said}")
        return warning(PART, f"slip {answer} is right, and it is not set so", f"set {said}")


def slip(number: int, mode: str) -> Document:
    """A test slip with all that a receipt is made of: text, Chinese, large signs, a QR code."""
    return (
        TextLine(f"{number}", Size.LARGE, Align.CENTRE, bold=True),
        TextLine(f"POS TEST SLIP {number}  {mode}"),
        TextLine(CHINESE),
        TextLine("0123456789 ABCDEFGHIJ abcdefghij"),
        TextLine("金额 RMB 128.50", Size.LARGE, Align.RIGHT, bold=True),
        Qr(QR_TEXT),
        TextLine(f'Right? printer.mode = "{mode}"'),
        Feed(1),
        Cut(),
    )


COMMAND_LINE = "/proc/cmdline"
ENABLED_LOGINS = "/etc/systemd/system/getty.target.wants"
DEBUG_PORT = "/dev/ttyAMA10"  # of a Pi 5, three pins of its own; its /dev/serial0
_HEADER = (
    "put `dtparam=uart0=on` in /boot/firmware/config.txt, "
    'set printer.device = "/dev/ttyAMA0", and reboot'
)
_NO_CONSOLE = (
    "`sudo raspi-config nonint do_serial_cons 1`, or take that word out of "
    "/boot/firmware/cmdline.txt; and reboot"
)


class SerialPortCheck(Struct, frozen=True):
    """The serial port `path`, as the settings name it."""

    machine: Machine
    path: str

    def look(self) -> Iterator[Finding]:
        """Which port it is, the kernel's console, logins. Silent where there is no such port."""
        if not self.machine.exists(self.path):
            return
        port = self.machine.resolved(self.path)
        if port == DEBUG_PORT != self.path:
            detail = f"{self.path} is the Pi 5's debug connector, not the header"
            yield bad(PART, detail, _HEADER)
            return
        found = [*self._consoles(port), *self._logins(port)]
        yield from found or [good(PART, f"{self.path} is nobody else's")]

    def _consoles(self, port: str) -> Iterator[Finding]:
        """By `console=` the kernel prints there, and systemd-getty-generator starts a login."""
        for word in (self.machine.read(COMMAND_LINE) or b"").decode(errors="replace").split():
            name, _, value = word.partition("=")
            if name == "console" and self._is(value.partition(",")[0], port):
                detail = f"the kernel's messages and a login go to {self.path}, by `{word}`"
                yield bad(PART, detail, _NO_CONSOLE)

    def _logins(self, port: str) -> Iterator[Finding]:
        """Logins that somebody enabled by hand; raspi-config leaves those alone."""
        for link in self.machine.listed(ENABLED_LOGINS, "serial-getty@*.service"):
            unit = link.rpartition("/")[2]
            if self._is(unit.removeprefix("serial-getty@").removesuffix(".service"), port):
                advice = f"sudo systemctl disable --now {unit}"
                yield bad(PART, f"a login waits on {self.path}", advice)

    def _is(self, name: str, port: str) -> bool:
        return self.machine.resolved(f"/dev/{name}") == port
