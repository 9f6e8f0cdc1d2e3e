"""Modelled cards behind a real pcscd, met by the real driver over real pyscard."""

import os
import resource
import socket
import threading
import time

import pytest

from firmware.core.clock import SystemClock
from hw.card_reader import PcscReader
from hw.events import CardInserted, CardRemoved
from hw.ports import CardGone
from hw.sim.cards import Card
from hw.sim.reader.pcscd import READER, PcscdUnavailable, PrivatePcscd
from hw.sim.reader.vpcd import CardInSlot
from tests.hw.counterpart import ARQC, BareTerminal
from tests.hw.reader_bench import await_empty

SELECT_PSE = bytes.fromhex("00A404000E315041592E5359532E444446303100")


def test_a_machine_without_namespaces_of_ones_own_says_so(pcscd, tmp_path, monkeypatch):
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho unshare: not permitted >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(PcscdUnavailable, match="not permitted"), PrivatePcscd(tmp_path):
        pass


class Slot:
    """One of the daemon's slots and the driver that watches it."""

    def __init__(self, daemon, number: int = 0) -> None:
        from smartcard import scard  # noqa: PLC0415 - only where there is a daemon

        self.daemon, self.number = daemon, number
        self.reader = PcscReader(scard, SystemClock(), name=f"{READER} 00 0{number}")
        self.reader.poll(0)

    def insert(self, card: Card) -> None:
        self.daemon.insert(card, self.number)
        self.await_event(CardInserted)

    def remove(self) -> None:
        self.daemon.remove(self.number)
        await_empty(self.reader)

    def await_event(self, kind: type) -> None:
        for _ in range(10):
            if any(isinstance(event, kind) for event in self.reader.poll(1_000)):
                return
        raise AssertionError(f"no {kind.__name__}")


@pytest.fixture
def slot(pcscd):
    """The first slot, left empty again."""
    watched = Slot(pcscd)
    yield watched
    watched.remove()
    watched.reader.close()


class OverPcsc:
    """The card as the bare terminal wants it, with a whole PC/SC stack in between."""

    protocol = "T=1"  # the driver below does what T=0 needs

    def __init__(self, card: Card, reader: PcscReader) -> None:
        self.applications = card.applications
        self.power_on = reader.power_on
        self.answer = reader.transmit


@pytest.mark.parametrize("name", ["unionpay-debit", "t1", "visa-credit"])
def test_a_transaction_is_the_same_in_process_and_over_pcscd(slot, card_named, name):
    in_process = BareTerminal(card_named(name)).start()
    card = card_named(name)
    slot.insert(card)
    over_pcsc = BareTerminal(OverPcsc(card, slot.reader)).start()
    assert over_pcsc.generate_ac(ARQC) == in_process.generate_ac(ARQC)
    assert over_pcsc.data == in_process.data
    assert card.applications[0].memory.atc == 1


def test_both_slots_work_side_by_side(slot, pcscd, card_named):
    other = Slot(pcscd, 1)
    slot.insert(card_named("visa-credit"))
    other.insert(card_named("t1"))
    assert slot.reader.power_on() != other.reader.power_on()
    slot.remove()
    assert other.reader.transmit(SELECT_PSE)[-2:] == b"\x90\x00"
    other.remove()
    other.reader.close()


def test_a_card_that_never_answers_lasts_until_it_is_pulled(slot, pcscd, card_named):
    card = card_named("visa-credit")
    slot.insert(card)
    slot.reader.power_on()
    card.faults.silent_at = 1
    threading.Timer(0.2, pcscd.remove).start()
    with pytest.raises(CardGone):
        slot.reader.transmit(SELECT_PSE)
    slot.await_event(CardRemoved)


def test_an_interrupt_ends_a_wait_before_its_time(slot):
    slot.reader.poll(0)
    heard = threading.Event()

    def interrupt() -> None:
        # pcscd forgets a cancel that comes before the wait it is for: nobody's poll is long
        while not heard.wait(0.1):
            slot.reader.interrupt()

    threading.Thread(target=interrupt, daemon=True).start()
    began = time.monotonic()
    assert slot.reader.poll(60_000) == []
    heard.set()
    assert time.monotonic() - began < 60


def test_waiting_is_one_call_of_the_daemon(slot, card_named):
    """No busy loop: while nothing happens the driver sleeps in SCardGetStatusChange."""
    slot.insert(card_named("visa-credit"))
    slot.reader.power_on()
    slot.reader.poll(0)
    before = resource.getrusage(resource.RUSAGE_THREAD)
    assert not list(slot.reader.poll(1_000))
    after = resource.getrusage(resource.RUSAGE_THREAD)
    # what wakes the thread is the daemon; a loop that asks would be woken a thousand times
    assert after.ru_nvcsw - before.ru_nvcsw < 50


def test_the_hooks_see_what_goes_over_the_wire(slot, pcscd, card_named):
    heard: list[bytes] = []
    pcscd.on_apdu.append(lambda command, _: heard.append(command))
    slot.insert(card_named("visa-credit"))
    slot.reader.power_on()
    slot.reader.transmit(SELECT_PSE)
    pcscd.on_apdu.clear()
    assert [command[:2].hex() for command in heard] == ["00a4", "00c0"]


class PretendedVpcd:
    """A listener that speaks vpcd's side, for what pcscd would not show."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def accept(self) -> socket.socket:
        connection, _ = self._listener.accept()
        self._listener.close()
        connection.settimeout(5)
        return connection


@pytest.fixture
def wire(card_named):
    """A connection to a served card, as vpcd has it."""
    vpcd = PretendedVpcd()
    in_slot = CardInSlot(
        socket.create_connection(("127.0.0.1", vpcd.port)), card_named("visa-credit")
    )
    connection = vpcd.accept()
    serving = threading.Thread(target=in_slot.serve)
    serving.start()
    yield connection
    connection.close()
    serving.join(timeout=5)
    assert not serving.is_alive()


def test_only_the_atr_is_answered_of_the_control_bytes(wire):
    wire.sendall(bytes.fromhex("000101 000102 000100 000104"))
    assert wire.recv(100).hex() == "00043b600000"


def test_a_command_cut_in_pieces_is_put_together(wire):
    wire.sendall(bytes.fromhex("000101 000C00A404"))
    wire.sendall(bytes.fromhex("0007A0000000031010"))
    assert wire.recv(100).hex() == "00026125"


def test_a_card_pulled_by_a_fault_closes_its_connection(card_named):
    card = card_named("visa-credit")
    card.pull_at(1)
    vpcd = PretendedVpcd()
    in_slot = CardInSlot(socket.create_connection(("127.0.0.1", vpcd.port)), card)
    with vpcd.accept() as connection:
        connection.sendall(bytes.fromhex("000500B2010C00"))
        in_slot.serve()
        assert connection.recv(100) == b""
