"""The checks of display, buzzer and lights, on the real drivers over modelled parts."""

from datetime import UTC, datetime

import pytest
from gpiozero.pins.mock import MockFactory

from firmware.core.config import DisplaySettings
from firmware.ops.doctor.display import DisplayCheck, SignalsCheck
from firmware.ops.doctor.findings import Verdict
from hw.board import SIGNALS
from hw.events import Device
from hw.gpio import PinHeader
from hw.oled import Oled
from hw.ports import DeviceFault
from hw.signals import Signals
from hw.sim.panel import matrix as sim
from hw.sim.panel.ssd1306 import Ssd1306
from hw.sim.time import VirtualClock
from tests.ops.doctor.machine import ModelMachine, verdicts, worst

BAD, GOOD, SKIPPED = Verdict.BAD, Verdict.GOOD, Verdict.SKIPPED
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
I2C = "/dev/i2c-1"
ON_SPI = DisplaySettings(bus="spi")
ADAPTER = "/sys/bus/i2c/devices/i2c-1"
SPEED = f"{ADAPTER}/of_node/clock-frequency"


def display_check(chip, machine, bus="i2c"):
    settings = DisplaySettings(bus=bus)
    return DisplayCheck(machine, Oled(lambda: chip), VirtualClock(NOON), settings)


def bus_at(clock_hz):
    return ModelMachine({I2C: b"", SPEED: clock_hz.to_bytes(4, "big")})


def test_a_display_that_answers_on_a_fast_bus_is_good():
    chip = Ssd1306()
    assert verdicts(display_check(chip, bus_at(400_000))) == [GOOD, GOOD]
    assert chip.is_lit


def test_a_slow_bus_is_a_warning_with_the_line_to_write():
    [(detail, advice)] = worst(display_check(Ssd1306(), bus_at(100_000)))
    assert detail == "i2c-1 runs at 100 kHz"
    assert "i2c_arm_baudrate=400000" in advice


def test_another_bus_than_the_headers_has_an_overlay_of_its_own():
    settings = DisplaySettings(port=3)
    check = DisplayCheck(ModelMachine(), Oled(Ssd1306), VirtualClock(NOON), settings)
    [(detail, advice)] = worst(check)
    assert detail == "/dev/i2c-3 is not there"
    assert "dtoverlay=i2c3,baudrate=400000" in advice


def test_a_bus_whose_clock_the_kernel_does_not_tell_is_good_and_says_so():
    found = list(display_check(Ssd1306(), ModelMachine({I2C: b""})).look())
    assert [each.verdict for each in found] == [GOOD, GOOD]
    assert found[0].detail == "i2c-1 is enabled; its clock is not told"


def test_a_display_on_spi_that_fails_is_bad_with_its_own_wires():
    def absent():
        raise DeviceFault(Device.DISPLAY, "lgpio: 'GPIO busy'")

    machine = ModelMachine({"/dev/spidev0.0": b""})
    check = DisplayCheck(machine, Oled(absent), VirtualClock(NOON), ON_SPI)
    assert [advice.partition(" against")[0] for _, advice in worst(check)] == ["check DC and RES"]


def test_a_display_that_does_not_answer_is_bad_with_the_other_address():
    chip = Ssd1306()
    chip.fail(broken=True)
    [(_, advice)] = worst(display_check(chip, bus_at(400_000)))
    assert "display.address = 0x3d" in advice


@pytest.mark.parametrize(
    ("machine", "bus", "words"),
    [
        (ModelMachine(), "i2c", "dtparam=i2c_arm=on"),
        (ModelMachine({ADAPTER: b""}), "i2c", "sudo modprobe i2c-dev"),
        (ModelMachine(), "spi", "dtparam=spi=on"),
    ],
    ids=["no I²C", "no module", "no SPI"],
)
def test_a_bus_that_cannot_be_used_is_bad_and_the_display_left_alone(machine, bus, words):
    chip = Ssd1306()
    [(_, advice)] = worst(display_check(chip, machine, bus))
    assert words in advice
    assert not chip.is_lit


def test_a_bus_that_is_closed_to_who_looks_is_left_to_the_permissions():
    chip = Ssd1306()
    machine = ModelMachine({I2C: b""}, closed_to={"alice": {I2C}})
    assert verdicts(display_check(chip, machine)) == [SKIPPED]
    assert not chip.is_lit


def test_on_spi_a_frame_is_sent_and_nobody_claims_that_it_arrived():
    chip = Ssd1306()
    [finding] = display_check(chip, ModelMachine({"/dev/spidev0.0": b""}), "spi").look()
    assert finding.verdict is GOOD
    assert "does not tell" in finding.detail
    assert chip.is_lit


def test_extras_are_heard_and_seen():
    pins = MockFactory(revision=sim.PI_4B_REVISION)
    signals = Signals(lambda: PinHeader(pins), buzzer=True, lights=True)
    assert verdicts(SignalsCheck(signals)) == [GOOD]
    assert pins.pin(SIGNALS.green.bcm).state
    signals.close()
    pins.close()


def test_extras_that_cannot_be_had_are_a_warning_each_and_never_bad():
    def absent():
        raise DeviceFault(Device.KEYPAD, "lgpio: no header")

    found = worst(SignalsCheck(Signals(absent, buzzer=True, lights=True)))
    assert [detail for detail, _ in found] == [
        f"the pin of {name} cannot be had" for name in ("buzzer", "green", "red")
    ]


@pytest.mark.parametrize(
    ("typed", "verdict", "said"),
    [
        ("1", GOOD, "the picture is whole"),
        ("2", BAD, 'set display.chip = "sh1106"'),
        ("3", BAD, "set display.rotate = 2"),
        ("4", BAD, "try the other display.chip"),
        ("", SKIPPED, "nobody said"),
    ],
)
def test_a_person_says_how_the_picture_looks_and_the_doctor_which_setting_is_wrong(
    typed, verdict, said
):
    chip = Ssd1306()
    machine, clock = bus_at(400_000), VirtualClock(NOON)
    check = DisplayCheck(
        machine, Oled(lambda: chip), clock, DisplaySettings(), lambda _words: typed
    )
    found = list(check.look())[-1]
    assert found.verdict is verdict
    assert said in f"{found.detail} {found.advice}"
    assert chip.image().getpixel((0, 0))  # the frame is on the outermost dots
    assert chip.image().getpixel((127, 63))
