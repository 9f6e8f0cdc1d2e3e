"""What a reader's driver tells first: what is in the slot when it comes up."""

from hw.card_reader import COMING_UP_MS
from hw.events import CardInserted, Device, DeviceBack
from hw.sim.reader.pcsc import PcscModel
from tests.hw.reader_bench import Bench, bench

__all__ = ["bench"]  # fixture


def test_a_reader_that_comes_tells_of_its_card_in_the_same_breath(bench, card_named):
    """Else the slot would seem to be empty for a moment."""
    bench.pcsc.unplug()
    bench.poll()
    bench.pcsc.slots[0].card = card_named("jcb")
    bench.pcsc.plug()
    back, inserted = bench.reader.poll(1_000)
    assert back == DeviceBack(Device.READER, 7, card=True)
    assert inserted == CardInserted(7, found=True)
    bench.pcsc.unplug()
    bench.poll()
    bench.pcsc.slots[0].card = None
    bench.pcsc.plug()
    assert list(bench.reader.poll(1_000)) == [DeviceBack(Device.READER, 7)]


def test_a_card_that_was_in_at_the_start_is_told(bench, card_named):
    bench.pcsc.insert(card_named("visa-credit"))
    assert [bench.poll(), bench.poll()] == [[CardInserted], []]


def test_an_empty_slot_of_a_reader_that_was_lost_is_told_with_its_return(bench):
    bench.poll()
    bench.pcsc.unplug()
    bench.poll()
    bench.pcsc.plug()
    assert bench.poll() == [DeviceBack]
    assert bench.poll() == []
    bench.pcsc.kill_daemon()
    bench.poll()
    bench.pcsc.start_daemon()
    assert [*bench.poll(), *bench.poll()] == [DeviceBack]


class Counting(PcscModel):
    """A daemon that counts how often it is asked for changes."""

    asked = 0

    def SCardGetStatusChange(self, context, timeout_ms, states):  # noqa: N802
        self.asked += 1
        return super().SCardGetStatusChange(context, timeout_ms, states)


def test_the_start_costs_no_further_look():
    bench = Bench(model=Counting)
    bench.poll()
    assert bench.pcsc.asked == 1


def test_a_slot_whose_card_has_no_power_yet_is_not_said_to_be_empty(bench, card_named):
    """The daemon lists a reader first, then powers its card, and only then tells of it."""
    slot = bench.pcsc.slots[0]
    slot.card, slot.coming_up = card_named("visa-credit"), True
    assert [bench.poll(), bench.poll()] == [[], []]
    assert bench.pauses[1:] == [COMING_UP_MS] * 2  # it does not spin
    slot.coming_up = False
    assert list(bench.reader.poll(1_000)) == [CardInserted(7, found=True)]
    bench.pcsc.unplug()
    bench.poll()
    bench.pcsc.plug()
    slot.coming_up = True
    assert [bench.poll(), bench.poll()] == [[], []]
    slot.coming_up = False
    back, inserted = bench.reader.poll(1_000)
    assert back == DeviceBack(Device.READER, 7, card=True)
    assert inserted == CardInserted(7, found=True)
