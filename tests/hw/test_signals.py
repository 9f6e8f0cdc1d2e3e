"""Buzzer and lights on modelled pins: heard and seen where they are, and never in the way."""

import threading

import pytest
from gpiozero.exc import BadPinFactory
from gpiozero.pins.mock import MockFactory, MockPin
from gpiozero.threads import GPIOThread

from hw.board import SIGNALS
from hw.events import Device
from hw.gpio import PinHeader, pin_errors
from hw.ports import DeviceFault
from hw.signals import Signals


class DyingPin(MockPin):
    """A pin that takes no level any more once it is dead; `asked` is what it was to take."""

    dead = False
    asked = ()

    def _set_state(self, value):
        if self.dead:
            self.asked += (bool(value),)
            raise OSError("gone")
        super()._set_state(value)


class Bench:
    """The pins, and what they did."""

    def __init__(self, **wanted):
        self.factory = MockFactory(revision="c03111", pin_class=DyingPin)
        self.signals = Signals(lambda: PinHeader(self.factory, pin_errors()), **wanted)

    def levels(self, name):
        """Every level that a pin has had since it was claimed."""
        pin = self.factory.pin(getattr(SIGNALS, name).bcm)
        return [bool(state.state) for state in pin.states]

    def finish(self):
        """Wait until what sounds has ended."""
        for thread in threading.enumerate():
            if isinstance(thread, GPIOThread):
                thread.join(timeout=20)


@pytest.fixture
def bench():
    bench = Bench(buzzer=True, lights=True)
    yield bench
    bench.signals.close()
    bench.factory.close()


def test_a_beep_sounds_once_and_ends_by_itself(bench):
    bench.signals.beep(1)
    bench.finish()
    assert bench.levels("buzzer") == [False, True, False]
    assert bench.levels("red") == [False, True, False]


def test_green_is_trade_and_red_is_none(bench):
    bench.signals.trading(yes=True)
    assert (bench.levels("green")[-1], bench.levels("red")[-1]) == (True, False)
    bench.signals.trading(yes=False)
    assert (bench.levels("green")[-1], bench.levels("red")[-1]) == (False, True)


def test_a_beep_while_there_is_no_trade_leaves_red_as_it_shines(bench):
    bench.signals.trading(yes=False)
    bench.signals.beep(1)
    bench.finish()
    assert bench.levels("red")[-1]


def test_a_beep_begun_anew_before_it_ended_leaves_nothing_sounding(bench):
    bench.signals.beep(10_000)
    bench.signals.beep(1)
    bench.finish()
    assert not bench.levels("buzzer")[-1]


def test_closing_ends_what_sounds_and_shines(bench):
    bench.signals.trading(yes=True)
    bench.signals.beep(10_000)
    bench.signals.close()
    assert bench.factory.pin(SIGNALS.buzzer.bcm).function == "input"
    bench.signals.beep(1)


def test_what_is_not_wanted_keeps_its_pins_free():
    bench = Bench(buzzer=True, lights=False)
    bench.signals.trading(yes=True)
    bench.signals.beep(1)
    bench.finish()
    pins = (SIGNALS.buzzer, SIGNALS.green, SIGNALS.red)
    claimed = [bench.factory.pin(pin.bcm).function == "output" for pin in pins]
    assert claimed == [True, False, False]
    assert bench.signals.missing == ()
    bench.signals.close()


def absent():
    raise DeviceFault(Device.KEYPAD, "lgpio: no header")


class Broken:
    """A header whose pins cannot be had."""

    @staticmethod
    def reserve_pins(*_pins):
        raise BadPinFactory("taken")

    release_pins = pin = reserve_pins


@pytest.mark.parametrize("connect", [absent, lambda: PinHeader(Broken, pin_errors())])
def test_without_a_header_or_its_pins_all_is_silent(connect):
    signals = Signals(connect, buzzer=True, lights=True)
    signals.trading(yes=True)
    signals.beep(60)
    assert signals.missing == ("buzzer", "green", "red")
    signals.close()


def test_a_header_that_goes_away_is_no_reason_to_stop(bench):
    bench.signals.trading(yes=True)
    for pin in (SIGNALS.buzzer, SIGNALS.green, SIGNALS.red):
        bench.factory.pin(pin.bcm).dead = True
    bench.signals.trading(yes=False)
    asked = [bench.factory.pin(pin.bcm).asked for pin in (SIGNALS.green, SIGNALS.red)]
    assert asked == [(False,), (True,)]  # the first fault keeps nothing from the second
    assert (bench.levels("green")[-1], bench.levels("red")[-1]) == (True, False)
