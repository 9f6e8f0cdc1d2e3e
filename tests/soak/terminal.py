"""The terminal of a soak: `pos run`'s own loop in a process of its own, on modelled parts.

Hands come as lines on its standard input, its display goes out as lines of JSON. With
PCSCLITE_CSOCK_NAME set the reader is the real one, over a real pcscd; else it is modelled.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from firmware.acquirer.accounts import Account
from firmware.core.clock import SystemClock
from firmware.core.config import Config
from firmware.core.config_file import set_from_text
from firmware.core.log import set_up
from firmware.emv.ca_keys import CaKeys
from firmware.lab.issuers import tray_books
from firmware.terminal.devices import Parts, Scard
from firmware.terminal.process import run_terminal
from firmware.terminal.settings import Settings
from firmware.ui.render import Frame
from hw.board import KEYPAD
from hw.card_reader import PcscReader
from hw.events import DeviceEvent, Key, KeyPressed
from hw.gpio import PinHeader
from hw.keypad import MatrixKeypad
from hw.oled import Oled
from hw.ports import Document, PaperState, PrintReport
from hw.printer import EscposPrinter
from hw.sim.cards import TEST_CA_KEYS
from hw.sim.cards.card import tray
from hw.sim.panel.matrix import Matrix
from hw.sim.panel.ssd1306 import Ssd1306
from hw.sim.printer.escpos import PrinterModel
from hw.sim.reader.pcsc import PcscModel
from hw.sim.reader.pcscd import SOCKET_VARIABLE

KEY_S = 5  # by then the keypad has been scanned, however busy the machine


class SoakSettings(Settings, frozen=True):
    """Settings whose embedded host knows the cards of the tray."""

    def accounts(self) -> list[Account]:
        return list(tray_books())

    def ca_keys(self) -> CaKeys | None:
        return CaKeys.from_tsv(TEST_CA_KEYS.read_text("utf-8"), TEST_CA_KEYS.name)


class StickingPrinter:
    """A printer whose driver does not come back from the kernel while it sticks."""

    def __init__(self, printer: EscposPrinter) -> None:
        self.columns = printer.columns
        self._printer = printer
        self.goes = threading.Event()
        self.goes.set()

    def status(self) -> PaperState:
        self.goes.wait()
        return self._printer.status()

    def print(self, document: Document) -> PrintReport:
        self.goes.wait()
        return self._printer.print(document)

    def close(self) -> None:
        self.goes.wait()
        self._printer.close()


class HeardKeypad:
    """A keypad that says when a key has been taken: on a busy machine a fast hand is not."""

    def __init__(self, keypad: MatrixKeypad) -> None:
        self.scan_period_ms = keypad.scan_period_ms
        self._keypad = keypad
        self._scanned = threading.Condition()
        self._heard = 0

    @property
    def at_rest(self) -> bool:
        return self._keypad.at_rest

    def scan(self, now_ms: int) -> Sequence[DeviceEvent]:
        events = self._keypad.scan(now_ms)
        with self._scanned:
            self._heard += sum(isinstance(event, KeyPressed) for event in events)
            self._scanned.notify_all()
        return events

    def close(self) -> None:
        self._keypad.close()

    def press(self, matrix: Matrix, key: Key) -> None:
        """Press a key until it is heard, and let it go until that is seen."""
        with self._scanned:
            self._scanned.wait_for(lambda: self.at_rest, KEY_S)
            before = self._heard
            matrix.press(key)
            self._scanned.wait_for(lambda: self._heard > before, KEY_S)
            matrix.release(key)
            self._scanned.wait_for(lambda: self.at_rest, KEY_S)


class Table:
    """The parts, and the hands at them."""

    def __init__(self) -> None:
        clock = SystemClock()
        self._keys = Matrix(KEYPAD)
        self._slot = PcscModel()
        self._paper = PrinterModel()
        self._printer = StickingPrinter(EscposPrinter(self._paper.transport))
        scard = Scard() if SOCKET_VARIABLE in os.environ else self._slot
        self._keypad = HeardKeypad(MatrixKeypad(lambda: PinHeader(self._keys.factory)))
        chip = Ssd1306()
        self.parts = Parts(
            display=Oled(lambda: chip),
            keypad=self._keypad,
            reader=PcscReader(scard, clock),
            printer=self._printer,
        )

    def obey(self) -> None:
        """Do what the lines of standard input say, to their end."""
        for line in sys.stdin:
            verb, *words = line.split()
            match verb:
                case "press":
                    self._press(words)
                case "insert":
                    self._slot.insert(tray()[words[0]])
                case "remove":
                    self._slot.remove()
                case "stick":
                    self._printer.goes.clear()
                case "unstick":
                    self._printer.goes.set()
                case "tear":
                    _say(paper=len(self._paper.paper.tear().text))

    def _press(self, labels: Sequence[str]) -> None:
        for label in labels:
            self._keypad.press(self._keys, Key(label))


def _say(**what: object) -> None:
    print(json.dumps(what, ensure_ascii=False), flush=True)


def _note(frame: Frame) -> None:
    _say(display=frame.text)


def main() -> int:
    """`python -m tests.soak.terminal DATA [KEY=VALUE…]`; the exit code is that of `pos run`."""
    data, *changes = sys.argv[1:]
    config = Config()
    for change in changes:
        key, value = change.split("=", 1)
        config = set_from_text(config, key, value, source="soak")
    set_up(0, sys.stderr)
    table = Table()
    threading.Thread(target=table.obey, name="hands", daemon=True).start()
    return run_terminal(SoakSettings(config, None), Path(data), table.parts, on_frame=_note)


if __name__ == "__main__":
    sys.exit(main())
