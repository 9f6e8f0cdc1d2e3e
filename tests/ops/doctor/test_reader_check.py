"""The check of the card reader, on the real driver over a modelled PC/SC."""

from datetime import UTC, datetime

import pytest

from firmware.ops.doctor.findings import Verdict
from firmware.ops.doctor.reader import SOCKET, ReaderCheck
from hw.card_reader import PcscReader
from hw.pcsc import Pcsc
from hw.sim.cards import tray
from hw.sim.reader.pcsc import PcscModel
from hw.sim.time import VirtualClock
from tests.ops.doctor.machine import ALICE, ROOT, ModelMachine, verdicts, worst

GOOD, BAD, SKIPPED = Verdict.GOOD, Verdict.BAD, Verdict.SKIPPED
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def reader_check(model, ask=None, machine=None):
    driver = PcscReader(model, VirtualClock(NOON), pause=lambda _ms: None)
    return ReaderCheck(machine or ModelMachine({SOCKET: b""}), driver, ask)


def test_a_card_in_a_reader_gives_its_atr():
    slot = PcscModel()
    card = tray()["visa-credit"]
    slot.insert(card)
    found = list(reader_check(slot).look())
    assert [each.verdict for each in found] == [GOOD, GOOD]
    assert found[1].detail.startswith("ATR 3B")


def test_a_card_is_asked_for_when_somebody_is_there():
    slot = PcscModel()
    asked = []

    def insert(words):
        asked.append(words)
        slot.insert(tray()["visa-credit"])

    assert verdicts(reader_check(slot, insert)) == [GOOD, GOOD]
    assert asked == ["put a card into the reader, chip first"]


def test_without_a_card_and_without_a_person_the_atr_is_skipped():
    assert verdicts(reader_check(PcscModel())) == [GOOD, SKIPPED]


def test_a_card_that_never_comes_is_bad():
    assert verdicts(reader_check(PcscModel(), ask=lambda _words: None)) == [GOOD, BAD]


def test_no_daemon_leads_to_its_package():
    [(_, advice)] = worst(reader_check(PcscModel(), machine=ModelMachine()))
    assert advice.startswith("sudo apt install pcscd")


class Refusing(PcscModel):
    """A daemon that polkit lets refuse: at the door, or when the card is asked for."""

    door = True

    def SCardEstablishContext(self, scope):  # noqa: N802
        refused = Pcsc.SECURITY_VIOLATION, 0
        return refused if self.door else super().SCardEstablishContext(scope)

    def SCardConnect(self, *_):  # noqa: N802
        return Pcsc.SECURITY_VIOLATION, 0, 0


@pytest.mark.parametrize("door", [True, False], ids=["at the door", "at the card"])
@pytest.mark.parametrize(
    ("runs", "words"),
    [
        (ALICE, "look with sudo; the terminal's own user (sudo -u pos …)"),
        (ROOT, "sudo apt install polkitd; "),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_a_refusal_by_polkit_is_bad_and_says_who_is_let_in(door, runs, words):
    slot = Refusing()
    slot.door = door
    slot.insert(tray()["visa-credit"])
    [(detail, advice)] = worst(reader_check(slot, machine=ModelMachine({SOCKET: b""}, runs=runs)))
    assert "polkit does not let this user at the reader" in detail
    assert advice.startswith(words)


def test_a_card_that_another_program_holds_is_bad_and_the_cable_left_alone():
    slot = PcscModel(held_by_other=True)
    slot.insert(tray()["visa-credit"])
    [(detail, advice)] = worst(reader_check(slot))
    assert "another program holds the card" in detail
    assert "systemctl stop pos-terminal" in advice


def test_a_daemon_that_ends_is_bad_with_where_it_says_why():
    slot = PcscModel()
    slot.kill_daemon()
    [(_, advice)] = worst(reader_check(slot))
    assert "journalctl -u pcscd" in advice


def test_a_reader_of_another_name_than_the_settings_is_bad_with_the_setting():
    driver = PcscReader(PcscModel(), VirtualClock(NOON), name="ACR39", pause=lambda _ms: None)
    [(detail, advice)] = worst(ReaderCheck(ModelMachine({SOCKET: b""}), driver, None))
    assert detail == "no reader named 'ACR39'"
    assert "reader.name" in advice


def test_a_mute_card_is_bad_and_not_the_readers_fault():
    slot = PcscModel()
    card = tray()["visa-credit"]
    card.faults.mute = True
    slot.insert(card)
    found = list(reader_check(slot).look())
    assert [each.verdict for each in found] == [GOOD, BAD]
    assert found[1].detail == "the card does not answer to reset"
    assert "clean the contacts" in found[1].advice


def test_a_card_that_is_pulled_before_it_is_powered_is_bad():
    slot = PcscModel()
    slot.insert(tray()["visa-credit"])
    found = reader_check(slot).look()
    assert next(found).verdict is GOOD
    slot.remove()
    assert [each.verdict for each in found] == [BAD]


def test_no_reader_is_bad_with_the_cable_and_the_driver_to_look_at():
    slot = PcscModel()
    slot.unplug()
    [(detail, advice)] = worst(reader_check(slot))
    assert detail == "no reader"
    assert "lsusb" in advice
