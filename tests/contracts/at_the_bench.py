"""Whoever is asked to press, to put in and to look: a person at a wired Pi, or hands on models."""

from __future__ import annotations

import os
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from firmware.cli.parts import Parts, real_parts
from firmware.cli.settings import settings_of
from hw.board import KEYPAD, SIGNALS, Pin
from hw.card_reader import PcscReader
from hw.events import DeviceLost, Event, Key
from hw.gpio import Header
from hw.keypad import MatrixKeypad
from hw.oled import Oled
from hw.ports import Keypad
from hw.printer import EscposPrinter
from hw.signals import Signals
from hw.sim.cards import tray
from hw.sim.escpos import PrinterModel
from hw.sim.matrix import PI_4B_REVISION, Matrix
from hw.sim.pcsc import PcscModel
from hw.sim.ssd1306 import Ssd1306
from hw.worker import KeypadWorker, SystemClock
from tests.cli.bench import TickingClock

PATIENCE_S = 30
INSTALLED = Path("/etc/pos-terminal/terminal.toml")


class Person:
    """Somebody at the terminal's own keys, cards and paper, who reads and answers on a tty."""

    def __init__(self, data: Path) -> None:
        try:
            # opened, not inherited: pytest keeps what a test reads and prints to itself
            self._ears = Path("/dev/tty").open("w", encoding="utf-8")  # noqa: SIM115
            self._mouth = Path("/dev/tty").open(encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            pytest.skip(f"nobody is at a terminal: {error.strerror}")
        named = os.environ.get("POS_CONFIG")
        path = Path(named) if named else INSTALLED if INSTALLED.exists() else None
        settings = settings_of(path)
        self.clock = SystemClock()
        self.parts: Parts = real_parts(settings.config, data, self.clock)

    def please(self, words: str) -> None:
        """Ask for a deed; what comes of it shows at the part."""
        print(f"\n  {words} ", end="", file=self._ears, flush=True)

    def sees(self, question: str) -> bool:
        """Ask for what only a person can tell."""
        self.please(f"{question} [y/n]")
        return self._mouth.readline().strip().lower().startswith("y")

    def close(self) -> None:
        self._ears.close()
        self._mouth.close()


class Hands:
    """Does on models what is asked for, and sees what they show."""

    def __init__(self) -> None:
        self.clock = TickingClock()
        self.chip, self.matrix, self.slot = Ssd1306(), Matrix(KEYPAD), PcscModel()
        self.paper = PrinterModel()
        self.pins = MockFactory(revision=PI_4B_REVISION)
        self.parts = Parts(
            display=Oled(lambda: self.chip),
            keypad=MatrixKeypad(self.matrix.factory),
            reader=PcscReader(self.slot, self.clock, pause=lambda _: None),
            printer=EscposPrinter(self.paper.transport),
            signals=Signals(lambda: Header(self.pins), buzzer=True, lights=True),
        )

    def please(self, words: str) -> None:
        """Raises KeyError or ValueError for a deed that no hand knows."""
        verb, _, rest = words.partition(" ")
        match verb:
            case "press":
                keypad = self.parts.keypad
                self.matrix.release_all()
                self.clock.wait_for(lambda: keypad.at_rest, "a keypad at rest")
                self.matrix.press(Key(rest))
            case "put":
                self.slot.insert(tray()["visa-debit"])
            case _:
                self.slot.remove()

    def sees(self, question: str) -> bool:
        """Raises KeyError for what no eye was told to look for."""
        looks: dict[str, Callable[[], bool]] = {
            "chessboard": lambda: self.chip.is_lit and self.chip.image().getpixel((0, 0)) == 0,
            "dark": lambda: not self.chip.is_lit,
            "beep": lambda: self._sounded() and self._was_high(SIGNALS.green),
            "Chinese": lambda: "签购单" in self.paper.paper.text,
        }
        [look] = [look for word, look in looks.items() if word in question]
        return look()

    def close(self) -> None:
        self.pins.close()

    def _sounded(self) -> bool:
        self.parts.signals._outputs["buzzer"]._blink_thread.join(timeout=PATIENCE_S)
        return self._was_high(SIGNALS.buzzer)

    def _was_high(self, pin: Pin) -> bool:
        return any(state.state for state in self.pins.pin(pin.bcm).states)


@contextmanager
def keys_of(keypad: Keypad, clock: SystemClock) -> Iterator[Callable[[], Event]]:
    """Scans a keypad, and gives what comes of it, waiting for it half a minute at most."""
    came: queue.SimpleQueue[Event] = queue.SimpleQueue()
    worker = KeypadWorker(keypad, came.put, clock)
    worker.thread.start()
    try:
        yield lambda: came.get(timeout=PATIENCE_S)
    finally:
        worker.stop()


def lost_in(events: list[Event]) -> str:
    """Why a part is not there, by what it told; "" when it is."""
    return next((event.detail for event in events if isinstance(event, DeviceLost)), "")
