"""The display by a picture that somebody looks at; lamp and buzzer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct
from PIL import Image, ImageDraw

from firmware.core.config import DisplaySettings
from firmware.ops.doctor.findings import Finding, Verdict, bad, good, package_for, skipped, warning
from firmware.ops.doctor.machine import Machine
from hw.ports import Clock, DeviceFault, Display
from hw.signals import Signals

PART = "display"
SLOW_BELOW_HZ = 400_000
_HEADERS_I2C = 1
WIDTH_PX, HEIGHT_PX = 128, 64
_REBOOT = "in /boot/firmware/config.txt and reboot"


PICTURE_MARGIN_PX = 8
WHAT_IS_SEEN = (
    "The display shows a frame along its edges, a bar at its left. 1 all of it is there; 2 it is "
    "moved sideways, or an edge is noise; 3 it is upside down; 4 all is noise, or dark"
)


def picture() -> Image.Image:
    """A frame on the outermost dots, and a bar that tells left from right and top from bottom."""
    image = Image.new("1", (WIDTH_PX, HEIGHT_PX))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH_PX - 1, HEIGHT_PX - 1), outline=1)
    bar = (PICTURE_MARGIN_PX, PICTURE_MARGIN_PX, 2 * PICTURE_MARGIN_PX, HEIGHT_PX // 2)
    draw.rectangle(bar, fill=1)
    return image


class DisplayCheck(Struct, frozen=True):
    """The OLED that the settings name; `display` is its driver, not opened.

    `choose` asks a person how the picture looks; None: nobody is there to look at it.
    """

    machine: Machine
    display: Display
    clock: Clock
    settings: DisplaySettings
    choose: Callable[[str], str] | None = None

    def look(self) -> Iterator[Finding]:
        """Bus, its speed, and the display. Puts the last frame on the display again."""
        i2c = self.settings.bus == "i2c"
        node = f"/dev/i2c-{self.settings.port}" if i2c else "/dev/spidev0.0"
        if not self.machine.exists(node):
            yield bad(PART, f"{node} is not there", self._how_to_have_it())
            return
        if not self.machine.usable(node, self.machine.caller()):
            yield skipped(PART, f"{node} is closed to who looks: see permissions")
            return
        if i2c:
            yield self._speed()
        panel = self._panel()
        yield panel
        if self.choose is not None and panel.verdict is Verdict.GOOD:
            try:
                yield self._seen(self.choose)
            except DeviceFault as fault:
                yield bad(PART, fault.detail, self._what_to_do())

    def _seen(self, choose: Callable[[str], str]) -> Finding:
        """Draw the picture, ask, and say the setting that is wrong. Raises DeviceFault."""
        chip, rotate = self.settings.chip, self.settings.rotate
        self.display.show(picture())
        match choose(WHAT_IS_SEEN):
            case "1":
                return good(PART, "the picture is whole")
            case "2":
                other = "ssd1306" if chip == "sh1106" else "sh1106"
                told = f"the picture is moved: its chip is no {chip}"
                return bad(PART, told, f'set display.chip = "{other}"')
            case "3":
                return bad(PART, "upside down", f"set display.rotate = {2 - rotate}")
            case "4":
                told = f"no picture by {chip}"
                return bad(PART, told, "try the other display.chip; SDA and SCL, or DC and RES")
        return skipped(PART, "nobody said how the picture looks")

    @property
    def _adapter(self) -> str:
        return f"/sys/bus/i2c/devices/i2c-{self.settings.port}"

    def _how_to_have_it(self) -> str:
        if self.settings.bus == "spi":
            return f"put `dtparam=spi=on` {_REBOOT}"
        if self.machine.exists(self._adapter):
            return "sudo modprobe i2c-dev; `pos install` has it loaded at boot"
        return self._how_to_have_it_fast()

    def _how_to_have_it_fast(self) -> str:
        if self.settings.port == _HEADERS_I2C:
            return f"put `dtparam=i2c_arm=on,i2c_arm_baudrate=400000` {_REBOOT}"
        return f"put `dtoverlay=i2c{self.settings.port},baudrate=400000` {_REBOOT}"

    def _speed(self) -> Finding:
        """The kernel keeps the bus's clock as a big-endian cell of the device tree."""
        cell = self.machine.read(f"{self._adapter}/of_node/clock-frequency")
        if cell is None or len(cell) != 4:
            return good(PART, f"i2c-{self.settings.port} is enabled; its clock is not told")
        clock_hz = int.from_bytes(cell, "big")
        told = f"i2c-{self.settings.port} runs at {clock_hz // 1000} kHz"
        if clock_hz < SLOW_BELOW_HZ:
            return warning(PART, told, self._how_to_have_it_fast())
        return good(PART, told)

    def _panel(self) -> Finding:
        began_ms = self.clock.monotonic_ms()
        try:
            self.display.reopen()
        except DeviceFault as fault:
            return bad(PART, fault.detail, package_for(fault.reason) or self._what_to_do())
        taken_ms = self.clock.monotonic_ms() - began_ms
        if self.settings.bus == "spi":  # nothing comes back on this wire
            return good(PART, f"a frame was sent in {taken_ms} ms; SPI does not tell if it arrived")
        address = f"{self.settings.address:#04x}"
        return good(PART, f"{address} answers; initialised and drawn in {taken_ms} ms")

    def _what_to_do(self) -> str:
        if self.settings.bus == "spi":
            return "check DC and RES against the wiring table; is another program using the pins?"
        other = 0x3D if self.settings.address == 0x3C else 0x3C
        return (
            f"check VCC, GND, SDA, SCL; if `i2cdetect -y {self.settings.port}` shows {other:02x}, "
            f"set display.address = {other:#04x}"
        )


SIGNALS = "signals"
BEEP_MS = 200


class SignalsCheck(Struct, frozen=True):
    """The configured extras; the terminal works without them, so none is ever bad."""

    signals: Signals

    def look(self) -> Iterator[Finding]:
        """Lights green and beeps once; nothing tells whether anything is wired there."""
        for name in self.signals.missing:
            advice = "what else uses its pin? Stop it; or `lgpio` is not there: see the keypad"
            yield warning(SIGNALS, f"the pin of {name} cannot be had", advice)
        if not self.signals.missing:
            self.signals.trading(yes=True)
            self.signals.beep(BEEP_MS)
            yield good(SIGNALS, "it beeps and shines green, as far as they are fitted")
