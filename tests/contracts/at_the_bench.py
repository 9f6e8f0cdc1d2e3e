"""Whoever is asked to press, to put in and to look: a person at this terminal, or hands on models.

`firmware/pos test -m hardware tests/contracts`, with the service stopped, tries the parts of the
configuration that every command goes by, or of the file that POS_CONFIG names.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory
from gpiozero.threads import GPIOThread

from firmware.core.clock import SystemClock
from firmware.ops.doctor import examination
from firmware.ops.doctor.findings import Finding, Verdict, as_line, examined
from firmware.ops.doctor.machine import Machine
from firmware.terminal.devices import Parts, real_parts
from firmware.terminal.settings import Settings
from hw.board import KEYPAD, SIGNALS, BoardPin
from hw.events import DeviceEvent, Key
from hw.gpio import PinHeader
from hw.keypad import MatrixKeypad
from hw.oled import Oled
from hw.ports import Keypad
from hw.printer import EscposPrinter
from hw.signals import Signals
from hw.sim.panel.matrix import PI_4B_REVISION, Matrix
from hw.sim.panel.ssd1306 import Ssd1306
from hw.sim.printer.escpos import PrinterModel
from hw.worker import KeypadWorker
from tests.cli.bench import TickingClock

PATIENCE_S = 30
PART = pytest.param("part", marks=pytest.mark.hardware)


class Terminal:
    """The parts that a configuration names, each looked at by the doctor before it is tried.

    They are built once: pins have one owner for as long as its process lives.
    """

    def __init__(self, settings: Settings, scratch: Path) -> None:
        config = settings.config
        self._parts: Parts = real_parts(config, scratch, SystemClock())
        checks = examination.checks_of_parts(config, self._parts, Machine(), None, {})
        self._findings: list[Finding] = examined(checks, lambda finding: print(as_line(finding)))

    def part(self, name: str) -> Any:
        """A part by its name in Parts; skips where there is none, or none that is well."""
        told = [finding for finding in self._findings if finding.part == name]
        if not told or told[0].verdict is Verdict.SKIPPED:
            pytest.skip(f"no {name}: none is configured")
        for finding in told:
            if finding.verdict is Verdict.BAD:
                pytest.skip(f"no {name}: {finding.detail}; {finding.advice}")
        return getattr(self._parts, name)

    def close(self) -> None:
        for part in (getattr(self._parts, name) for name in Parts.__struct_fields__):
            if part is not None:
                part.close()


class Person:
    """Somebody at the terminal's own keys, cards and paper, who reads and answers where we print.

    Whoever asks while nobody is there is skipped.
    """

    def __init__(self, terminal: Terminal) -> None:
        self.clock = SystemClock()
        self.part = terminal.part

    def please(self, words: str) -> None:
        """Ask for a deed; what comes of it shows at the part."""
        if not sys.stdin.isatty():
            pytest.skip(f"nobody is at a terminal to be told: {words}")
        print(f"\n  {words} ", end="", flush=True)

    def sees(self, question: str) -> bool:
        """Ask for what only a person can tell."""
        self.please(f"{question} [y/n]")
        return input().strip().lower().startswith("y")


class Hands:
    """Does on models what is asked for, and sees what they show."""

    def __init__(self) -> None:
        self.clock = TickingClock()
        self.chip, self.matrix, self.paper = Ssd1306(), Matrix(KEYPAD), PrinterModel()
        self.pins = MockFactory(revision=PI_4B_REVISION)
        self._parts: dict[str, Any] = {
            "display": Oled(lambda: self.chip),
            "keypad": MatrixKeypad(lambda: PinHeader(self.matrix.factory)),
            "printer": EscposPrinter(self.paper.transport),
            "signals": Signals(lambda: PinHeader(self.pins), buzzer=True, lights=True),
        }
        self.part = self._parts.__getitem__

    def please(self, words: str) -> None:
        """Press a key. Raises ValueError for a deed that no hand knows."""
        keypad = self.part("keypad")
        self.matrix.release_all()
        self.clock.wait_for(lambda: keypad.at_rest, "a keypad at rest")
        self.matrix.press(Key(words.removeprefix("press ")))

    def sees(self, question: str) -> bool:
        """Raises ValueError for what no eye was told to look for."""
        looks: dict[str, Callable[[], bool]] = {
            "chessboard": lambda: self.chip.is_lit and self.chip.image().getpixel((0, 0)) == 0,
            "dark": lambda: not self.chip.is_lit,
            "beep": lambda: self._sounded() and self._was_high(SIGNALS.green),
            "Chinese": lambda: "签购单" in self.paper.paper.text,
        }
        [look] = [look for word, look in looks.items() if word in question]
        return look()

    def close(self) -> None:
        for part in self._parts.values():
            part.close()
        self.pins.close()

    def _sounded(self) -> bool:
        for thread in threading.enumerate():
            if isinstance(thread, GPIOThread):
                thread.join(timeout=PATIENCE_S)
        return self._was_high(SIGNALS.buzzer)

    def _was_high(self, pin: BoardPin) -> bool:
        return any(state.state for state in self.pins.pin(pin.bcm).states)


@contextmanager
def keys_of(keypad: Keypad, clock: SystemClock) -> Iterator[Callable[[], DeviceEvent]]:
    """Scans a keypad, and gives what comes of it, waiting for it half a minute at most."""
    came: queue.SimpleQueue[DeviceEvent] = queue.SimpleQueue()
    worker = KeypadWorker(keypad, came.put, clock)
    worker.thread.start()

    def next_event() -> DeviceEvent:
        try:
            return came.get(timeout=PATIENCE_S)
        except queue.Empty:
            pytest.fail(f"nothing was pressed for {PATIENCE_S} s")

    try:
        yield next_event
    finally:
        worker.end()
        worker.thread.join()
