"""What every keypad owes the firmware: see hw.ports.Keypad. Nobody touches the real one."""

import time

import pytest

from hw.board import KEYPAD
from hw.evdev_keypad import UsbKeypad
from hw.gpio import PinHeader
from hw.keypad import MatrixKeypad
from hw.sim.panel.matrix import Matrix
from hw.sim.panel.usb_keypad import UsbKeypadModel
from tests.contracts.at_the_bench import PART


@pytest.fixture(params=["matrix", "USB", PART])
def keypad(request):
    match request.param:
        case "matrix":
            keypad = MatrixKeypad(lambda: PinHeader(Matrix(KEYPAD).factory))
        case "USB":
            keypad = UsbKeypad(UsbKeypadModel().connect)
        case _:
            keypad = request.getfixturevalue("terminal").part("keypad")
            keypad.close()  # as if nobody had scanned it yet
    yield keypad
    keypad.close()


def scan_until_at_rest(keypad):
    events = []
    for number in range(20):
        events += keypad.scan(number * keypad.scan_period_ms)
    return events


class TestKeypad:
    def test_an_untouched_keypad_comes_to_rest_and_reports_nothing(self, keypad):
        assert scan_until_at_rest(keypad) == []
        assert keypad.at_rest

    def test_a_keypad_that_was_never_scanned_is_not_at_rest(self, keypad):
        assert not keypad.at_rest

    def test_a_scan_fits_its_period(self, keypad):
        scan_until_at_rest(keypad)
        fastest_s = 1.0
        for number in range(20):
            start_s = time.monotonic()
            keypad.scan(1_000 + number * keypad.scan_period_ms)
            fastest_s = min(fastest_s, time.monotonic() - start_s)
        assert fastest_s * 1000 < keypad.scan_period_ms

    def test_it_works_on_after_closing(self, keypad):
        scan_until_at_rest(keypad)
        keypad.close()
        keypad.close()
        assert scan_until_at_rest(keypad) == []
        assert keypad.at_rest
