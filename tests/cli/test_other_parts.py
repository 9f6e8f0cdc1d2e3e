"""A sale on other parts that settings may name: SPI display, USB keypad, 80 mm serial printer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from firmware.core.config import Config, PrinterSettings
from firmware.journal.transactions import State
from firmware.terminal.devices import Parts, printer_of
from hw import board
from hw.card_reader import PcscReader
from hw.evdev_keypad import UsbKeypad
from hw.gpio import PinHeader
from hw.oled import Oled, OledChip, spi
from hw.sim.panel.ssd1306 import Sh1106, SpiDev
from hw.sim.panel.usb_keypad import UsbKeypadModel
from hw.sim.printer.escpos import PrinterModel
from tests.cli.bench import CONFIG, Bench
from tests.hw.serial_line import on_terminal


class OtherBench(Bench):
    """Real drivers down to luma's SPI, the kernel's input events and a serial port."""

    def __init__(self, data: Path, port: str, printer: PrinterModel, mode: str) -> None:
        settings = PrinterSettings(kind="serial", device=port, width_mm=80, mode=mode, cutter=True)
        super().__init__(data, Config(check=CONFIG.check, printer=settings))
        self.chip = Sh1106()
        self.keys = self.pad = UsbKeypadModel()
        self.paper_printer = printer

    def parts(self) -> Parts:
        header = PinHeader(MockFactory())
        wire = SpiDev(self.chip, header.factory.pin(board.OLED_SPI.data_command.bcm))
        self.keypad = UsbKeypad(self.pad.connect)
        return Parts(
            display=Oled(spi(lambda: header, spidev=wire), OledChip.SH1106),
            keypad=self.keypad,
            reader=PcscReader(self.slot, self.clock),
            printer=printer_of(self.config, self._data),
        )


@pytest.fixture(params=["native", "raster"])
def bench(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[OtherBench]:
    printer = PrinterModel(columns=48)
    with on_terminal(printer) as port:
        yield OtherBench(tmp_path, port, printer, request.param)


def test_a_sale_from_key_to_paper(bench: OtherBench) -> None:
    def person() -> None:
        bench.see("幸福小店")
        bench.sell()
        bench.take_copies()
        bench.clock.wait_for(lambda: len(bench.paper_printer.paper.cuts_px) == 2, "two copies")
        bench.see("请输入金额")

    bench.run(person)
    assert bench.sold() == (State.APPROVED, 12_850, 0)
    text = bench.paper_printer.paper.text
    assert text.count("RMB 128.50") == 2
    assert text.index("商户存根") < text.index("持卡人存根")
    assert bench.paper_printer.anomalies == []


def test_a_keypad_that_is_pulled_is_named_and_back_when_it_is_plugged_in(
    bench: OtherBench,
) -> None:
    def person() -> None:
        bench.see("请输入金额")
        bench.press("1 2")
        bench.see("0.12")
        bench.pad.unplug()
        bench.see("键盘")
        bench.pad.plug()
        bench.see("请输入金额")
        bench.press("3")
        bench.see("0.03")

    bench.run(person)
