"""The check of the keys, on the real drivers: a matrix with wires amiss, a pad on USB."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from firmware.ops.doctor.findings import Verdict
from firmware.ops.doctor.keypad import KeypadCheck
from hw.board import KEYPAD
from hw.evdev_keypad import UsbKeypad
from hw.events import Device, FaultReason, Key
from hw.gpio import PinHeader
from hw.keypad import MatrixKeypad
from hw.ports import DeviceFault
from hw.sim.panel import matrix as sim
from hw.sim.panel.usb_keypad import UsbKeypadModel
from hw.sim.time import VirtualClock
from tests.ops.doctor.machine import verdicts, worst

GOOD, BAD, SKIPPED = Verdict.GOOD, Verdict.BAD, Verdict.SKIPPED
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Hand:
    """Presses the key that it is asked for, 50 ms after the last one is up; not the dead ones."""

    def __init__(self, layout=KEYPAD, dead=()):
        self.clock = VirtualClock(NOON)
        self.matrix = sim.Matrix(KEYPAD)
        self.keypad = MatrixKeypad(lambda: PinHeader(self.matrix.factory), layout)
        self._dead = dead
        self._next = None
        self._due_ms = 0

    def ask(self, words):
        self.matrix.release_all()
        self._next = Key(words.rpartition(" ")[2])
        self._due_ms = self.clock.monotonic_ms() + 50

    def pause(self, milliseconds):
        self.clock.advance_to(self.clock.monotonic_ms() + milliseconds)
        if self._next and self._next not in self._dead and self.clock.monotonic_ms() > self._due_ms:
            self.matrix.press(self._next)
            self._next = None

    def check(self, *, asked=True):
        ask = self.ask if asked else None
        return KeypadCheck(self.keypad, self.clock, self.pause, KEYPAD, ask)


def test_a_well_wired_pad_is_good():
    assert verdicts(Hand().check()) == [GOOD, GOOD]


def test_nobody_at_the_bench_is_asked_for_nothing():
    assert verdicts(Hand().check(asked=False)) == [GOOD, SKIPPED]


def test_pins_that_fail_are_bad():
    hand = Hand()
    hand.matrix.fail(broken=True)
    assert verdicts(hand.check()) == [BAD]


class UsbBench:
    """A USB pad, the check on it, and a person who presses what is asked for."""

    def __init__(self, without=()):
        self.pad = UsbKeypadModel()
        self.keypad = UsbKeypad(self.pad.connect)
        self.clock = VirtualClock(NOON)
        self.without = {key.value for key in without}

    def check(self, *, person=True):
        ask = self.obey if person else None
        return KeypadCheck(self.keypad, self.clock, self.pause, None, ask)

    def pause(self, milliseconds):
        self.clock.advance_to(self.clock.monotonic_ms() + milliseconds)

    def obey(self, words):
        label = words.removeprefix("press ")
        if label not in self.without:
            self.pad.press(Key(label))
            self.pad.release(Key(label))


def test_a_usb_pad_with_every_key_is_good():
    assert verdicts(UsbBench().check()) == [GOOD, GOOD]


def test_a_usb_pad_that_lacks_keys_is_bad_with_its_legend():
    [(detail, advice)] = worst(UsbBench(without=[Key.MENU, Key.HASH]).check())
    assert detail == "silent: # MENU"
    assert "+ or tab is MENU" in advice


def test_a_usb_pad_that_is_not_there_is_bad_with_where_to_look():
    bench = UsbBench()
    bench.pad.unplug()
    [(detail, advice)] = worst(bench.check(person=False))
    assert detail == "No such file or directory"
    assert "keypad.device" in advice


def test_a_usb_pad_that_another_program_has_is_bad_and_says_so():
    def taken():
        raise DeviceFault(Device.KEYPAD, "/dev/pos-keypad: busy", FaultReason.HELD)

    check = KeypadCheck(UsbKeypad(taken), VirtualClock(NOON), lambda _ms: None, None, None)
    [(_, advice)] = worst(check)
    assert "what else has it?" in advice


def test_a_key_that_jams_is_bad():
    hand = Hand()
    hand.matrix.press(Key.D5)
    assert worst(hand.check())[0][0] == "a key reads as pressed"


@pytest.mark.parametrize(
    ("dead", "advice"),
    [
        (KEYPAD.legends[1], "check the wire of row 2 (GPIO6, header pin 31)"),
        (
            [legend[3] for legend in KEYPAD.legends],
            "check the wire of column 4 (GPIO21, header pin 40)",
        ),
        ([Key.D5], "these contacts are worn or dirty: clean or replace the pad"),
    ],
    ids=["row", "column", "key"],
)
def test_silent_keys_lead_to_their_wire(dead, advice):
    assert [each for _, each in worst(Hand(dead=dead).check())] == [advice]


def test_a_pad_that_is_not_connected_is_given_up_soon():
    hand = Hand(dead=list(Key))
    [(detail, advice)] = worst(hand.check())
    assert detail == "silent: 1 2 3 CANCEL 4"
    assert "connector" in advice


def test_two_wires_on_each_others_pins_are_named():
    a, b, c, d = KEYPAD.rows
    [(detail, advice)] = worst(Hand(replace(KEYPAD, rows=(b, a, c, d))).check())
    assert detail.startswith("1 gave 4, ")
    wires = "row 1 (GPIO5, header pin 29), row 2 (GPIO6, header pin 31)"
    assert advice == f"these wires are on each other's pins: {wires}"
    w, x, y, z = KEYPAD.columns
    [(detail, advice)] = worst(Hand(replace(KEYPAD, columns=(w, x, z, y))).check())
    assert detail.startswith("3 gave CANCEL, ")
    wires = "column 3 (GPIO20, header pin 38), column 4 (GPIO21, header pin 40)"
    assert advice == f"these wires are on each other's pins: {wires}"
