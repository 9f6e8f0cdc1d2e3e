"""A story struck at its calls to disk and socket, and what must hold when it has come to rest.

The host answers from another process; afterwards its books and the journal are the same, nothing
is open, and what was shown approved is approved.
"""

from __future__ import annotations

import errno
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from firmware.iso8583.keys import MASTER
from firmware.journal.transactions import State
from firmware.journal.verify import verify_journal
from firmware.lab.scenario.audit import unbalanced
from firmware.lab.scenario.stage import START
from firmware.terminal.data_directory import DataDirectory
from tests.crash.cuts import OFF_MS, READY, Approval, Story, digest, open_orders
from tests.crash.far_host import FarHost
from tests.crash.mortal import Death, Life, Nursery

SHORT_POINTS = 2  # of each story, in the short form


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
    failed: int = 0
    states: set[bytes] = field(default_factory=set)  # of both sides' disks, after a first kill
    states_again: set[tuple[bytes, frozenset[Approval]]] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)

    def kill(self, long: bool) -> str:
        """Kill it at every call, or at some that are spread over all; gives the figures."""
        self._begin()
        count = len(self.calls)
        for point in range(count, 0, -1 if long else -(count // SHORT_POINTS)):
            self._kill_at(point, long)
        kinds = ", ".join(f"{n} {name}" for name, n in Counter(self.calls).most_common())
        return (
            f"killed, {self.story.name}: {count} calls ({kinds}), killed at {self.killed}:"
            f" {len(self.states)} different states, killed again at {self.killed_again}:"
            f" {len(self.states_again)} different states, {len(self.broken)} broken promises"
        )

    def fail(self, error: int, long: bool) -> str:
        """Let the disk fail from each call on, or from some; it is well again a story later.

        Gives the figures.
        """
        self._begin(error)
        count = len(self.calls)
        for point in range(count, 0, -1 if long else -(count // SHORT_POINTS)):
            place = self._copied(self.folder / "ground", f"{point}")
            end = self._lives(place, "lines", point, error)
            words = f"{errno.errorcode[error]} from call {point} ({self.calls[point - 1]})"
            if not end.panel:  # it never came up: whoever looks after it starts it again
                end = self._lives(place, "")
            self._hold(place, end, end.shown, words)
            shutil.rmtree(place)
            self.failed += 1
        name = errno.errorcode[error]
        return (
            f"disk error, {self.story.name}: {name} from {self.failed} of {count} calls on,"
            f" {len(self.broken)} broken promises"
        )

    def _begin(self, error: int = 0) -> None:
        """Play what comes before the story, and then the story unharmed to know its calls.

        What counts as one depends on the `error` that is to come.
        """
        ground = self.folder / "ground"
        (ground / "terminal").mkdir(parents=True, mode=0o700)
        self._at(ground)
        shutil.copy(ground / "host" / MASTER, ground / "terminal" / MASTER)
        if self.story.before:
            self.at_ms = self._lives(ground, "before").at_ms
        unharmed = self._copied(ground, "unharmed")
        end = self._lives(unharmed, "lines", error=error)
        assert not end.failed, end.failed
        assert not self._wrong(unharmed, end.shown)
        self.calls = end.calls

    def _kill_at(self, point: int, long: bool) -> None:
        """Kill it at call number `point`; recover; and kill that at each of its calls, or at one.

        Disks as a kill has left them before lead to what they led to: they are tried once.
        """
        place = self._copied(self.folder / "ground", f"{point}")
        death = self._lives(place, "lines", point)
        assert death.killed, f"call {point} of {len(self.calls)} never came"
        self.killed += 1
        state = self._digest(place)
        if state not in self.states:
            self.states.add(state)
            self._recover(place, point, death.shown, long)
        shutil.rmtree(place)

    def _recover(self, place: Path, point: int, shown: set[Approval], long: bool) -> None:
        words = f"killed at call {point} ({self.calls[point - 1]})"
        left = self._copied(place, f"{point}-left")
        recovery = self._lives(place, "")
        self._hold(place, recovery, shown, words)
        count = len(recovery.calls)
        for second in range(1, count + 1) if long else [1 + point % count]:
            again = self._copied(left, f"{point}-{second}")
            death = self._lives(again, "", second)
            assert death.killed
            self.killed_again += 1
            state = (self._digest(again), frozenset(shown | death.shown))
            if state not in self.states_again:
                self.states_again.add(state)
                call = recovery.calls[second - 1]
                end = self._lives(again, "")
                and_again = f"{words}, and recovering at call {second} ({call})"
                self._hold(again, end, shown | death.shown, and_again)
            shutil.rmtree(again)
        shutil.rmtree(left)

    def _digest(self, place: Path) -> bytes:
        return digest(place / "terminal") + digest(place / "host")

    def _hold(self, place: Path, end: Death, shown: set[Approval], words: str) -> None:
        wrong = self._wrong(place, shown)
        foreseen = end.failed.startswith(("ScenarioFailed", "JournalFault"))
        if (end.failed and not foreseen) or not any(ready in end.panel for ready in READY):
            wrong.append(f"it stands still at: {' '.join(end.panel.split())} {end.failed}")
        self.broken += [f"{words}: {each}" for each in wrong]

    def _lives(self, place: Path, plays: str, strike_at: int = 0, error: int = 0) -> Death:
        self._at(place)
        at_ms = self.at_ms + (0 if plays else OFF_MS)
        terminal = str(place / "terminal")
        life = Life(terminal, self.host.port, self.story.name, plays, at_ms, strike_at, error)
        death = self.nursery.live(life)
        self.host.come_to_rest()
        return death

    def _at(self, place: Path) -> None:
        (place / "host").mkdir(exist_ok=True)
        self.host.open(place / "host")

    def _wrong(self, place: Path, shown: set[Approval]) -> list[str]:
        """Every promise that is not kept, in words."""
        assert self.host.books is not None
        data = DataDirectory(place / "terminal", lambda: START + timedelta(days=1))
        found = unbalanced(data, self.host.books)
        for each in shown:
            entry = data.journal.by_voucher(int(each.voucher))
            if entry is None or entry.state is not State.APPROVED:
                found.append(f"{each.kind.value} {each.voucher} was shown approved, and is not")
        found += open_orders(data.journal)
        found += verify_journal(place / "terminal", data.keys.public_key).faults
        data.close()
        return found

    def _copied(self, place: Path, name: str) -> Path:
        """Both sides' disks as they are: what lies in a killed process's files outlives it."""
        return Path(shutil.copytree(place, self.folder / name))
