"""The reader's driver on the modelled PC/SC: readers come and go, daemons die, cards misbehave."""

import pytest

from hw.card_reader import BACK_OFF_MAX_MS
from hw.events import (
    CardInserted,
    CardRemoved,
    Device,
    DeviceBack,
    DeviceLost,
    FaultReason,
    SlotFoundEmpty,
)
from hw.pcsc import SCOPE_SYSTEM, Pcsc, ReaderFlags, seen, words
from hw.ports import CardGone, CardMute, DeviceFault
from hw.sim.reader.pcsc import PcscModel
from tests.hw.reader_bench import Bench, bench, talking

__all__ = ["bench", "talking"]  # fixtures
SELECT_VISA = bytes.fromhex("00A4040007A000000003101000")


def test_events_carry_the_clock(bench, card_named):
    assert list(bench.reader.poll(0)) == [SlotFoundEmpty(at_ms=7)]
    bench.pcsc.insert(card_named("visa-credit"))
    assert list(bench.reader.poll(0)) == [CardInserted(at_ms=7)]


def cards_found(bench):
    """Of each card that is told of: whether it was in the slot before anybody looked."""
    events = [event for _ in range(4) for event in bench.reader.poll(1_000)]
    return [event.found for event in events if isinstance(event, CardInserted)]


def test_a_card_that_was_in_the_slot_at_the_start_is_found_and_the_next_one_put_in(
    bench, card_named
):
    bench.pcsc.insert(card_named("visa-credit"))
    assert cards_found(bench) == [True]
    bench.pcsc.insert(card_named("visa-credit"))
    assert cards_found(bench) == [False]


@pytest.mark.parametrize(
    ("go", "come"),
    [(PcscModel.unplug, PcscModel.plug), (PcscModel.kill_daemon, PcscModel.start_daemon)],
    ids=["that a reader brings along", "that was in the slot as the daemon came up"],
)
def test_a_card_is_found(bench, card_named, go, come):
    bench.poll()
    bench.pcsc.insert(card_named("visa-credit"))
    assert cards_found(bench) == [False]
    go(bench.pcsc)
    bench.poll()
    come(bench.pcsc)
    assert cards_found(bench) == [True]


def test_a_reader_that_was_away_between_two_looks_brings_a_card_that_is_found(bench, card_named):
    """Nobody saw it go, but its counter has begun anew."""
    bench.poll()
    bench.pcsc.insert(card_named("visa-credit"))
    bench.poll()
    bench.pcsc.unplug()
    bench.pcsc.slots[0].card = card_named("jcb")
    bench.pcsc.plug()
    assert bench.poll() == [CardRemoved, CardInserted]
    bench.pcsc.unplug()
    bench.pcsc.plug()
    assert cards_found(bench) == []  # the very same news: it stays what it was, found


def test_a_card_swapped_between_two_looks_is_told_out_and_in(bench, card_named):
    bench.pcsc.insert(card_named("visa-credit"))
    bench.poll()
    bench.pcsc.insert(card_named("jcb"))
    assert bench.poll() == [CardRemoved, CardInserted]


def test_our_own_use_of_the_card_is_no_news(talking):
    assert talking.poll() == []
    talking.reader.power_off()
    assert talking.poll() == []


def test_the_state_handed_back_keeps_its_counter():
    assert seen(0x0003_0022) == 0x0003_0020
    assert seen(int(ReaderFlags.CHANGED)) == 0


def test_a_reader_pulled_out_is_lost_with_its_card_and_back_with_it(talking):
    talking.pcsc.unplug()
    assert talking.poll() == [CardRemoved, DeviceLost]
    assert talking.poll() == []
    with pytest.raises(DeviceFault):
        talking.reader.power_on()
    assert talking.poll() == []
    talking.pcsc.plug()
    assert talking.poll() + talking.poll() == [DeviceBack, CardInserted]
    assert talking.reader.power_on() == talking.pcsc.card.atr


def test_a_transmit_to_an_unplugged_reader_is_a_device_fault(talking):
    talking.pcsc.unplug()
    with pytest.raises(DeviceFault) as fault:
        talking.reader.transmit(SELECT_VISA)
    assert fault.value.device is Device.READER


def test_a_fault_is_told_by_the_next_poll_even_when_all_is_well_again(talking):
    talking.pcsc.held_by_other = True
    talking.reader.power_off()
    with pytest.raises(DeviceFault):
        talking.reader.power_on()
    talking.pcsc.held_by_other = False
    assert talking.poll() == [CardRemoved, DeviceLost]
    assert talking.poll() == [DeviceBack, CardInserted]


class Dying(PcscModel):
    """A daemon that dies within a call: pyscard answers that with a SystemError of its own."""

    dies = True

    def SCardListReaders(self, context, groups):  # noqa: N802
        if self.dies:
            raise SystemError("returned NULL without setting an exception")
        return super().SCardListReaders(context, groups)


def test_a_daemon_that_dies_within_a_call_is_lost_like_any_other():
    bench = Bench(model=Dying)
    assert bench.poll() == [DeviceLost]
    bench.pcsc.dies = False
    assert bench.poll() == [DeviceBack]


def test_no_reader_at_the_start_is_told_once():
    bench = Bench()
    bench.pcsc.unplug()
    lost = list(bench.reader.poll(0))
    assert lost == [DeviceLost(Device.READER, "no reader", 7)]
    assert bench.poll() == []
    bench.pcsc.plug()
    assert bench.poll() == [DeviceBack]


def test_of_two_readers_the_named_one_is_taken(card_named):
    bench = Bench("SIM Reader 00 00", "Card Reader 01 00", name="Card")
    bench.pcsc.insert(card_named("jcb"), slot=0)
    assert bench.poll() == [SlotFoundEmpty]
    bench.pcsc.insert(card_named("visa-credit"), slot=1)
    assert bench.poll() == [CardInserted]
    bench.pcsc.remove(slot=0)
    assert bench.poll() == []
    bench.pcsc.remove(slot=1)
    assert bench.poll() == [CardRemoved]


def test_a_second_reader_that_comes_and_goes_disturbs_nobody(card_named):
    bench = Bench("Card Reader 00 00", "Other 01 00")
    bench.poll()
    bench.pcsc.insert(card_named("visa-credit"))
    assert bench.poll() == [CardInserted]
    bench.reader.power_on()
    bench.pcsc.unplug(slot=1)
    assert bench.poll() == []
    bench.pcsc.plug(slot=1)
    assert bench.poll() == []
    assert bench.reader.transmit(SELECT_VISA)[-2:] == b"\x90\x00"


def test_a_reader_named_but_not_there_is_named_in_the_fault():
    bench = Bench(name="Nobody")
    (lost,) = bench.reader.poll(0)
    why = FaultReason.NO_SUCH_READER
    assert lost == DeviceLost(Device.READER, "no reader named 'Nobody'", 7, why)


def test_a_daemon_that_is_away_is_asked_less_and_less_often(bench):
    bench.pcsc.kill_daemon()
    events = [bench.reader.poll(60_000) for _ in range(8)]
    assert [len(found) for found in events] == [1, 0, 0, 0, 0, 0, 0, 0]
    assert bench.pauses == [0, 250, 500, 1000, 2000, 4000, 5000, 5000]
    assert max(bench.pauses) == BACK_OFF_MAX_MS
    bench.pcsc.start_daemon()
    assert bench.poll() == [DeviceBack]


def test_the_back_off_never_outlasts_the_poll(bench):
    bench.pcsc.kill_daemon()
    for _ in range(8):
        bench.reader.poll(300)
    assert max(bench.pauses) == 300


def test_another_card_put_in_after_a_tear_is_told_too(talking, card_named):
    talking.pcsc.card.pull_at(1)
    with pytest.raises(CardGone):
        talking.reader.transmit(SELECT_VISA)
    talking.pcsc.insert(card_named("jcb"))
    assert talking.poll() + talking.poll() == [CardRemoved, CardInserted]


def test_a_card_reset_by_somebody_else_has_lost_its_session(talking):
    talking.pcsc.reset_card()
    with pytest.raises(CardGone):
        talking.reader.transmit(SELECT_VISA)
    talking.reader.power_on()
    assert talking.reader.transmit(SELECT_VISA)[-2:] == b"\x90\x00"


def test_a_mute_card_is_in_but_cannot_be_powered(bench, card_named):
    card = card_named("visa-credit")
    card.faults.mute = True
    bench.pcsc.insert(card)
    assert bench.poll() == [CardInserted]
    with pytest.raises(CardMute):
        bench.reader.power_on()


def test_a_card_that_falls_silent_is_mute_not_gone(talking):
    talking.pcsc.card.faults.silent_at = 1
    with pytest.raises(CardMute):
        talking.reader.transmit(SELECT_VISA)
    assert talking.poll() == []


def test_a_card_of_endless_61xx_is_mute(talking):
    talking.pcsc.card.faults.endless_61xx = True
    with pytest.raises(CardMute):
        talking.reader.transmit(SELECT_VISA)


def test_a_card_of_garbage_never_brings_the_driver_down(talking):
    talking.pcsc.card.faults.garbage = True
    for _ in range(200):
        try:
            assert len(talking.reader.transmit(SELECT_VISA)) >= 2
        except CardMute:
            talking.reader.power_on()


def test_a_card_that_another_holds_is_a_device_fault(bench, card_named):
    bench.pcsc.insert(card_named("visa-credit"))
    bench.pcsc.held_by_other = True
    with pytest.raises(DeviceFault) as fault:
        bench.reader.power_on()
    assert fault.value.detail == "another program holds the card (0x8010000b)"


@pytest.mark.parametrize("code", [code for code in Pcsc if code > Pcsc.CANCELLED])
def test_every_code_is_told_in_words_with_its_number(code: Pcsc):
    said, _, number = words(code).rpartition(" ")
    assert (number, len(said.split()) > 2) == (f"({code:#010x})", True)


def test_a_code_nobody_knows_is_told_by_its_number():
    assert words(0x8010DEAD) == "PC/SC failed (0x8010dead)"


def test_power_off_takes_the_cards_power_and_transmit_notices(talking):
    talking.reader.power_off()
    with pytest.raises(CardGone):
        talking.reader.transmit(SELECT_VISA)


def test_interrupt_ends_the_next_poll_without_asking(bench):
    bench.poll()
    bench.reader.interrupt()
    assert bench.pcsc.cancels == 1
    asked = bench.pcsc.version
    assert bench.reader.poll(60_000) == []
    assert bench.pcsc.version == asked


def test_the_slow_card_takes_virtual_time(card_named):
    passed: list[int] = []
    bench = Bench()
    bench.pcsc.pass_time = passed.append
    card = card_named("visa-credit")
    card.faults.slow_ms = 900
    bench.pcsc.insert(card)
    bench.reader.power_on()
    bench.reader.transmit(SELECT_VISA)
    assert passed == [900, 900]  # SELECT and its GET RESPONSE


def test_hooks_see_every_exchange_on_the_wire(talking):
    heard = []
    talking.pcsc.on_apdu.append(lambda command, response: heard.append((command, response[-2:])))
    talking.reader.transmit(SELECT_VISA)
    assert [(command[:2].hex(), status.hex()) for command, status in heard] == [
        ("00a4", "6125"),
        ("00c0", "9000"),
    ]
    assert talking.pcsc.apdu_count == 2


def test_the_version_grows_with_every_change(bench, card_named):
    versions = [bench.pcsc.version]
    for change in (
        lambda: bench.pcsc.insert(card_named("visa-credit")),
        bench.pcsc.remove,
        bench.pcsc.unplug,
        bench.pcsc.plug,
        bench.pcsc.kill_daemon,
        bench.pcsc.start_daemon,
    ):
        change()
        versions.append(bench.pcsc.version)
    assert versions == sorted(set(versions))


def test_a_protocol_nobody_wants_is_a_mute_card(bench, card_named):
    bench.pcsc.insert(card_named("t1"))
    bench.poll()
    _, context = bench.pcsc.SCardEstablishContext(SCOPE_SYSTEM)
    code, *_ = bench.pcsc.SCardConnect(context, "Modelled Reader 00 00", 1, 1)
    assert code == Pcsc.PROTOCOL_MISMATCH
