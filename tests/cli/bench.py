"""A bench of modelled parts in real time: real threads, the real loop, and a person at the keys."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from firmware.audit.data import reading
from firmware.core.clock import SystemClock
from firmware.core.config import Check, Config
from firmware.emv.ca_keys import CaKeys
from firmware.journal.transactions import State
from firmware.lab.issuers import tray_books
from firmware.terminal.assembly import Assembly
from firmware.terminal.devices import Parts
from firmware.terminal.loop import Inbox, Loop
from firmware.terminal.service_manager import ServiceManager
from firmware.terminal.settings import Settings
from firmware.ui.render import Frame
from hw.board import KEYPAD
from hw.card_reader import PcscReader
from hw.evdev_keypad import UsbKeypad
from hw.events import Device, DeviceEvent, DeviceLost, Key, KeyPressed
from hw.gpio import PinHeader
from hw.keypad import GAP_MS, MatrixKeypad
from hw.oled import Oled
from hw.ports import DeviceFault
from hw.printer import EscposPrinter
from hw.sim.cards import TEST_CA_KEYS
from hw.sim.cards.card import tray
from hw.sim.panel.matrix import Matrix
from hw.sim.panel.ssd1306 import Ssd1306
from hw.sim.panel.usb_keypad import UsbKeypadModel
from hw.sim.printer.escpos import PrinterModel
from hw.sim.reader.pcsc import PcscModel
from tests.playing import provision

PATIENCE_S = 20
CONFIG = Config(check=Check(min_view_ms=0))


class TickingClock(SystemClock):
    """The machine's clock, which wakes whoever waits for something to come about.

    The keypad's thread reads it every 5 ms, so nobody needs to sleep and look again.
    """

    def __init__(self) -> None:
        self._ticked = threading.Condition()

    def monotonic_ms(self) -> int:
        with self._ticked:
            self._ticked.notify_all()
        return super().monotonic_ms()

    def wait_for(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds. Raises AssertionError when it does not in time."""
        with self._ticked:
            assert self._ticked.wait_for(holds, PATIENCE_S), f"waited in vain for {what}"


class Panel(Ssd1306):
    """The chip, which counts how often a driver gave it up; its bus can hang for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.given_up = 0
        self._goes = threading.Event()
        self._goes.set()

    def hang(self) -> None:
        """From now on whoever uses the bus does not come back from the kernel."""
        self._goes.clear()

    def command(self, *cmd: int) -> None:
        self._goes.wait()
        super().command(*cmd)

    def cleanup(self) -> None:
        super().cleanup()
        self.given_up += 1


class Bench:
    """The parts, the terminal on them, and a person's hands and eyes."""

    def __init__(self, data: Path, config: Config = CONFIG) -> None:
        self.config = config
        self.clock = TickingClock()
        self.inbox = Inbox()
        self.chip = Panel()
        self.keys: Matrix | UsbKeypadModel = Matrix(KEYPAD)
        self.slot = PcscModel()
        self.paper_printer = PrinterModel()
        self.keypad_there = True
        self.lost: list[Device] = []
        self._data = data
        self.keypad: MatrixKeypad | UsbKeypad | None = None
        self._pressed = 0
        self._last_label, self._up_at_ms = "", 0
        self._frame: Frame | None = None

    def run(
        self, person: Callable[[], None], service_manager: ServiceManager | None = None
    ) -> None:
        """Run the terminal here while `person` uses it on a thread; ends when the person does."""
        assembly = self.assembled()
        loop = Loop(
            assembly.terminal.runner,
            self.inbox.take,
            self.clock,
            assembly.threads,
            service_manager or ServiceManager(),
        )
        try:
            with self._someone(person):
                loop.run()
        finally:
            assembly.close()

    def assembled(self) -> Assembly:
        """The terminal, put together and not started; its people have their passwords."""
        if not (self._data / "journal.db").exists():
            provision(self._data)
        return Assembly(
            self.config,
            self._data,
            self.parts(),
            self.clock,
            self._post,
            accounts=tray_books(),
            ca_keys=CaKeys.from_tsv(TEST_CA_KEYS.read_text("utf-8"), test_keys=True),
            messages=Settings(self.config, None).messages(),
            on_frame=self._note,
        )

    def parts(self) -> Parts:
        """The drivers on the models."""
        self.keypad = MatrixKeypad(self._header)
        return Parts(
            display=Oled(lambda: self.chip),
            keypad=self.keypad,
            reader=PcscReader(self.slot, self.clock),
            printer=EscposPrinter(self.paper_printer.transport),
        )

    # --- hands and eyes ---

    def press(self, keys: str) -> None:
        """Press keys one after another, as fast as the keypad takes them: `1 2 ENTER`."""
        self.clock.wait_for(lambda: self._at_rest, "a keypad that is scanned")
        for label in keys.split():
            before = self._pressed
            if label == self._last_label:  # sooner it would be the same press
                self.clock.wait_for(self._is_up_long_enough, "a finger that is up")
            self._last_label = label
            self.keys.press(Key(label))
            self.clock.wait_for(partial(self._is_pressed_since, before), f"key {label}")
            self.keys.release(Key(label))
            self.clock.wait_for(lambda: self._at_rest, f"release of {label}")
            self._up_at_ms = self.clock.monotonic_ms()

    def insert(self, name: str) -> None:
        """Put a card of the tray in."""
        self.slot.insert(tray()[name])

    def sell(
        self,
        keys: str = "1 2 8 5 0",
        shown: str = "128.50",
        before_the_pin: Callable[[], object] = lambda: None,
    ) -> None:
        """A sale by card, up to its PIN."""
        self.press(f"{keys} ENTER")
        self.see(shown)
        self.press("ENTER")
        self.see("请插卡")
        self.insert("unionpay-debit")
        self.see("请输入密码")
        before_the_pin()
        self.press("1 2 3 4 5 6 ENTER")

    def take_copies(self) -> None:
        """Both papers of a sale that was approved, the card, and ENTER to end it."""
        self.see("交易成功")
        self.press("ENTER")
        self.slot.remove()
        self.see("确认结束")
        self.press("ENTER")

    def see(self, text: str) -> None:
        """Wait until the display says `text`."""
        try:
            self.clock.wait_for(lambda: text in self.display_text, f"{text} on the display")
        except AssertionError as error:
            raise AssertionError(f"{error}, which says {self.display_text!r}") from None

    def read(self, text: str) -> None:
        """Wait until the paper says `text`."""
        paper = self.paper_printer
        self.clock.wait_for(lambda: text in paper.paper.text, f"{text} on paper")

    @property
    def display_text(self) -> str:
        """What the chip shows; nothing unless it is just what the terminal drew."""
        frame = self._frame
        if frame is None or self.chip.image().tobytes() != frame.image.tobytes():
            return ""
        return frame.text

    def sold(self) -> tuple[State, int, int]:
        """How the last sale stands in the journal, its amount, and how many intents are open."""
        with reading(self._data) as journal:
            sale = journal.last_transaction()
            assert sale is not None
            return sale.state, sale.amount_minor, len(journal.open_intents())

    # --- below ---

    def _is_pressed_since(self, before: int) -> bool:
        return self._pressed > before

    def _is_up_long_enough(self) -> bool:
        return self.clock.monotonic_ms() - self._up_at_ms >= GAP_MS

    @property
    def _at_rest(self) -> bool:
        """Whether the keypad was scanned with every key up: what is down at start never counts."""
        return self.keypad is not None and self.keypad.at_rest

    @contextmanager
    def _someone(self, person: Callable[[], None]) -> Iterator[None]:
        def act() -> None:
            try:
                person()
            finally:
                self.inbox.stop()

        with ThreadPoolExecutor(1) as hands:
            done = hands.submit(act)
            yield
            done.result(timeout=PATIENCE_S)

    def _header(self) -> PinHeader:
        if not self.keypad_there:
            raise DeviceFault(Device.KEYPAD, "no header")
        assert isinstance(self.keys, Matrix)
        return PinHeader(self.keys.factory)

    def _post(self, event: DeviceEvent) -> None:
        self._pressed += isinstance(event, KeyPressed)
        if isinstance(event, DeviceLost):
            self.lost.append(event.device)
        self.inbox.post(event)

    def _note(self, frame: Frame) -> None:
        self._frame = frame
