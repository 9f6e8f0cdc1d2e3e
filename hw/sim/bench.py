"""A whole bench of modelled parts with the real drivers on them, in virtual time.

What has a wire outlives a power cut: display, paper and cards. Drivers do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from PIL import Image

from hw.board import KEYPAD
from hw.card_reader import PcscReader
from hw.events import Key
from hw.oled import Oled
from hw.pcsc import PcscApi
from hw.ports import Keypad, Printer
from hw.printer_font import PaperFont
from hw.sim.cards.card import Card, tray
from hw.sim.panel.matrix import Matrix
from hw.sim.panel.ssd1306 import Sh1106, Ssd1306, Ssd1309
from hw.sim.panel.usb_keypad import UsbKeypadModel
from hw.sim.printer.escpos import PrinterModel
from hw.sim.printer.feed import Mechanism
from hw.sim.printer.kinds import GOOD, Kind
from hw.sim.reader.pcsc import PcscModel
from hw.sim.time import VirtualClock, VirtualTime, VirtualWorker, watch_keypad, watch_reader

APDU_MS = 8  # at 9,600 baud a short command and its answer take a little longer
HOST_MS = 150
CHIPS = {"ssd1306": Ssd1306, "ssd1309": Ssd1309, "sh1106": Sh1106}


class CardSlot(Protocol):
    """Where hands put cards: the modelled slot in process, or one of a real `pcscd`."""

    @property
    def on_apdu(self) -> list[Callable[[bytes, bytes], None]]:
        """Hooks that see each command on the wire and its response."""
        ...

    @property
    def scard(self) -> PcscApi:
        """The PC/SC by which a driver reaches the card."""
        ...

    @property
    def card(self) -> Card | None: ...

    @property
    def version(self) -> int:
        """Grows with every change a driver could see."""
        ...

    def insert(self, card: Card) -> None: ...

    def remove(self) -> None: ...

    def unplug(self) -> None: ...

    def plug(self) -> None: ...


@dataclass(slots=True)
class Drivers:
    """The drivers of one power-on; a power cut takes them away."""

    display: Oled
    keypad: Keypad
    reader: PcscReader
    printer: Printer
    reader_worker: VirtualWorker
    printer_worker: VirtualWorker
    host_worker: VirtualWorker


class Keys(Protocol):
    """Keys to press: the modelled matrix, or the modelled keypad on USB."""

    @property
    def pressed(self) -> frozenset[Key]: ...

    @property
    def version(self) -> int:
        """Grows with every change a driver could see."""
        ...

    def press(self, key: Key) -> None: ...

    def release(self, key: Key) -> None: ...

    def release_all(self) -> None: ...

    def fail(self, broken: bool) -> None: ...


class Models:
    """The parts on the bench, as they are plugged in.

    `slot` is another way to the card; a display may be mounted `upside_down`.
    """

    def __init__(
        self,
        *,
        chip: str = "ssd1306",
        usb_keypad: bool = False,
        columns: int = 32,
        dots: int = 0,
        kind: Kind = GOOD,
        upside_down: bool = False,
        slot: CardSlot | None = None,
    ) -> None:
        self.font = PaperFont()
        self.chip: Ssd1306 = CHIPS[chip]()
        self.upside_down = upside_down
        self.matrix = Matrix(KEYPAD)
        self.usb_keypad = UsbKeypadModel()
        self.keys: Keys = self.usb_keypad if usb_keypad else self.matrix
        self.slot: CardSlot = slot or PcscModel()
        self.printer = PrinterModel(columns, self.font, dots=dots, kind=kind)


class DriverBuilder(Protocol):
    """Builds drivers on models as settings say."""

    def display(self, models: Models) -> Oled: ...

    def keypad(self, models: Models) -> Keypad: ...

    def reader(self, models: Models, clock: VirtualClock) -> PcscReader: ...

    def printer(self, models: Models) -> Printer: ...


class ModelBench:
    """Every part on the bench.

    The drivers are built on `models`, which may be changed before the power is on. `baud` is that
    of a printer on a serial line, None for one on USB or a network.
    """

    def __init__(
        self,
        models: Models,
        builder: DriverBuilder,
        *,
        start: datetime,
        baud: int | None = None,
        make_time: Callable[[VirtualClock], VirtualTime] = VirtualTime,
    ) -> None:
        self.clock = VirtualClock(start)
        self.time = make_time(self.clock)
        self.host_ms: Callable[[], int] = lambda: HOST_MS  # how long the last exchange took
        self.models, self._builder = models, builder
        self.chip, self.slot = models.chip, models.slot
        self.keys, self.usb_keypad = models.keys, models.usb_keypad
        self.paper_printer = models.printer
        self.mechanism = Mechanism.of(models.printer.columns, baud)
        self.tray: dict[str, Card] = dict(tray())

    def power_on(self) -> Drivers:
        """Build the drivers and let virtual time watch what they watch."""
        models, builder = self.models, self._builder
        drivers = Drivers(
            display=builder.display(models),
            keypad=builder.keypad(models),
            reader=builder.reader(models, self.clock),
            printer=builder.printer(models),
            reader_worker=VirtualWorker(self.time, lambda: APDU_MS),
            printer_worker=VirtualWorker(self.time, self._printing_ms()),
            host_worker=VirtualWorker(self.time, self._host_took),
        )
        watch_keypad(self.time, drivers.keypad, self.keys)
        watch_reader(self.time, drivers.reader, self.slot)
        return drivers

    def _host_took(self) -> int:
        return self.host_ms()

    def seen(self) -> Image.Image:
        """What the eye sees on the display, mode "1", 128×64, however it is mounted."""
        image = self.chip.image()
        return image.transpose(Image.Transpose.ROTATE_180) if self.models.upside_down else image

    def power_cut(self, drivers: Drivers) -> None:
        """All that is not durable is gone; the display is dark, keys are up, paper stays."""
        self.time.forget()
        drivers.keypad.close()
        drivers.reader.close()
        drivers.display.close()
        self.chip.power_on()
        self.keys.release_all()

    def _printing_ms(self) -> Callable[[], int]:
        """How long the job that was just taken keeps the printer: until its paper is out."""
        printer = self.paper_printer
        seen_bytes, seen = printer.bytes_received, printer.advanced

        def duration() -> int:
            nonlocal seen_bytes, seen
            paces_ms = self.mechanism.paces_ms(printer.advances_since(seen), seen_bytes)
            line_ms = self.mechanism.line_ms(printer.bytes_received - seen_bytes)
            seen_bytes, seen = printer.bytes_received, printer.advanced
            return round(max(sum(paces_ms), line_ms))

        return duration
