"""Readers as they are sold: states that flicker, time-outs alone, contactless slots first."""

import pytest

from hw.events import CardInserted, CardRemoved, DeviceBack, DeviceLost
from hw.ports import CardMute, DeviceFault
from tests.hw.reader_bench import Bench, bench, talking

__all__ = ["bench", "talking"]  # fixtures
SELECT_VISA = bytes.fromhex("00A4040007A000000003101000")


def test_one_state_of_being_gone_pulls_no_card(talking):
    """A reader that flickers: the state is asked anew before a pulled card is believed in."""
    talking.pcsc.flicker()
    assert talking.poll() == []
    assert talking.reader.transmit(SELECT_VISA)[-2:] == b"\x90\x00"


def test_a_state_of_being_gone_that_stays_is_a_pulled_card(talking):
    talking.pcsc.flickers = 1_000
    talking.pcsc.version += 1
    assert talking.poll() == [CardRemoved]


def test_a_reader_that_gives_only_time_outs_for_a_minute_is_lost(talking):
    talking.pcsc.times_out = True
    with pytest.raises(CardMute):
        talking.reader.transmit(SELECT_VISA)
    talking.reader.power_off()
    talking.clock.ms += 59_000
    with pytest.raises(CardMute):
        talking.reader.power_on()
    talking.clock.ms += 1_000
    with pytest.raises(DeviceFault, match="no card has answered for 60 s"):
        talking.reader.power_on()
    assert talking.poll() == [CardRemoved, DeviceLost]
    talking.pcsc.times_out = False
    assert talking.poll() == [DeviceBack, CardInserted]
    assert talking.reader.power_on() == talking.pcsc.card.atr


def lost_for_time_outs(talking: Bench) -> None:
    talking.pcsc.fail_timing_out()
    with pytest.raises(CardMute):
        talking.reader.power_on()
    talking.clock.ms += 60_000
    with pytest.raises(DeviceFault):
        talking.reader.power_on()
    assert talking.poll() == [CardRemoved, DeviceLost]


def test_it_stays_lost_as_long_as_a_card_is_in_that_does_not_answer(talking):
    lost_for_time_outs(talking)
    for _ in range(5):
        talking.clock.ms += 1_000
        assert talking.poll() == []
    talking.pcsc.remove()
    assert talking.poll() == [DeviceBack]


def test_the_next_card_that_does_not_answer_makes_it_lost_at_once(talking, card_named):
    lost_for_time_outs(talking)
    talking.pcsc.remove()
    talking.poll()
    talking.pcsc.insert(card_named("visa-debit"))
    assert talking.poll() == [CardInserted]
    with pytest.raises(DeviceFault, match="no card has answered"):
        talking.reader.power_on()
    talking.pcsc.clear()
    assert talking.poll() == [CardRemoved, DeviceLost]
    assert talking.poll() == [DeviceBack, CardInserted]
    talking.reader.power_on()
    talking.pcsc.fail_timing_out()
    with pytest.raises(CardMute):  # one has answered: the minute begins anew
        talking.reader.transmit(SELECT_VISA)


def test_a_card_is_asked_once_a_second_whether_it_answers_again(talking):
    lost_for_time_outs(talking)
    before = talking.pcsc.timed_out
    for _ in range(20):
        talking.clock.ms += 100
        talking.poll()
    assert 1 <= talking.pcsc.timed_out - before <= 3


def test_pulled_out_while_it_is_lost_it_is_told_once_and_comes_back(talking):
    lost_for_time_outs(talking)
    talking.pcsc.unplug()
    assert talking.poll() == []
    talking.pcsc.clear()
    assert talking.poll() == [DeviceBack, CardInserted]


def test_a_bad_card_among_good_ones_is_no_lost_reader(talking):
    for _ in range(3):
        talking.pcsc.times_out = True
        with pytest.raises(CardMute):
            talking.reader.transmit(SELECT_VISA)
        talking.reader.power_off()
        talking.pcsc.times_out = False
        talking.reader.power_on()
        talking.clock.ms += 59_000


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (("ACS ACR1281 Dual Reader PICC 0", "ACS ACR1281 Dual Reader ICC 1"), 1),
        (("Vendor SAM Slot 00", "Vendor Contactless 01", "Vendor Contact 02"), 2),
        (("OMNIKEY 5422CL Smartcard 0", "OMNIKEY 5422 Smartcard 1"), 0),
        (("HID 5422 CL 0", "HID 5422 Smartcard 1"), 1),
        (("Vendor Contactless 01",), 0),
        (("Vendor SAM 00", "Vendor PICC 01"), 1),
    ],
)
def test_a_contact_slot_is_taken_before_contactless_ones_and_those_for_sams(names, taken):
    bench = Bench(*names)
    bench.poll()
    assert bench.reader.taken().startswith(names[taken] + ":")


def test_a_name_goes_before_the_kind_of_slot():
    bench = Bench("Vendor PICC 01", "Vendor ICC 02", name="PICC")
    bench.poll()
    assert bench.reader.taken() == "Vendor PICC 01: the first slot with 'PICC' in its name"
