"""What hw.ports.CardReader promises, held to the driver on the modelled slot, on a real pcscd, and
on the reader of this terminal with whatever chip card a person puts in.

The same driver runs in all; what differs is who stands behind `smartcard.scard`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from firmware.core.clock import SystemClock
from hw.card_reader import PcscReader
from hw.events import CardInserted, CardRemoved, Device, DeviceBack, DeviceLost, SlotFoundEmpty
from hw.ports import CardGone, DeviceFault
from hw.sim.cards import Card, tray
from hw.sim.reader.pcsc import PcscModel
from tests.contracts.at_the_bench import PART, PATIENCE_S
from tests.hw.reader_bench import await_empty

SELECT_PSE = bytes.fromhex("00A404000E315041592E5359532E444446303100")
COMMANDS = 2_000  # half a minute of them, on the quickest card

# what needs a card of the tray, or a daemon that may be killed
on_models = pytest.mark.parametrize("world", ["model", "pcscd"], indirect=True)


@dataclass
class World:
    """A reader, and hands that move cards and daemons."""

    reader: PcscReader
    insert: Callable[[Card], None]
    remove: Callable[[], None]
    tear_out: Callable[[Card], None]
    stop_daemon: Callable[[], None] | None = None
    start_daemon: Callable[[], None] | None = None
    first: list[object] = field(default_factory=list)  # what was told first

    def await_event(self, kind: type) -> list[object]:
        """Poll until an event of `kind`; all that came until then."""
        seen: list[object] = []
        for _ in range(PATIENCE_S):
            seen += self.reader.poll(1_000)
            if any(isinstance(event, kind) for event in seen):
                return seen
        raise AssertionError(f"no {kind.__name__}, but {seen}")

    def await_card(self, card: Card) -> None:
        """Have a card in."""
        if not self.reader.card_present:
            self.insert(card)
            self.await_event(CardInserted)

    def work(self) -> None:
        """Send one command after another."""
        for _ in range(COMMANDS):
            self.reader.transmit(SELECT_PSE)

    def await_none(self) -> None:
        """Have the slot empty."""
        if self.reader.card_present:
            self.remove()
            self.await_event(CardRemoved)


def with_a_person(person):
    """The world of this terminal's reader, as somebody finds it and moves cards in it."""
    reader = person.part("reader")
    reader.poll(0)  # what happened since the last test
    return World(
        reader,
        insert=lambda _card: person.please("put a chip card in, and leave it in"),
        remove=lambda: person.please("take the card out"),
        tear_out=lambda _card: person.please("pull the card out while it works"),
    )


@pytest.fixture(params=["model", "pcscd", PART])
def world(request):
    if request.param == "part":
        world = with_a_person(request.getfixturevalue("person"))
        yield world
        world.reader.close()
        return
    if request.param == "model":
        model = PcscModel()
        reader = PcscReader(model, SystemClock(), pause=lambda _: None)
        hands = (model.insert, model.remove, model.kill_daemon, model.start_daemon)
    else:
        daemon = request.getfixturevalue("pcscd")
        from smartcard import scard  # noqa: PLC0415 - only where there is a daemon

        reader = PcscReader(scard, SystemClock())
        hands = (daemon.insert, daemon.remove, daemon.stop, daemon.start)
    insert, remove, *daemon_hands = hands
    world = World(reader, insert, remove, lambda card: card.pull_at(1), *daemon_hands)
    world.first = world.await_event(SlotFoundEmpty)
    yield world
    world.remove()
    await_empty(reader)
    reader.close()


@pytest.fixture
def card() -> Card:
    return tray()["unionpay-debit"]


@pytest.fixture
def talking(world, card):
    """The world with a card in, powered."""
    world.await_card(card)
    world.reader.power_on()
    return world


@pytest.fixture
def empty(world):
    """The world with nothing in the slot."""
    world.await_none()
    return world


@on_models
def test_an_empty_slot_is_told_at_first(empty):
    assert [type(event) for event in empty.first] == [SlotFoundEmpty]


def test_an_empty_slot_has_nothing_more_to_tell(empty):
    assert empty.reader.poll(0) in ([], ())


def test_a_card_is_told_in_and_out_once(empty, card):
    empty.insert(card)
    assert [type(event) for event in empty.await_event(CardInserted)] == [CardInserted]
    empty.remove()
    assert [type(event) for event in empty.await_event(CardRemoved)] == [CardRemoved]


def test_power_on_gives_an_answer_to_reset(talking):
    answer = talking.reader.power_on()
    assert answer[0] in (0x3B, 0x3F)  # TS. See ISO/IEC 7816-3, 8.1
    assert talking.reader.power_on() == answer


@on_models
def test_the_answer_to_reset_is_the_cards_own(talking, card):
    assert talking.reader.power_on() == card.atr


def test_an_answer_ends_in_a_status_word_that_leaves_nothing_to_fetch(talking):
    sw1 = talking.reader.transmit(SELECT_PSE)[-2]
    assert sw1 >> 4 in (0x6, 0x9)  # See ISO/IEC 7816-4, 5.6
    assert sw1 not in (0x61, 0x6C)


@on_models
def test_a_case_4_command_over_t0_comes_back_whole(talking):
    response = talking.reader.transmit(SELECT_PSE)
    assert response.startswith(bytes.fromhex("6F19840E") + b"1PAY.SYS.DDF01")
    assert response.endswith(b"\x90\x00")


@on_models
def test_power_on_again_forgets_what_was_selected(talking):
    talking.reader.transmit(SELECT_PSE)
    talking.reader.power_on()
    assert talking.reader.transmit(bytes.fromhex("00B2010C00")) == bytes.fromhex("6985")


@on_models
def test_a_t1_card_answers_whole_commands(world):
    world.await_card(tray()["t1"])
    world.reader.power_on()
    assert world.reader.transmit(SELECT_PSE).endswith(b"\x90\x00")


def test_power_off_and_close_never_raise(talking):
    for _ in range(2):
        talking.reader.power_off()
        talking.reader.close()


@on_models
def test_without_a_daemon_they_never_raise_either(talking):
    talking.stop_daemon()
    talking.reader.power_off()
    talking.reader.close()
    talking.start_daemon()


def test_a_command_without_power_finds_no_card(world):
    with pytest.raises(CardGone):
        world.reader.transmit(SELECT_PSE)


def test_a_card_torn_out_in_mid_command_is_gone_and_then_told_removed(talking, card):
    talking.tear_out(card)
    with pytest.raises(CardGone):
        talking.work()
    talking.await_event(CardRemoved)


def test_power_on_of_an_empty_slot_finds_no_card(empty):
    empty.reader.poll(0)
    with pytest.raises(CardGone):
        empty.reader.power_on()


@on_models
def test_a_daemon_that_restarts_is_lost_and_back_with_its_card(talking):
    talking.stop_daemon()
    with pytest.raises(DeviceFault) as fault:
        talking.reader.transmit(SELECT_PSE)
    assert fault.value.device is Device.READER
    seen = talking.await_event(DeviceLost)
    assert [type(event) for event in seen] == [CardRemoved, DeviceLost]
    talking.start_daemon()
    talking.await_event(DeviceBack)
    if not talking.reader.card_present:
        talking.await_event(CardInserted)
    talking.reader.power_on()
    assert talking.reader.transmit(SELECT_PSE).endswith(b"\x90\x00")
