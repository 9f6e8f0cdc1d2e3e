"""The same stories in process and over a real `pcscd`: one card model, two ways in.

Time is virtual for all but the card. What people see, what is printed and what the wire carries
must not tell which way it was; only cryptograms differ, for no two are alike.
"""

import functools
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from firmware.core.clock import SystemClock
from firmware.iso8583.keys import read_or_make_master
from firmware.lab.scenario.language import read
from firmware.lab.scenario.player import Player, ScenarioFailed
from hw.sim.bench import CardSlot
from hw.sim.cards import tray
from hw.sim.reader.pcscd_slot import PcscdSlot

HERE = Path(__file__).parent
TRAY = sorted((HERE / "tray").glob("*.pos"))
# each uses the card in a way of its own; the others differ in what comes after the card
OF_THEIR_OWN = (
    "card-pulled-after-the-host-has-answered-is-reversed",
    "card-pulled-before-the-intent-costs-nothing",
    "reader-unplugged-is-named-and-comes-back",
    "refund-to-another-card-is-refused",
    "restart-keeps-operator-numbers-and-batch",
    "sale-cancelled-at-the-pin-costs-nothing",
    "undo-with-another-card-is-refused",
    "undo-with-the-card-put-back",
    "undo-with-the-card-still-in",
    "void-with-another-card-is-refused",
)
CRYPTOGRAM = re.compile(r"\b(AAC|ARQC|TC): [0-9A-F]{16}\b")
MASTER_KEY = "host-master.key"


def with_a_card() -> list[object]:
    """The shipped scenarios in which a card is put in."""
    return [
        pytest.param(
            path, id=path.stem, marks=() if path.stem in OF_THEIR_OWN else pytest.mark.long
        )
        for path in sorted(HERE.glob("*.pos"))
        if any(step.verb == "insert" for step in read(path)) and not _of_the_model(path)
    ]


def _of_the_model(path: Path) -> bool:
    """Whether it needs a fault that no real `pcscd` can be made to have."""
    return any(step.words[:2] == ("reader", "times-out") for step in read(path))


@dataclass
class Story:
    """What a scenario looked like from outside, step by step."""

    steps: list[tuple[str, str, str]] = field(default_factory=list)  # place, display, paper
    wire: list[tuple[str, str]] = field(default_factory=list)  # headers and status words


@pytest.fixture(scope="module")
def real_slot(pcscd):
    from smartcard import scard  # noqa: PLC0415 - only where there is a daemon

    slot = PcscdSlot(pcscd, scard, SystemClock())
    yield slot
    slot.close()


@pytest.fixture
def slot(real_slot):
    yield real_slot
    real_slot.on_apdu.clear()
    real_slot.remove()


def told(path: Path, directory: Path, slot: CardSlot | None = None) -> Story:
    """Play a file from a fresh terminal; fails when it does not hold."""
    story = Story()
    player = Player(directory, path.parent, slot=slot)

    def on_apdu(command: bytes, response: bytes) -> None:
        story.wire.append((command[:4].hex(), response[-2:].hex()))

    try:
        for step in read(path):
            player.play(step)
            if step.verb == "set":  # there is no stage yet
                continue
            bench = player.stage.bench
            if on_apdu not in bench.slot.on_apdu:
                bench.slot.on_apdu.append(on_apdu)
            paper = CRYPTOGRAM.sub(r"\1: any", bench.paper_printer.paper.text)
            story.steps.append((step.place, player.stage.display_text, paper))
    except ScenarioFailed as failed:
        pytest.fail(str(failed), pytrace=False)
    finally:
        player.close()
    return story


@pytest.fixture(scope="module")
def host_directory(tmp_path_factory):
    """Makes a directory for a terminal; the host behind each has the same key."""
    master_key = tmp_path_factory.mktemp("host") / MASTER_KEY
    read_or_make_master(master_key)

    def make() -> Path:
        directory = tmp_path_factory.mktemp("terminal")
        shutil.copy(master_key, directory)
        return directory

    return make


@pytest.fixture(scope="module")
def in_process(host_directory):
    """The story in process, told once however many tests listen."""
    return functools.cache(lambda path: told(path, host_directory()))


def test_every_card_of_the_tray_has_a_story():
    assert [path.stem for path in TRAY] == list(tray())


@pytest.mark.parametrize("path", TRAY, ids=[path.stem for path in TRAY])
def test_a_sale_with_this_card_holds_in_process(path, in_process):
    assert in_process(path).wire


@pytest.mark.parametrize("path", TRAY, ids=[path.stem for path in TRAY])
def test_a_sale_with_this_card_is_the_same_over_pcscd(path, in_process, host_directory, slot):
    over_pcscd = told(path, host_directory(), slot)
    assert over_pcscd.wire
    assert over_pcscd == in_process(path)


@pytest.mark.parametrize("path", with_a_card())
def test_a_story_is_the_same_over_pcscd(path, in_process, host_directory, slot):
    assert told(path, host_directory(), slot) == in_process(path)
