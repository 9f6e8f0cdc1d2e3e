"""Libraries that are missing: each is a finding that names what to install."""

import sys
from datetime import UTC, datetime

import pytest
from gpiozero.pins.mock import MockFactory

from firmware.core.config import DisplaySettings
from firmware.ops.doctor.display import DisplayCheck
from firmware.ops.doctor.findings import Verdict, examined
from firmware.ops.doctor.keypad import KeypadCheck
from firmware.ops.doctor.printer import PrinterCheck
from firmware.ops.doctor.reader import SOCKET, ReaderCheck
from firmware.terminal.devices import Scard
from hw.board import KEYPAD
from hw.card_reader import PcscReader
from hw.events import Device
from hw.gpio import PinHeader, this_pi
from hw.keypad import MatrixKeypad
from hw.oled import Oled, spi
from hw.sim.panel import matrix as sim
from hw.sim.time import VirtualClock
from tests.ops.doctor.machine import ModelMachine, worst

BAD, SKIPPED = Verdict.BAD, Verdict.SKIPPED
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class NoSuchLibrary:
    """A finder of modules that has none of one name, as on a system without its package."""

    def __init__(self, name):
        self._name = name

    def find_spec(self, name, _path=None, _target=None):
        if name == self._name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.fixture
def without(monkeypatch):
    def forget(name):
        for module in [each for each in sys.modules if each.partition(".")[0] == name]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setattr(sys, "meta_path", [NoSuchLibrary(name), *sys.meta_path])

    return forget


def test_a_header_without_lgpio_is_bad_with_its_package(without):
    without("lgpio")
    keypad = MatrixKeypad(lambda: this_pi(Device.KEYPAD))
    clock = VirtualClock(NOON)
    [(_, advice)] = worst(KeypadCheck(keypad, clock, lambda _ms: None, KEYPAD, None))
    assert advice == "sudo apt install python3-lgpio"


@pytest.mark.parametrize("library", ["lgpio", "spidev"])
def test_a_display_on_spi_without_its_libraries_is_bad_with_their_package(library, without):
    without(library)

    def header():
        if library == "lgpio":
            return this_pi(Device.DISPLAY)
        return PinHeader(MockFactory(revision=sim.PI_4B_REVISION))

    machine = ModelMachine({"/dev/spidev0.0": b""})
    settings = DisplaySettings(bus="spi")
    check = DisplayCheck(machine, Oled(spi(header)), VirtualClock(NOON), settings)
    assert [advice for _, advice in worst(check)] == [f"sudo apt install python3-{library}"]


def test_a_reader_without_its_library_is_bad_and_the_next_part_is_looked_at(without):
    without("smartcard")
    driver = PcscReader(Scard(), VirtualClock(NOON), pause=lambda _ms: None)
    checks = [ReaderCheck(ModelMachine({SOCKET: b""}), driver, None), PrinterCheck(None)]
    missing, next_part = examined(checks, lambda _finding: None)
    assert (missing.verdict, missing.detail) == (BAD, "No module named 'smartcard'")
    assert missing.advice.startswith("sudo apt install --reinstall pos-terminal")
    assert next_part.verdict is SKIPPED
