"""The flows themselves on the disk that remembers: the power goes at every write of each.

What was sent to the host, committed or shown at the counter is promised; every disk that a power
cut may leave must hold to it.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("apsw", reason="NOT TRIED: the disk is recorded through apsw")

from firmware.flows import effects
from firmware.iso8583.messages import FinancialRequest
from firmware.journal.connection import DATABASE
from firmware.journal.head import HEAD, HeadFile
from firmware.journal.keys import TerminalKeys
from firmware.journal.transactions import State
from firmware.lab.scenario.audit import unbalanced
from firmware.lab.scenario.disk import Disk
from firmware.payments import effects as payment_effects
from firmware.ui.screens import Outcome
from tests.crash.cuts import SETTLED_MS, Story, copy
from tests.crash.day import Committed, Promise, Sent, Shown
from tests.crash.power_loss import Begun, replay
from tests.crash.recorder import Recorder
from tests.crash.rig import Rig
from tests.crash.stories import NAIVE_SALE, STORIES

MINUTE_MS = 60_000


class RecordedDisk(Disk):
    """A stage's disk that remembers."""

    def __init__(self, directory: Path, recorder: Recorder) -> None:
        super().__init__(directory)
        self._recorder = recorder

    def connect(self, path: Path) -> sqlite3.Connection:
        return self._recorder.connect(path)

    def open_head(self, directory: Path) -> HeadFile:
        return self._recorder.open_head(directory)


class RecordedRig(Rig):
    """A stage whose journal lies on a disk that remembers, and which notes its promises."""

    def __init__(self, directory: Path, story: Story) -> None:
        self.recorder = Recorder()
        disk = RecordedDisk(directory, self.recorder)
        super().__init__(directory, fresh=story.blank, flow=story.flow, disk=disk)
        self.on_asked = self._promise_when_asked
        self.on_answered = self._promise_when_answered

    def _promise_when_asked(self, effect: payment_effects.Effect[Any]) -> None:
        if isinstance(effect, payment_effects.Authorise) and isinstance(
            effect.request, FinancialRequest
        ):
            paid = effect.request.payment
            self._promise(Sent(paid.batch, paid.stan))

    def _promise_when_answered(self, effect: payment_effects.Effect[Any] | None) -> None:
        assert self.terminal is not None
        journal = self.terminal.data.journal
        match effect:
            case payment_effects.Authorise():
                self.keep_books()
            case payment_effects.Append():
                self._promise(Committed(*journal.head()))
            case effects.Show(screen=Outcome(approved=True, voucher=voucher)):
                shown = journal.by_voucher(int(voucher))
                assert shown is not None
                self._promise(Shown(shown.batch, shown.stan, State.APPROVED))

    def _promise(self, promise: Promise) -> None:
        self.recorder.mark(promise)

    def keep_books(self) -> None:
        """Mark the books of the host as they now are: the terminal's power is not its."""
        books = self.directory.with_name(f"books-{len(self.recorder.ops)}")
        copy(self.directory, books)
        self.recorder.mark(Books(books, self.bench.clock.monotonic_ms()))


@dataclass(frozen=True, slots=True)
class Books:
    """The disks at a moment, of which the host's are kept until the next."""

    disks: Path
    at_ms: int


def recovers(directory: Path, told: list[object]) -> list[str]:
    """Start the terminal itself on what a cut left of the journal, and let it recover."""
    books = next(each for each in reversed(told) if isinstance(each, Books))
    place = directory.with_name("started")
    copy(books.disks, place)
    for part in (*place.glob(f"{DATABASE}*"), place / HEAD):
        part.unlink(missing_ok=True)
    for part in (*directory.glob(f"{DATABASE}*"), *directory.glob(HEAD)):
        shutil.copy2(part, place)
    rig = Rig(place, fresh=True)
    try:
        rig.bench.clock.advance_to(books.at_ms + MINUTE_MS)
        terminal = rig.power_on()
        rig.bench.time.settle(terminal.runner)
        rig.bench.time.run_until(terminal.runner, rig.bench.clock.monotonic_ms() + SETTLED_MS)
        wrong = unbalanced(terminal.data, rig.keeps_books)
        return wrong if rig.ready else [*wrong, f"it stands still at: {rig.display_text}"]
    finally:
        rig.close()
        shutil.rmtree(place)


def record(story: Story, folder: Path) -> tuple[Recorder, TerminalKeys]:
    """Play a story; its disk's operations, and the keys its journal was signed with."""
    rig = RecordedRig(folder / "data", story)
    rig.power_on()
    rig.recorder.mark(Begun())
    rig.keep_books()
    rig.plays((*story.before, *story.lines), folder)
    assert rig.terminal is not None
    kept = rig.terminal.data.journal.keys
    recorder = Recorder(ops=list(rig.recorder.ops))
    rig.close()
    return recorder, TerminalKeys(kept.signing, kept.card, kept.pepper)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_no_flow_loses_what_it_promised(
    story: Story, memory: Path, pytestconfig: pytest.Config, figure: Callable[[str], None]
) -> None:
    recorder, keys = record(story, memory)
    if pytestconfig.getoption("--long"):
        how = {"samples": 12, "thorough_every": 10, "start_every": 3}
    else:
        how = {"samples": 1, "every": 17, "thorough_every": 4}
    tally = replay(recorder.ops, memory / "cut", keys=keys, start=recovers, **how)
    figure(f"power loss replayed, {story.name}: {tally}")
    assert tally.distinct > 10
    assert tally.started
    assert (tally.lost, tally.half, tally.unreadable, tally.unrecovered) == ([], [], [], [])


def test_the_naive_sale_loses_what_it_sent(memory: Path, figure: Callable[[str], None]) -> None:
    recorder, keys = record(NAIVE_SALE, memory)
    how = {"samples": 0, "every": 7, "thorough_every": 9}
    tally = replay(recorder.ops, memory / "cut", keys=keys, start=recovers, **how)
    figure(f"control, power loss replayed, naive sale: {tally}")
    assert tally.lost
    assert tally.unrecovered
