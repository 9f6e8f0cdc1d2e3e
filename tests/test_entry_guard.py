"""Digits of a masked entry that was broken off, and what of them a repr may show."""

from __future__ import annotations

from contextlib import closing

import pytest

from firmware.core.masked import Password, Pin
from firmware.flows import effects
from firmware.flows.effects import MaskedEntry
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.reading import stands
from firmware.lab.scenario.stage import Stage
from firmware.terminal.entry_guard import FILE, EntryGuard
from hw.events import CardInserted, CardRemoved, DeviceBack, Key, KeyPressed, SlotFoundEmpty
from hw.sim.time import VirtualTime
from tests.playing import play

DIGITS = [key for key in Key if key.digit]


def takes(guard, key, *, masked=False, card_out=False):
    return guard.takes(key, masked=masked, card_out=card_out)


@pytest.mark.parametrize("entry", list(MaskedEntry))
@pytest.mark.parametrize("end", [Key.ENTER, Key.CANCEL])
def test_an_entry_ends_by_its_own_keys(tmp_path, entry, end):
    guard = EntryGuard(tmp_path)
    guard.begin(entry)
    assert all(takes(guard, key, masked=True) for key in DIGITS)
    assert takes(guard, end, masked=True)
    assert all(takes(guard, key) for key in Key)
    assert EntryGuard(tmp_path).open is None


@pytest.mark.parametrize("entry", list(MaskedEntry))
def test_digits_of_one_that_was_broken_off_are_swallowed_over_a_restart(tmp_path, entry):
    EntryGuard(tmp_path).begin(entry)
    guard = EntryGuard(tmp_path)
    assert not any(takes(guard, key) for key in (*DIGITS, Key.STAR))
    assert all(takes(guard, key) for key in (Key.MENU, Key.BACK, Key.HASH))
    assert not takes(guard, Key.CANCEL)
    assert takes(guard, Key.D1)


@pytest.mark.parametrize("entry", list(MaskedEntry))
@pytest.mark.parametrize("end", [Key.ENTER, Key.CANCEL])
def test_the_end_of_one_that_was_broken_off_belongs_to_it(tmp_path, entry, end):
    guard = EntryGuard(tmp_path)
    guard.begin(entry)
    assert guard.is_left_open(card_out=False)
    assert not takes(guard, end)
    assert not guard.is_left_open(card_out=False)
    assert takes(guard, end)


def test_a_card_that_is_out_leaves_a_password_open_and_no_pin(tmp_path):
    for entry, left_open in ((MaskedEntry.PIN, False), (MaskedEntry.PASSWORD, True)):
        guard = EntryGuard(tmp_path)
        guard.begin(entry)
        assert guard.is_left_open(card_out=True) is left_open
        assert takes(guard, Key.ENTER, card_out=True) is not left_open


def test_a_card_that_is_out_ends_a_pin_and_no_password(tmp_path):
    for entry, ends in ((MaskedEntry.PIN, True), (MaskedEntry.PASSWORD, False)):
        guard = EntryGuard(tmp_path)
        guard.begin(entry)
        assert takes(guard, Key.D1, card_out=True) is ends


@pytest.mark.parametrize(
    ("event", "ends"),
    [
        (SlotFoundEmpty(0), True),
        (CardInserted(0), True),
        (CardInserted(0, found=True), False),
        (CardRemoved(0), False),
    ],
)
def test_a_pin_ends_for_good_with_an_empty_slot_at_the_start_or_another_card(tmp_path, event, ends):
    EntryGuard(tmp_path).begin(MaskedEntry.PIN)
    guard = EntryGuard(tmp_path)
    guard.slot_told(event)
    assert (guard.open is None) is ends
    assert (EntryGuard(tmp_path).open is None) is ends
    guard.begin(MaskedEntry.PASSWORD)
    guard.slot_told(event)
    assert guard.open is MaskedEntry.PASSWORD


IN_A_PIN = ("press 8800 ENTER", "press ENTER", "insert unionpay-debit", "press 12")
# the card was taken out while the power was off, and it is back: no time passed
CUT_IN_A_PIN = (*IN_A_PIN, "power cut", "remove", "power on")


def test_a_digit_that_is_keyed_before_the_reader_has_told_is_swallowed(player):
    play(player, *CUT_IN_A_PIN)
    stage, runner = player.stage, player.stage.terminal.runner
    runner.step(KeyPressed(Key.D3, 0))
    assert stands("请先按取消键", stage.display_text)
    stage.bench.time.run_until(runner, stage.bench.clock.monotonic_ms())
    assert stands("请输入金额", stage.display_text)
    assert not stands("请先按取消键", stage.display_text)
    runner.step(KeyPressed(Key.D4, 0))
    assert stands("0.04", stage.display_text)


@pytest.mark.parametrize(
    ("early", "shown"),
    [
        ((), "0.04"),
        ((Key.D3,), "0.04"),
        ((Key.D3, Key.ENTER), "0.04"),  # the ENTER is the entry's, and begins or agrees to nothing
        ((Key.D3, Key.CANCEL, Key.D5), "0.54"),
    ],
)
def test_keys_before_the_reader_has_told_are_the_entrys_though_it_tells_before_they_are_seen(
    player, early, shown
):
    """An advice is under way at the start: nobody waits for keys until it has no answer."""
    sold = "press 2000 ENTER", "press ENTER", "insert offline-ok", "press ENTER", "remove"
    play(player, "fault host silent", *sold, "wait 60s", *CUT_IN_A_PIN)
    stage, runner = player.stage, player.stage.terminal.runner
    for key in early:
        runner.step(KeyPressed(key, 0))
    stage.bench.time.run_until(runner, stage.bench.clock.monotonic_ms())
    assert not runner.settled
    runner.step(KeyPressed(Key.D4, 0))
    stage.bench.time.settle(runner)
    assert stands(shown, stage.display_text)


class Posts(VirtualTime):
    """Keeps what is posted; with `key` each return of a part is followed by a digit at once."""

    key = None

    def __init__(self, clock):
        super().__init__(clock)
        self.posted = []

    def post(self, event):
        super().post(event)
        self.posted.append(event)
        if self.key and isinstance(event, DeviceBack):
            super().post(KeyPressed(self.key, event.at_ms))


@pytest.fixture
def watched(tmp_path):
    """A player whose virtual time is `Posts`."""

    def stage(config):
        return Stage(tmp_path, config, make_time=Posts)

    with closing(Player(tmp_path, tmp_path, make_stage=stage)) as made:
        yield made


def test_a_start_with_an_empty_slot_draws_and_records_nothing_more(watched):
    player = watched
    play(player, "power cut", "power on")
    stage, runner = player.stage, player.stage.terminal.runner
    journal = stage.terminal.data.journal
    before = journal.head(), stage.bench.chip.bus_bytes
    stage.bench.time.posted.clear()
    stage.bench.time.run_until(runner, stage.bench.clock.monotonic_ms())
    assert sum(isinstance(event, SlotFoundEmpty) for event in stage.bench.time.posted) == 1
    assert (journal.head(), stage.bench.chip.bus_bytes) == before


def test_a_reader_that_is_back_with_its_card_leaves_no_moment_for_a_digit(watched):
    play(watched, *IN_A_PIN, "fault reader unplugged", "wait 5s")
    time = watched.stage.bench.time
    time.key = Key.D3
    time.posted.clear()
    play(watched, "clear reader", "wait 5s")
    assert sum(isinstance(event, DeviceBack) for event in time.posted) == 1
    play(watched, 'expect no screen "0.03"', 'expect screen "请先按取消键"')


def test_the_file_says_what_was_keyed_and_not_a_digit_of_it(tmp_path):
    guard = EntryGuard(tmp_path)
    guard.begin(MaskedEntry.PIN)
    takes(guard, Key.D7, masked=True)
    assert (tmp_path / FILE).read_text("ascii") == "pin"


def test_a_data_directory_that_is_gone_is_not_made_again(tmp_path):
    guard = EntryGuard(tmp_path / "gone")
    guard.begin(MaskedEntry.PIN)
    assert not takes(guard, Key.D1)
    assert not takes(guard, Key.ENTER)
    assert takes(guard, Key.D1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", DIGITS)
def test_no_repr_of_a_key_press_names_its_digit(key):
    pressed = KeyPressed(key, 0)
    for thing in (key, pressed, [pressed], effects.PutBack(pressed), Pin("1234"), Password("5678")):
        for words in (repr(thing), str(thing), f"{thing}"):
            assert not set(words) & set("123456789")
            assert key.name not in words


def test_a_masked_entry_grows_and_shrinks_masked():
    pin = Pin("1").with_more(Pin("23"))
    assert (pin, repr(pin)) == (Pin("123"), "Pin(***)")
    assert pin.without_last() == Pin("12")
    assert Pin("1").without_last() is None
