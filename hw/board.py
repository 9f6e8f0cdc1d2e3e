"""Where every wire goes: pins, buses, addresses and the legends on the keys.

This is the only place that says so. Drivers are built from it, and a test compares the wiring table
of `hw/README.md` with it row by row. `BoardPin` has both numbers of a pin: BCM, for software,
and the position on the 40-pin header, by which people wire.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from hw.events import Key


class BoardPin(enum.Enum):
    """The header's positions that this terminal uses: header number, BCM number (None: power).

    The matrix stays clear of I2C1 (GPIO2–3), SPI0 (GPIO7–11), UART0 (GPIO14–15) and the HAT
    EEPROM (GPIO0–1), so a display on either bus and a serial printer fit beside it.
    """

    POWER_3V3 = 1, None
    POWER_3V3_SPI = 17, None
    GROUND_DISPLAY = 9, None
    GROUND_DISPLAY_SPI = 20, None
    GROUND_PRINTER = 6, None
    GROUND_SIGNALS = 25, None
    GPIO2 = 3, 2
    GPIO3 = 5, 3
    GPIO5 = 29, 5
    GPIO6 = 31, 6
    GPIO8 = 24, 8
    GPIO10 = 19, 10
    GPIO11 = 23, 11
    GPIO12 = 32, 12
    GPIO13 = 33, 13
    GPIO14 = 8, 14
    GPIO15 = 10, 15
    GPIO16 = 36, 16
    GPIO17 = 11, 17
    GPIO19 = 35, 19
    GPIO20 = 38, 20
    GPIO21 = 40, 21
    GPIO22 = 15, 22
    GPIO24 = 18, 24
    GPIO25 = 22, 25
    GPIO27 = 13, 27

    def __init__(self, header: int, bcm: int | None) -> None:
        self.header = header
        self._bcm = bcm

    @property
    def bcm(self) -> int:
        """The GPIO's BCM number. Raises ValueError for power and ground."""
        if self._bcm is None:
            raise ValueError(f"{self.name} is no GPIO")
        return self._bcm


class I2cBus(Struct, frozen=True):
    """An I²C controller and the device on it; `port` is N of /dev/i2c-N, `address` has 7 bits."""

    port: int
    address: int
    clock_hz: int
    sda: BoardPin
    scl: BoardPin


class SpiBus(Struct, frozen=True):
    """An SPI controller and the display on it; /dev/spidev`port`.`device`."""

    port: int
    device: int
    clock_hz: int
    clock: BoardPin
    mosi: BoardPin
    select: BoardPin
    data_command: BoardPin
    reset: BoardPin


class Uart(Struct, frozen=True):
    """A serial port of the header; `path` is the device that the kernel gives it."""

    path: str
    tx: BoardPin
    rx: BoardPin


class KeyMatrix(Struct, frozen=True):
    """A key matrix: `legends[r][c]` is the key that joins row r to column c."""

    rows: tuple[BoardPin, ...]
    columns: tuple[BoardPin, ...]
    legends: tuple[tuple[Key, ...], ...]

    def __post_init__(self) -> None:
        assert len(self.legends) == len(self.rows)
        assert all(len(legend) == len(self.columns) for legend in self.legends)


class SignalPins(Struct, frozen=True):
    """Outputs that are high for sound and light."""

    buzzer: BoardPin
    green: BoardPin
    red: BoardPin


class Wire(Struct, frozen=True):
    """One row of the wiring table: a terminal of a part and the header's pin it goes to."""

    part: str
    terminal: str
    pin: BoardPin


OLED_I2C = I2cBus(port=1, address=0x3C, clock_hz=400_000, sda=BoardPin.GPIO2, scl=BoardPin.GPIO3)
OLED_SPI = SpiBus(
    port=0,
    device=0,
    clock_hz=8_000_000,
    clock=BoardPin.GPIO11,
    mosi=BoardPin.GPIO10,
    select=BoardPin.GPIO8,
    data_command=BoardPin.GPIO24,
    reset=BoardPin.GPIO25,
)
PRINTER_UART = Uart(path="/dev/serial0", tx=BoardPin.GPIO14, rx=BoardPin.GPIO15)
KEYPAD = KeyMatrix(
    rows=(BoardPin.GPIO5, BoardPin.GPIO6, BoardPin.GPIO13, BoardPin.GPIO19),
    columns=(BoardPin.GPIO12, BoardPin.GPIO16, BoardPin.GPIO20, BoardPin.GPIO21),
    legends=(
        (Key.D1, Key.D2, Key.D3, Key.CANCEL),
        (Key.D4, Key.D5, Key.D6, Key.BACK),
        (Key.D7, Key.D8, Key.D9, Key.MENU),
        (Key.STAR, Key.D0, Key.HASH, Key.ENTER),
    ),
)
SIGNALS = SignalPins(buzzer=BoardPin.GPIO17, green=BoardPin.GPIO27, red=BoardPin.GPIO22)

WIRES = (
    Wire("OLED (I²C)", "VCC", BoardPin.POWER_3V3),
    Wire("OLED (I²C)", "GND", BoardPin.GROUND_DISPLAY),
    Wire("OLED (I²C)", "SDA", OLED_I2C.sda),
    Wire("OLED (I²C)", "SCL", OLED_I2C.scl),
    Wire("OLED (SPI)", "VCC", BoardPin.POWER_3V3_SPI),
    Wire("OLED (SPI)", "GND", BoardPin.GROUND_DISPLAY_SPI),
    Wire("OLED (SPI)", "D0 / SCK", OLED_SPI.clock),
    Wire("OLED (SPI)", "D1 / SDA", OLED_SPI.mosi),
    Wire("OLED (SPI)", "CS", OLED_SPI.select),
    Wire("OLED (SPI)", "DC", OLED_SPI.data_command),
    Wire("OLED (SPI)", "RES", OLED_SPI.reset),
    *(Wire("Keypad", f"row {i}", pin) for i, pin in enumerate(KEYPAD.rows, start=1)),
    *(Wire("Keypad", f"column {i}", pin) for i, pin in enumerate(KEYPAD.columns, start=1)),
    Wire("Printer (serial TTL)", "GND", BoardPin.GROUND_PRINTER),
    Wire("Printer (serial TTL)", "RX", PRINTER_UART.tx),
    Wire("Printer (serial TTL)", "TX", PRINTER_UART.rx),
    Wire("Buzzer and lights", "buzzer +", SIGNALS.buzzer),
    Wire("Buzzer and lights", "green +", SIGNALS.green),
    Wire("Buzzer and lights", "red +", SIGNALS.red),
    Wire("Buzzer and lights", "all −", BoardPin.GROUND_SIGNALS),
)
