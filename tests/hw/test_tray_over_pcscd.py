"""The whole tray with the kernel, in process and over pcscd: the same exchanges, byte for byte."""

import itertools

import pytest

from firmware.core.clock import SystemClock
from firmware.emv.contact.applications import Applications
from firmware.emv.contact.session import Session
from firmware.emv.outcomes import Identified, OnlineRequested
from hw.card_reader import PcscReader
from hw.events import CardInserted
from hw.sim.cards import Card, tray
from hw.sim.reader.pcsc import PcscModel
from hw.sim.reader.pcscd import READER
from tests.emv.support import TERMINAL, ScriptedDialogue, run
from tests.emv.test_tray import ACCOUNTS, KEYS, PINS, SALE, answer_of_the_issuer
from tests.hw.reader_bench import await_empty

pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


@pytest.fixture(scope="module")
def over_pcscd(pcscd):
    """Puts a card into the daemon's slot; gives the reader that it was told to."""
    from smartcard import scard  # noqa: PLC0415 - only where there is a daemon

    readers = [PcscReader(scard, SystemClock(), name=f"{READER} 00 0{slot}") for slot in (0, 1)]
    for reader in readers:
        reader.poll(0)
    # by turns, so that pcscd sees the last card out while the next is at work
    turns = itertools.cycle((0, 1))

    def insert(card: Card) -> PcscReader:
        slot = next(turns)
        pcscd.remove(1 - slot)
        pcscd.insert(card, slot)
        for _ in range(10):
            if any(isinstance(event, CardInserted) for event in readers[slot].poll(1_000)):
                return readers[slot]
        raise AssertionError("the card was not seen")

    yield insert
    for slot, reader in enumerate(readers):
        pcscd.remove(slot)
        await_empty(reader)
        reader.close()


def in_process(card: Card) -> PcscReader:
    model = PcscModel()
    model.insert(card)
    return PcscReader(model, SystemClock(), pause=lambda _: None)


def transaction(card: Card, reader: PcscReader) -> tuple[object, list[tuple[str, str]]]:
    """A sale of 128.50 as far as it goes: how it ended, and every exchange."""
    exchanges: list[tuple[str, str]] = []

    def exchange(command: bytes) -> bytes:
        response = reader.transmit(command)
        exchanges.append((command.hex(), response.hex()))
        return response

    reader.power_on()
    pin = PINS.get(card.name, "123456")
    dialogue = ScriptedDialogue(pins=[pin] * 3, choices=[0], card=exchange)
    session = Session(dialogue, TERMINAL, Applications.shipped(), KEYS, SALE)
    outcome: object = run(session.identify())
    if isinstance(outcome, Identified):
        known, outcome = outcome, run(session.decide())
        if isinstance(outcome, OnlineRequested):
            account = ACCOUNTS[known.card.aid.hex().upper(), known.card.pan.reveal()]
            outcome = run(session.complete(answer_of_the_issuer(outcome, account)))
    reader.power_off()
    return outcome, exchanges


@pytest.mark.parametrize("name", sorted(name for name in tray() if name != "cloned"))
def test_a_transaction_is_the_same_over_both_ways(over_pcscd, card_named, name):
    card = card_named(name)
    wanted = transaction(card, in_process(card))
    card = card_named(name)
    assert transaction(card, over_pcscd(card)) == wanted
    assert wanted[1]


def test_a_clone_is_declined_over_both_ways(over_pcscd, card_named):
    outcomes = []
    for way in (in_process, over_pcscd):
        card = card_named("cloned")
        outcome, _ = transaction(card, way(card))
        outcomes.append((type(outcome).__name__, outcome.facts.tvr.hex()))
    assert outcomes == [("DeclinedOffline", "0800008000")] * 2
