"""What hw.ports.CardReader promises, held to the driver on the modelled slot and on a real pcscd.

The same driver runs in both; what differs is who stands behind `smartcard.scard`.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from hw.card_reader import PcscReader
from hw.events import CardInserted, CardRemoved, Device, DeviceBack, DeviceLost
from hw.ports import CardGone, DeviceFault
from hw.sim.cards import Card, tray
from hw.sim.pcsc import PcscModel
from hw.worker import SystemClock

SELECT_PSE = bytes.fromhex("00A404000E315041592E5359532E444446303100")


@dataclass
class World:
    """A reader, and hands that move cards and daemons."""

    reader: PcscReader
    insert: Any
    remove: Any
    stop_daemon: Any
    start_daemon: Any

    def await_event(self, kind: type) -> list[object]:
        """Poll until an event of `kind`; all that came until then."""
        seen: list[object] = []
        for _ in range(15):
            seen += self.reader.poll(1_000)
            if any(isinstance(event, kind) for event in seen):
                return seen
        raise AssertionError(f"no {kind.__name__}, but {seen}")


@pytest.fixture(params=["model", "pcscd"])
def world(request):
    if request.param == "model":
        model = PcscModel()
        reader = PcscReader(model, SystemClock(), pause=lambda _: None)
        hands = (model.insert, model.remove, model.kill_daemon, model.start_daemon)
    else:
        daemon = request.getfixturevalue("pcscd")
        from smartcard import scard  # noqa: PLC0415 - only where there is a daemon

        reader = PcscReader(scard, SystemClock())
        hands = (daemon.insert, daemon.remove, daemon.stop, daemon.start)
    world = World(reader, *hands)
    yield world
    world.remove()
    while reader._present:  # pcscd takes its time to see it
        reader.poll(1_000)
    reader.close()


@pytest.fixture
def card() -> Card:
    return tray()["unionpay-debit"]


@pytest.fixture
def talking(world, card):
    """The world with a card in, powered."""
    world.insert(card)
    world.await_event(CardInserted)
    world.reader.power_on()
    return world


def test_an_empty_slot_has_nothing_to_tell(world):
    assert world.reader.poll(0) in ([], ())


def test_a_card_is_told_in_and_out_once(world, card):
    world.insert(card)
    assert [type(event) for event in world.await_event(CardInserted)] == [CardInserted]
    world.remove()
    assert [type(event) for event in world.await_event(CardRemoved)] == [CardRemoved]


def test_power_on_gives_the_answer_to_reset(talking, card):
    assert talking.reader.power_on() == card.atr


def test_a_case_4_command_over_t0_comes_back_whole(talking):
    response = talking.reader.transmit(SELECT_PSE)
    assert response.startswith(bytes.fromhex("6F19840E") + b"1PAY.SYS.DDF01")
    assert response.endswith(b"\x90\x00")


def test_power_on_again_forgets_what_was_selected(talking):
    talking.reader.transmit(SELECT_PSE)
    talking.reader.power_on()
    assert talking.reader.transmit(bytes.fromhex("00B2010C00")) == bytes.fromhex("6985")


def test_a_t1_card_answers_whole_commands(world):
    world.insert(tray()["t1"])
    world.await_event(CardInserted)
    world.reader.power_on()
    assert world.reader.transmit(SELECT_PSE).endswith(b"\x90\x00")


def test_a_card_torn_out_in_mid_command_is_gone_and_then_told_removed(talking, card):
    card.pull_at(1)
    with pytest.raises(CardGone):
        talking.reader.transmit(SELECT_PSE)
    talking.await_event(CardRemoved)


def test_a_command_without_power_finds_no_card(world):
    with pytest.raises(CardGone):
        world.reader.transmit(SELECT_PSE)


def test_power_on_of_an_empty_slot_finds_no_card(world):
    world.reader.poll(0)
    with pytest.raises(CardGone):
        world.reader.power_on()


def test_a_daemon_that_restarts_is_lost_and_back_with_its_card(talking):
    talking.stop_daemon()
    with pytest.raises(DeviceFault) as fault:
        talking.reader.transmit(SELECT_PSE)
    assert fault.value.device is Device.READER
    seen = talking.await_event(DeviceLost)
    assert [type(event) for event in seen] == [CardRemoved, DeviceLost]
    talking.start_daemon()
    talking.await_event(DeviceBack)
    if not talking.reader._present:
        talking.await_event(CardInserted)
    talking.reader.power_on()
    assert talking.reader.transmit(SELECT_PSE).endswith(b"\x90\x00")


def test_power_off_and_close_never_raise(talking):
    talking.stop_daemon()
    talking.reader.power_off()
    talking.reader.close()
    talking.start_daemon()
