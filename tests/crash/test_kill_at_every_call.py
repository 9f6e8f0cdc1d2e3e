"""The process is killed at its calls to disk and socket, in every flow that moves money.

And once more while it recovers. The host answers from another process; when the terminal has come
to rest, the host's books and the journal are the same, nothing is open, and what was shown approved
is approved.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from firmware.journal.transactions import State
from firmware.journal.verify import verify_journal
from firmware.ledger import Ledger
from firmware.scenario.audit import unbalanced
from firmware.scenario.stage import START
from tests.crash.cuts import OFF_MS, READY, Approval, Story, digest
from tests.crash.far_host import MASTER, FarHost
from tests.crash.mortal import Death, Life, Nursery
from tests.crash.stories import NAIVE_SALE, STORIES

SHORT_POINTS = 4  # of each story, in the short form
SECOND_EVERY = 7  # of the calls of a recovery, in the long form


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    try:
        nursery = Nursery(tmp_path_factory.mktemp("lives"))
    except RuntimeError as reason:
        pytest.skip(f"NOT TRIED: {reason}")
    yield nursery
    nursery.close()


@pytest.fixture
def host() -> Iterator[FarHost]:
    host = FarHost()
    yield host
    host.close()


@dataclass
class Trials:
    """Kills one story at its calls, each time on fresh copies of both sides' disks."""

    story: Story
    nursery: Nursery
    host: FarHost
    folder: Path
    at_ms: int = 0
    calls: list[str] = field(default_factory=list)
    killed: int = 0
    killed_again: int = 0
    states: set[bytes] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def kill(self, long: bool) -> None:
        """Kill it at every call, or at some that are spread over all; and print figures."""
        self._begin()
        count = len(self.calls)
        for point in range(count, 0, -1 if long else -(count // SHORT_POINTS)):
            self._kill_at(point, SECOND_EVERY if long else 0)
        kinds = ", ".join(f"{n} {name}" for name, n in Counter(self.calls).most_common())
        print(
            f"\n{self.story.name}: {count} calls ({kinds}), killed at {self.killed}:"
            f" {len(self.states)} different states, killed again at {self.killed_again}:"
            f" {len(self.broken)} broken promises"
        )

    def _begin(self) -> None:
        """Play what comes before the story, and then the story unharmed to know its calls."""
        ground = self.folder / "ground"
        (ground / "terminal").mkdir(parents=True, mode=0o700)
        self._at(ground)
        shutil.copy(ground / "host" / MASTER, ground / "terminal" / MASTER)
        if self.story.before:
            self.at_ms = self._lives(ground, "before").at_ms
        unharmed = self._copied(ground, "unharmed")
        end = self._lives(unharmed, "lines")
        assert not end.failed
        assert not self._wrong(unharmed, end.shown)
        self.calls = end.calls

    def _kill_at(self, point: int, every: int = 0) -> None:
        """Kill it at call number `point`; recover; and kill that at each `every`th call, or one."""
        place = self._copied(self.folder / "ground", f"{point}")
        death = self._lives(place, "lines", point)
        assert death.killed, f"call {point} of {len(self.calls)} never came"
        self.killed += 1
        state = digest(place / "terminal") + digest(place / "host")
        if state not in self.states:
            self.states.add(state)
            self._recover(place, point, death.shown, every)
        shutil.rmtree(place)

    def _recover(self, place: Path, point: int, shown: set[Approval], every: int) -> None:
        words = f"killed at call {point} ({self.calls[point - 1]})"
        left = self._copied(place, f"{point}-left")
        recovery = self._lives(place, "")
        self._hold(place, recovery, shown, words)
        count = len(recovery.calls)
        for second in range(point % every + 1, count + 1, every) if every else [1 + point % count]:
            again = self._copied(left, f"{point}-{second}")
            assert self._lives(again, "", second).killed
            self.killed_again += 1
            call = recovery.calls[second - 1]
            end = self._lives(again, "")
            self._hold(again, end, shown, f"{words}, and recovering at call {second} ({call})")
            shutil.rmtree(again)
        shutil.rmtree(left)

    def _hold(self, place: Path, end: Death, shown: set[Approval], words: str) -> None:
        wrong = self._wrong(place, shown)
        if end.failed or not any(ready in end.glass for ready in READY):
            wrong.append(f"it stands still at: {' '.join(end.glass.split())} {end.failed}")
        self.broken += [f"{words}: {each}" for each in wrong]

    def _lives(self, place: Path, plays: str, strike_at: int = 0) -> Death:
        self._at(place)
        at_ms = self.at_ms + (0 if plays else OFF_MS)
        terminal = str(place / "terminal")
        life = Life(terminal, self.host.port, self.story.name, plays, at_ms, strike_at)
        death = self.nursery.live(life)
        self.host.come_to_rest()
        return death

    def _at(self, place: Path) -> None:
        (place / "host").mkdir(exist_ok=True)
        self.host.open(place / "host")

    def _wrong(self, place: Path, shown: set[Approval]) -> list[str]:
        """Every promise that is not kept, in words."""
        assert self.host.books is not None
        ledger = Ledger(place / "terminal", lambda: START + timedelta(days=1))
        found = unbalanced(ledger, self.host.books)
        for each in shown:
            entry = ledger.journal.by_voucher(int(each.voucher))
            if entry is None or entry.state is not State.APPROVED:
                found.append(f"{each.kind.value} {each.voucher} was shown approved, and is not")
        found += verify_journal(place / "terminal", ledger.keys.public_key).faults
        ledger.close()
        return found

    def _copied(self, place: Path, name: str) -> Path:
        """Both sides' disks as they are: what lies in a killed process's files outlives it."""
        return Path(shutil.copytree(place, self.folder / name))


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_books_and_journal_agree_whenever_the_process_is_killed(
    story: Story, nursery: Nursery, host: FarHost, memory: Path, pytestconfig: pytest.Config
) -> None:
    trials = Trials(story, nursery, host, memory)
    trials.kill(pytestconfig.getoption("--long"))
    assert not trials.broken, "\n".join(trials.broken)


def test_terminal_that_journals_after_the_approval_is_caught(
    nursery: Nursery, host: FarHost, memory: Path, pytestconfig: pytest.Config
) -> None:
    """The control: the same kills find money that the host has taken and nobody knows of."""
    trials = Trials(NAIVE_SALE, nursery, host, memory)
    trials.kill(pytestconfig.getoption("--long"))
    assert any("only in the host's books: sale" in each for each in trials.broken)
