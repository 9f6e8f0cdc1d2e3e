"""A model of the kernel's SPI device with a display controller on it."""

from __future__ import annotations

from collections.abc import Sequence

from gpiozero.pins import Pin

from hw.sim.panel.ssd1306 import Ssd1306


class SpiDev:
    """A chip behind luma's own SPI interface: the level of DC says what a byte is.

    Stands where `spidev.SpiDev` stands. See SSD1306 datasheet, 8.1.3 (four-wire SPI).
    """

    max_speed_hz = 0
    opened: tuple[int, int] | None = None  # bus and chip select

    def __init__(self, panel: Ssd1306, data_command: Pin) -> None:
        self.panel = panel
        self.data_command = data_command

    def open(self, port: int, device: int) -> None:
        """Take a bus and a chip select."""
        self.opened = port, device

    def writebytes(self, block: Sequence[int]) -> None:
        """Context bytes out to the chip. Raises OSError while the wire is broken."""
        if self.data_command.state:
            self.panel.data(block)
        else:
            self.panel.command(*block)

    def close(self) -> None:
        """Nothing to release: the chip stays on its bus."""
