"""A whole bench of modelled parts with the real drivers on them, in virtual time.

What has a wire outlives a power cut: display, paper and cards. Drivers do not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PIL import Image

from hw.board import KEYPAD
from hw.ports import CardReader, Display, Keypad
from hw.printer_font import PaperFont
from hw.sim.cards.card import Card, tray
from hw.sim.panel.matrix import Matrix
from hw.sim.panel.ssd1306 import Sh1106, Ssd1306, Ssd1309
from hw.sim.panel.usb_keypad import UsbKeypadModel
from hw.sim.printer.escpos import PrinterModel
from hw.sim.printer.feed import Mechanism
from hw.sim.printer.kinds import Kind
from hw.sim.reader.pcsc import PcscModel
from hw.sim.reader.pcscd_slot import PcscdSlot
from hw.sim.time import VirtualClock, VirtualTime, VirtualWorker, watch_keypad, watch_reader

APDU_MS = 8  # at 9,600 baud a short command and its answer take a little longer
HOST_MS = 150
CHIPS = {"ssd1306": Ssd1306, "ssd1309": Ssd1309, "sh1106": Sh1106}


CardSlot = PcscModel | PcscdSlot
"""Where hands put cards: the modelled slot in process, or one of a real `pcscd`."""


class ModelBench:
    """Every part on the bench, as it is plugged in.

    A display may be mounted `upside_down`; the printer's paper has so many half-width `columns`, or
    `dots`, if they are not 12 a column. `slot` is another way to the card than the modelled one.
    `baud` is that of a printer on a serial line, None for one on USB or a network.
    """

    def __init__(
        self,
        *,
        start: datetime,
        chip: str,
        upside_down: bool,
        usb_keypad: bool,
        columns: int,
        dots: int,
        kind: Kind,
        baud: int | None,
        slot: CardSlot | None,
        make_time: Callable[[VirtualClock], VirtualTime],
    ) -> None:
        self.clock = VirtualClock(start)
        self.time = make_time(self.clock)
        self.host_ms: Callable[[], int] = lambda: HOST_MS  # how long the last exchange took
        self.font = PaperFont()
        self.chip: Ssd1306 = CHIPS[chip]()
        self.matrix = Matrix(KEYPAD)
        self.usb_keypad = UsbKeypadModel()
        self.keys = self.usb_keypad if usb_keypad else self.matrix
        self.slot: CardSlot = slot or PcscModel()
        self.paper_printer = PrinterModel(columns, self.font, dots=dots, kind=kind)
        self.mechanism = Mechanism.of(columns, baud)
        self.tray: dict[str, Card] = dict(tray())
        self._upside_down = upside_down

    def power_on(
        self, display: Display, keypad: Keypad, reader: CardReader
    ) -> tuple[VirtualWorker, VirtualWorker, VirtualWorker]:
        """Let virtual time watch these drivers until the power is cut.

        Gives the workers of reader, printer and host: they take the time that a real one takes.
        """
        self._drivers = keypad, reader, display
        watch_keypad(self.time, keypad, self.keys)
        watch_reader(self.time, reader, self.slot)
        return (
            VirtualWorker(self.time, lambda: APDU_MS),
            VirtualWorker(self.time, self._printing_ms()),
            VirtualWorker(self.time, self._host_took),
        )

    def _host_took(self) -> int:
        return self.host_ms()  # which may be changed while the power is on

    def seen(self) -> Image.Image:
        """What the eye sees on the display, mode "1", 128×64, however it is mounted."""
        image = self.chip.image()
        return image.transpose(Image.Transpose.ROTATE_180) if self._upside_down else image

    def power_cut(self) -> None:
        """All that is not durable is gone; the display is dark, keys are up, paper stays."""
        self.time.forget()
        for driver in self._drivers:
            driver.close()
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
