"""A whole bench of modelled parts with the real drivers on them, in virtual time.

What has a wire outlives a power cut: glass, paper, cards and the host's line. Drivers do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hw.board import KEYPAD
from hw.card_reader import PcscReader
from hw.keypad import MatrixKeypad
from hw.oled import Oled, OledChip
from hw.pcsc import PcscApi
from hw.ports import HostLink
from hw.printer import EscposPrinter
from hw.printer_encode import Mode, Profile
from hw.printer_font import PaperFont
from hw.sim.cards.card import Card, tray
from hw.sim.host_line import HostLine
from hw.sim.panel.matrix import Matrix
from hw.sim.panel.ssd1306 import Sh1106, Ssd1306, Ssd1309
from hw.sim.printer.escpos import PrinterModel
from hw.sim.printer.feed import Mechanism
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
    keypad: MatrixKeypad
    reader: PcscReader
    printer: EscposPrinter
    reader_worker: VirtualWorker
    printer_worker: VirtualWorker
    host_worker: VirtualWorker


class ModelBench:
    """Every part on the bench. `host` is what stands at the far end of the host's line.

    `baud` is of a printer on a serial line, None of one on USB or a network;
    `slot` is another way to the card than the modelled slot: see hw.sim.reader.pcscd_slot.
    """

    def __init__(
        self,
        host: HostLink,
        *,
        start: datetime,
        columns: int = 32,
        mode: str = "native",
        baud: int | None = None,
        chip: str = "ssd1306",
        slot: CardSlot | None = None,
        make_time: Callable[[VirtualClock], VirtualTime] = VirtualTime,
    ) -> None:
        self.clock = VirtualClock(start)
        self.time = make_time(self.clock)
        self.chip = CHIPS[chip]()
        self.matrix = Matrix(KEYPAD)
        self.slot: CardSlot = slot or PcscModel()
        self._font = PaperFont()
        self.paper_printer = PrinterModel(columns, self._font)
        self.mechanism = Mechanism.of(columns, baud)
        self.line = HostLine(host)
        self.tray: dict[str, Card] = dict(tray())
        self._profile = Profile(columns=columns)
        self._mode = Mode(mode)
        self._chip_kind = OledChip(chip)

    def power_on(self) -> Drivers:
        """Build the drivers and let virtual time watch what they watch."""
        drivers = Drivers(
            display=Oled(lambda: self.chip, self._chip_kind),
            keypad=MatrixKeypad(self.matrix.factory),
            reader=PcscReader(self.slot.scard, self.clock, pause=lambda _ms: None),
            printer=EscposPrinter(
                self.paper_printer.transport, self._profile, self._mode, self._font
            ),
            reader_worker=VirtualWorker(self.time, lambda: APDU_MS),
            printer_worker=VirtualWorker(self.time, self._printing_ms()),
            host_worker=VirtualWorker(self.time, lambda: HOST_MS),
        )
        watch_keypad(self.time, drivers.keypad, self.matrix)
        watch_reader(self.time, drivers.reader, self.slot)
        return drivers

    def power_cut(self, drivers: Drivers) -> None:
        """All that is not durable is gone; the glass is dark, keys are up, paper stays."""
        self.time.forget()
        drivers.keypad.close()
        drivers.reader.close()
        drivers.display.close()
        self.chip.power_on()
        self.matrix.release_all()

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
