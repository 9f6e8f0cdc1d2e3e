"""The key matrix under worn contacts and fast fingers, and how little it does at rest."""

import pytest

from hw.events import Key
from hw.keypad import REST_PERIOD_MS, SCAN_PERIOD_MS
from tests.hw.test_keypad import MatrixHand, hand

__all__ = ["hand"]  # a fixture
# contacts as worn membrane pads have them under one finger, and fingers that press twice: each
# number is how many milliseconds it is closed, open, closed … in turn
ONE_PRESS = (
    (40, 20, 60),
    (15, 25, 10, 30, 120),
    (60, 45, 40),
    (200, 60, 150, 20, 80),
    (40, 70, 40),
    (500, 70, 500, 70, 500),
)
TWO_PRESSES = ((40, 80, 40), (35, 85, 35), (30, 90, 60), (60, 120, 60), (400, 100, 40))


def play(hand, trace):
    for at, duration_ms in enumerate(trace):
        (hand.up if at % 2 else hand.down)(Key.D5)
        hand.wait(duration_ms)
    hand.up(Key.D5)
    hand.wait(200)


@pytest.mark.parametrize("trace", ONE_PRESS)
def test_a_contact_that_gaps_under_the_finger_is_one_press(hand, trace):
    play(hand, trace)
    assert hand.pressed == [Key.D5]


@pytest.mark.parametrize("trace", TWO_PRESSES)
def test_a_double_press_is_two_presses(hand, trace):
    play(hand, trace)
    assert hand.pressed == [Key.D5, Key.D5]


def test_a_gap_in_one_key_takes_nothing_from_another(hand):
    hand.tap(Key.D5, Key.D6, Key.D5, Key.D6)
    assert hand.pressed == [Key.D5, Key.D6, Key.D5, Key.D6]


@pytest.mark.parametrize("began_ms", range(0, REST_PERIOD_MS, SCAN_PERIOD_MS))
def test_a_keypad_at_rest_is_looked_at_less_often_and_misses_no_press(began_ms):
    """40 ms down whenever it begins between two looks, scanned as its thread does."""
    hand = MatrixHand()
    hand.wait(200)
    down_ms, up_ms = 1_000 + began_ms, 1_040 + began_ms
    now_ms, events, down = 980, [], False
    while now_ms < 1_200:
        now_ms += REST_PERIOD_MS if hand.keypad.at_rest else SCAN_PERIOD_MS
        if down_ms <= now_ms < up_ms and not down:
            hand.down(Key.D5)
            down = True
        if now_ms >= up_ms and down:
            hand.up(Key.D5)
            down = False
        events += hand.keypad.scan(now_ms)
    assert [event.key for event in events] == [Key.D5]


def test_at_rest_the_pins_are_used_a_tenth_as_much(hand):
    uses = {}
    for name, key in (("at rest", None), ("scanning", Key.D5)):
        if key is not None:
            hand.down(key)
        before = hand.matrix.uses
        hand.wait(1_000)
        uses[name] = hand.matrix.uses - before
    # a thread looks once in REST_PERIOD_MS where this hand looks each SCAN_PERIOD_MS
    assert 0 < uses["at rest"] * SCAN_PERIOD_MS / REST_PERIOD_MS < uses["scanning"] / 10


def test_two_keys_pressed_at_rest_short_nothing(hand):
    hand.down(Key.D1, Key.D4)  # of one column: their rows are joined
    hand.wait(100)
    assert hand.matrix.short_circuits == []
