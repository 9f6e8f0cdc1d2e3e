"""The keypad's driver against a modelled matrix: every press once, and never a false one."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.board import KEYPAD
from hw.events import Device, DeviceBack, DeviceLost, Key, KeyPressed
from hw.gpio import PinHeader
from hw.keypad import HEADER_RETRY_MS, RETRY_MS, STUCK_AFTER_MS, MatrixKeypad
from hw.ports import DeviceFault
from hw.sim.panel.matrix import Matrix, ShortCircuit
from tests.hw.hand import Hand

KEYS = [key for legend in KEYPAD.legends for key in legend]


class MatrixHand(Hand):
    """A hand on the matrix; with `skip`, scans pause at rest while no contact moves."""

    def __init__(self, *, skip=False):
        self.matrix = Matrix(KEYPAD)
        super().__init__(self.matrix, MatrixKeypad(lambda: PinHeader(self.matrix.factory)))
        self.skip = skip
        self.scans = 0
        self._scanned_version = None

    def look(self):
        version = self.matrix.version
        if self.skip and self.keypad.at_rest and version == self._scanned_version:
            return
        self._scanned_version = version
        super().look()
        self.scans += 1


@pytest.fixture
def hand():
    hand = MatrixHand()
    hand.wait(50)
    return hand


def test_the_keys_are_where_the_legends_say(hand):
    hand.tap(*KEYS)
    assert hand.pressed == KEYS
    assert " ".join(key.value for key in KEYS) == "1 2 3 CANCEL 4 5 6 BACK 7 8 9 MENU * 0 # ENTER"


def test_a_key_that_is_stuck_when_the_header_comes_is_told_after_the_header():
    """Whoever stands there can let go of a key, and not mend a header."""
    matrix, there = Matrix(KEYPAD), []

    def connect():
        if not there:
            raise DeviceFault(Device.KEYPAD, "no header")
        return PinHeader(matrix.factory)

    keypad = MatrixKeypad(connect)
    matrix.press(Key.D5)
    events = [*keypad.scan(0)]
    there.append(True)
    for now_ms in range(HEADER_RETRY_MS, HEADER_RETRY_MS + STUCK_AFTER_MS + 100, 5):
        events += keypad.scan(now_ms)
    assert [(each.detail, each.stuck) for each in events] == [
        ("no header", ()),
        (events[-1].detail, (Key.D5,)),
    ]
    matrix.release(Key.D5)
    later_ms = HEADER_RETRY_MS + 2 * STUCK_AFTER_MS
    back = [each for ms in range(later_ms, later_ms + 100, 5) for each in keypad.scan(ms)]
    assert [type(each) for each in back] == [DeviceBack]


def test_a_fast_hand_loses_no_key(hand):
    """Keys down for 40 ms and up for 40 ms, as an amount is typed by one who does it all day.

    The same key again comes 120 ms after its first press.
    """
    digits = random.Random(3).choices(KEYS, k=100)
    hand.tap(*digits)
    assert hand.pressed == digits


def test_a_press_is_dated_by_the_scan_that_confirmed_it(hand):
    hand.down(Key.D5)
    start_ms = hand.now_ms
    hand.wait(100)
    assert hand.events == [KeyPressed(Key.D5, start_ms + 20)]


def test_a_held_key_is_pressed_once(hand):
    hand.down(Key.D5)
    hand.wait(5_000)
    hand.up(Key.D5)
    hand.wait(100)
    assert hand.pressed == [Key.D5]


@pytest.mark.parametrize("bounce", [(True, False), (False, True, False), (True, True, True, False)])
def test_a_bouncing_contact_is_one_press(hand, bounce):
    hand.matrix.press(Key.D8, bounce=bounce)
    hand.wait(60)
    hand.matrix.release(Key.D8, bounce=[not closed for closed in bounce])
    hand.wait(60)
    assert hand.pressed == [Key.D8]


def test_a_contact_that_only_flickers_is_no_press(hand):
    hand.matrix.press(Key.D8, bounce=(True, True, False, True, True, True, False))
    hand.wait(35)
    hand.up(Key.D8)
    hand.wait(60)
    assert hand.events == []


def test_of_two_keys_down_together_neither_counts(hand):
    hand.down(Key.D1, Key.D2)
    hand.wait(100)
    hand.up(Key.D1)  # the one that is left is no press either
    hand.wait(100)
    hand.up(Key.D2)
    hand.wait(100)
    hand.tap(Key.D3)
    assert hand.pressed == [Key.D3]


def test_a_second_key_counts_only_after_the_first_is_up(hand):
    hand.down(Key.D1)
    hand.wait(60)
    hand.down(Key.D2)
    hand.wait(60)
    hand.up(Key.D1)
    hand.wait(60)
    hand.up(Key.D2)
    hand.wait(60)
    hand.tap(Key.D2)
    assert hand.pressed == [Key.D1, Key.D2]


def test_keys_that_overlap_a_little_are_still_two_keys_together(hand):
    hand.down(Key.D1)
    hand.wait(60)
    hand.down(Key.D2)
    hand.wait(10)
    hand.up(Key.D1)
    hand.wait(60)
    assert hand.pressed == [Key.D1]


def test_a_key_that_follows_at_once_counts(hand):
    hand.down(Key.D1)
    hand.wait(40)
    hand.up(Key.D1)
    hand.down(Key.D2)
    hand.wait(40)
    assert hand.pressed == [Key.D1, Key.D2]


def test_a_matrix_shows_a_ghost_where_three_keys_make_a_rectangle(hand):
    """The model's control: without it, the tests of ghosts would prove nothing."""
    hand.down(Key.D1, Key.D3, Key.D7)
    row, column = KEYPAD.rows[2].bcm, KEYPAD.columns[2].bcm  # 9, which nobody presses
    pin = hand.matrix.factory.pin(row)
    pin.output_with_state(0)
    assert not hand.matrix.factory.pin(column).state
    pin.input_with_pull("up")


@pytest.mark.parametrize("held", [Key.D1, Key.D3, Key.D7])
def test_a_ghost_key_is_never_pressed(hand, held):
    corners = [Key.D1, Key.D3, Key.D7]
    hand.down(held)
    hand.wait(100)
    hand.down(*corners)
    hand.wait(100)
    hand.up(*[key for key in corners if key is not held])
    hand.wait(100)
    hand.up(held)
    hand.wait(100)
    hand.tap(Key.D5)
    assert hand.pressed == [held, Key.D5]


@pytest.mark.parametrize("together_ms", [10, 100])
def test_what_is_left_of_a_ghost_is_no_press_until_all_are_up(hand, together_ms):
    hand.down(Key.D1, Key.D3, Key.D7)
    hand.wait(together_ms)
    hand.up(Key.D3, Key.D7)
    hand.wait(100)
    assert hand.pressed == []
    hand.up(Key.D1)
    hand.wait(100)
    hand.tap(Key.D1)
    assert hand.pressed == [Key.D1]


def test_a_stuck_key_is_named_once_and_comes_back(hand):
    hand.down(Key.D5)
    start_ms = hand.now_ms
    hand.wait(STUCK_AFTER_MS + 10_000)
    at_ms = start_ms + 5 + STUCK_AFTER_MS
    lost = DeviceLost(Device.KEYPAD, "key 5 stuck", at_ms, stuck=(Key.D5,))
    assert hand.health == [lost]
    hand.up(Key.D5)
    up_ms = hand.now_ms
    hand.wait(100)
    assert hand.health == [lost, DeviceBack(Device.KEYPAD, up_ms + 20)]
    hand.tap(Key.D6)
    assert hand.pressed == [Key.D5, Key.D6]


def test_nothing_is_typed_beside_a_stuck_key(hand):
    hand.down(Key.D5)
    hand.wait(STUCK_AFTER_MS + 100)
    hand.tap(Key.D1, Key.ENTER)
    assert hand.pressed == [Key.D5]


def test_keys_jammed_into_a_ghost_are_stuck_too(hand):
    hand.down(Key.D1, Key.D3, Key.D7)
    hand.wait(STUCK_AFTER_MS + 100)
    assert [event.detail for event in hand.health] == ["keys 1 3 7 9 stuck"]
    assert hand.pressed == []


def test_a_key_held_while_the_terminal_starts_is_no_press():
    hand = MatrixHand()
    hand.down(Key.ENTER)
    hand.wait(200)
    hand.up(Key.ENTER)
    hand.wait(200)
    assert hand.events == []
    hand.tap(Key.ENTER)
    assert hand.pressed == [Key.ENTER]


def test_failing_pins_are_reported_once_and_recovered_from(hand):
    hand.matrix.fail(broken=True)
    hand.wait(500)
    assert [type(event) for event in hand.events] == [DeviceLost]
    hand.matrix.fail(broken=False)
    hand.wait(100)
    assert [type(event) for event in hand.events] == [DeviceLost, DeviceBack]
    hand.tap(Key.D1)
    assert hand.pressed == [Key.D1]


def test_a_key_held_through_a_failure_of_the_pins_is_not_pressed_again(hand):
    hand.down(Key.D4)
    hand.wait(100)
    hand.matrix.fail(broken=True)
    hand.wait(100)
    hand.matrix.fail(broken=False)
    hand.wait(RETRY_MS + 100)
    hand.up(Key.D4)
    hand.wait(100)
    assert hand.pressed == [Key.D4]
    assert [type(event) for event in hand.health] == [DeviceLost, DeviceBack]


def test_a_terminal_starts_without_its_pins():
    hand = MatrixHand()
    hand.matrix.fail(broken=True)
    hand.wait(100)
    assert [type(event) for event in hand.events] == [DeviceLost]
    assert not hand.keypad.at_rest  # or nobody would try again


def test_a_driver_that_pushes_and_pulls_is_caught_shorting_two_rows():
    """The model's control: rows that are outputs together short through two keys of a column."""
    matrix = Matrix(KEYPAD)
    first, second = (matrix.factory.pin(pin.bcm) for pin in KEYPAD.rows[:2])
    first.output_with_state(0)
    second.output_with_state(1)
    matrix.press(Key.D1)
    with pytest.raises(ShortCircuit):
        matrix.press(Key.D4)
    assert len(matrix.short_circuits) == 1


@given(st.sets(st.sampled_from(KEYS)), st.sets(st.sampled_from(KEYS)))
@settings(max_examples=60, deadline=None)
def test_no_keys_whatever_short_a_row(first, second):
    hand = MatrixHand()
    hand.down(*first)
    hand.wait(50)
    hand.down(*second)
    hand.wait(50)
    assert hand.matrix.short_circuits == []
    assert len(hand.pressed) <= 1


MOVES = st.lists(
    st.tuples(
        st.sampled_from(("press", "release", "bounce")),
        st.sampled_from(KEYS),
        st.sampled_from((0, 5, 10, 20, 40, 80, 200)),
    ),
    max_size=25,
)


@given(MOVES)
@settings(max_examples=50, deadline=None)
def test_scans_left_out_at_rest_change_no_event(moves):
    """Virtual time skips them, so `at_rest` has to be exact."""
    steady, skipping = MatrixHand(), MatrixHand(skip=True)
    for hand in (steady, skipping):
        hand.wait(100)
        for move, key, pause_ms in moves:
            if move == "release":
                hand.matrix.release(key)
            else:
                hand.matrix.press(key, bounce=(False, True, False) if move == "bounce" else ())
            hand.wait(pause_ms)
        hand.matrix.release_all()
        hand.wait(300)
    assert skipping.events == steady.events
    assert skipping.scans < steady.scans


def test_closing_leaves_every_pin_an_input_and_never_raises(hand):
    hand.keypad.close()
    assert {pin.function for pin in hand.matrix.factory.pins.values()} == {"input"}
    hand.wait(20)
    hand.matrix.fail(broken=True)
    hand.keypad.close()


def test_pins_that_cannot_be_had_are_not_asked_for_at_every_scan(hand):
    """Claiming eight pins costs as much as thirty scans, and nobody presses a key meanwhile."""
    hand.matrix.fail(broken=True)
    before = hand.matrix.uses
    tries = 10
    hand.wait(tries * RETRY_MS)
    assert tries <= hand.matrix.uses - before <= 9 * tries  # a claim, 8 pins let go
