"""The USB keypad's driver over modelled input events: each press once, and back by itself."""

import os

import pytest

from hw.evdev_keypad import (
    CODES,
    EV_KEY,
    EV_SYN,
    EVENT,
    NAVIGATION,
    RETRY_MS,
    SYN_DROPPED,
    EventNode,
    UsbKeypad,
)
from hw.events import Device, DeviceBack, DeviceLost, Key
from hw.keypad import STUCK_AFTER_MS
from hw.ports import DeviceFault
from hw.sim.panel.usb_keypad import UsbKeypadModel
from tests.hw.hand import Hand


class PadHand(Hand):
    """A hand on the pad."""

    def __init__(self):
        self.pad = UsbKeypadModel()
        super().__init__(self.pad, UsbKeypad(self.pad.connect))
        self.wait(50)


@pytest.fixture
def hand():
    hand = PadHand()
    yield hand
    hand.keypad.close()


def test_every_key_of_the_terminal_is_on_the_pad(hand):
    hand.tap(*Key)
    assert hand.pressed == list(Key)
    assert hand.health == []


def test_digits_are_the_same_in_the_row_and_in_the_block(hand):
    """Codes as linux/input-event-codes.h counts them: KEY_1 is 2, KEY_KP7 is 71."""
    for code, digit in ((2, "1"), (11, "0"), (71, "7"), (79, "1"), (82, "0")):
        hand.pad.report((EV_KEY, code, 1), (EV_KEY, code, 0))
        hand.wait(5)
        assert hand.pressed[-1].digit == digit
    assert {Key(digit) for digit in "0123456789"} <= set(CODES.values())


def test_a_double_nought_key_types_two(hand):
    for _ in range(2):
        hand.pad.press(Key.D0)
        hand.pad.release(Key.D0)
    hand.wait(5)
    assert hand.pressed == [Key.D0, Key.D0]


def test_a_key_that_is_held_counts_once(hand):
    hand.pad.press(Key.D5)
    for _ in range(20):
        hand.pad.repeat(Key.D5)
        hand.wait(35)
    assert hand.pressed == [Key.D5]


def test_of_two_keys_together_only_the_first_counts(hand):
    hand.pad.press(Key.D1)
    hand.pad.press(Key.D2)
    hand.wait(40)
    hand.pad.release(Key.D1)
    hand.pad.release(Key.D2)
    hand.tap(Key.D3)
    assert hand.pressed == [Key.D1, Key.D3]


def test_keys_of_no_meaning_are_ignored(hand):
    num_lock, volume_up, mouse = (EV_KEY, 69, 1), (EV_KEY, 115, 1), (2, 0, 5)
    hand.pad.report(num_lock, volume_up, mouse)
    hand.tap(Key.D4)
    assert hand.pressed == [Key.D4]


def test_events_that_come_in_pieces_are_put_together(hand):
    raw = EVENT.pack(0, 0, EV_KEY, 79, 1) + EVENT.pack(0, 0, EV_KEY, 79, 0)
    for byte in raw:
        hand.pad.send(bytes([byte]))
        hand.wait(5)
    assert hand.pressed == [Key.D1]


def test_after_the_kernels_buffer_ran_over_no_key_hangs(hand):
    hand.pad.press(Key.D1)
    hand.wait(5)
    hand.pad.report((EV_SYN, SYN_DROPPED, 0))
    hand.tap(Key.D2)
    assert hand.pressed == [Key.D1, Key.D2]
    assert hand.keypad.at_rest


def test_a_stuck_key_is_named_and_the_pad_is_back_when_it_comes_up(hand):
    hand.pad.press(Key.D7)
    hand.wait(STUCK_AFTER_MS + 100)
    [lost] = hand.health
    assert (lost.device, lost.detail) == (Device.KEYPAD, "key 7 stuck")
    hand.pad.release(Key.D7)
    hand.wait(5)
    hand.tap(Key.D8)
    assert isinstance(hand.health[-1], DeviceBack)
    assert hand.pressed == [Key.D7, Key.D8]


def test_unplugged_it_is_lost_once_and_back_within_two_seconds(hand):
    hand.pad.press(Key.D1)
    hand.wait(5)
    hand.pad.unplug()
    hand.wait(3 * RETRY_MS)
    [lost] = hand.health
    assert isinstance(lost, DeviceLost)
    assert not hand.keypad.at_rest
    hand.pad.plug()
    hand.wait(RETRY_MS)
    assert isinstance(hand.health[-1], DeviceBack)
    hand.tap(Key.D2)
    assert hand.pressed == [Key.D1, Key.D2]


def test_one_that_is_absent_at_start_is_a_fault_and_not_tried_at_every_scan():
    tries = []

    def connect():
        tries.append(1)
        raise DeviceFault(Device.KEYPAD, "No such file or directory")

    keypad = UsbKeypad(connect)
    events = [event for now_ms in range(0, 2 * RETRY_MS, 5) for event in keypad.scan(now_ms)]
    assert [type(event) for event in events] == [DeviceLost]
    assert len(tries) == 2


def test_what_is_no_event_device_is_not_taken_for_one(tmp_path):
    """Nothing is read that could not be grabbed: a PIN must not be typed elsewhere, too."""
    os.mkfifo(tmp_path / "event0")
    with pytest.raises(DeviceFault, match="cannot be grabbed"):
        EventNode.open(str(tmp_path / "event0"))
    with pytest.raises(DeviceFault, match="No such file"):
        EventNode.open(str(tmp_path / "event1"))


def test_with_num_lock_off_the_pads_digits_are_digits(hand):
    hand.pad.num_lock_off = True
    digits = [Key(digit) for digit in "0123456789"]
    hand.tap(*digits)
    assert hand.pressed == digits
    assert {*NAVIGATION.values()} == {*digits}
    assert NAVIGATION.keys().isdisjoint(CODES)


@pytest.mark.parametrize(("gap_ms", "presses"), [(20, 1), (75, 1), (80, 2), (120, 2)])
def test_a_contact_that_gaps_is_one_press_and_a_double_press_two(hand, gap_ms, presses):
    hand.pad.press(Key.D5)
    hand.wait(40)
    hand.pad.release(Key.D5)
    hand.wait(gap_ms)
    hand.pad.press(Key.D5)
    hand.wait(40)
    hand.pad.release(Key.D5)
    hand.wait(100)
    assert hand.pressed == [Key.D5] * presses
