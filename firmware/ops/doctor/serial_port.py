"""Checks that a printer's serial port is the header's, and that nobody else talks on it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from firmware.ops.doctor.findings import Finding, bad, good
from firmware.ops.doctor.machine import Machine

PART = "printer"
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
