"""A program: starts a terminal as `pos run` does, up to its idle screen, and ends.

`idle.py FOLDER` has the real drivers; display, keypad and card slot hang on wires that lead
nowhere, so no model is loaded. At the first idle frame it prints how much memory is resident, in
kB, and how long the processor has worked, in seconds.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

import firmware.terminal.process  # noqa: F401 - a start imports what the command imports
from firmware.core.clock import SystemClock
from firmware.core.config import Config
from firmware.terminal.assembly import Assembly
from firmware.terminal.devices import Parts, TellingDisplay, real_parts
from firmware.terminal.loop import Inbox, Loop
from firmware.terminal.service_manager import ServiceManager
from firmware.terminal.settings import Settings
from firmware.ui.render import Frame
from firmware.ui.texts import Language, Text
from hw.events import DeviceEvent
from hw.gpio import PinHeader
from hw.keypad import MatrixKeypad
from hw.oled import Oled
from hw.ports import CardGone

STATUS = Path("/proc/self/status")


class _Wire:
    """A display's bus that leads nowhere."""

    def command(self, *cmd: int) -> None: ...

    def data(self, data: Sequence[int]) -> None: ...

    def cleanup(self) -> None: ...


class _EmptySlot:
    """A reader with no card in it."""

    def poll(self, timeout_ms: int) -> Sequence[DeviceEvent]:  # noqa: ARG002 - nothing is waited for
        return []

    def interrupt(self) -> None: ...

    def power_on(self) -> bytes:
        raise CardGone

    def transmit(self, command: bytes) -> bytes:  # noqa: ARG002 - there is no card
        raise CardGone

    def power_off(self) -> None: ...

    def close(self) -> None: ...


def main(folder: Path) -> int:
    """Start, tell, end."""
    clock, inbox = SystemClock(), Inbox()
    settings = Settings(Config(), None)
    wanted = Text.ENTER_AMOUNT.in_language(Language(settings.config.general.language))

    def on_frame(frame: Frame) -> None:
        if wanted in frame.text:
            print(resident_kb() or 0, time.process_time(), flush=True)
            inbox.stop()

    parts = _without_wires(real_parts(settings.config, folder, clock))
    assembly = Assembly(settings.config, folder, parts, clock, inbox.post, on_frame=on_frame)
    runner = assembly.terminal.runner
    Loop(runner, inbox.take, clock, assembly.threads, ServiceManager.of(os.environ)).run()
    assembly.close()
    return 0


def resident_kb() -> int | None:
    """Resident memory of this process, where the kernel tells."""
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), None)


def _header() -> PinHeader:
    from gpiozero.pins.mock import MockFactory  # noqa: PLC0415 - as the real header does

    return PinHeader(MockFactory())


def _without_wires(parts: Parts) -> Parts:
    return replace(
        parts,
        display=TellingDisplay(Oled(_Wire)),
        keypad=MatrixKeypad(_header),
        reader=_EmptySlot(),
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
