"""Plays merchants' days on a stage, finds the broken promise, and tells it in as few lines as can.

One seed makes one merchant with a few days. What was done is written down line by line in the
scenario language; when a promise is broken the lines are dropped one after another as long as it
stays broken, and what is left is a scenario file.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from firmware.config import Config, set_from_text
from firmware.flows.desk import Desk
from firmware.runner import Flow
from firmware.scenario.hands import Hands
from firmware.scenario.language import ScenarioError, parse
from firmware.scenario.player import Player, ScenarioFailed
from firmware.scenario.stage import STAGE_CONFIG
from tests.crash.cuts import copy
from tests.crash.rig import Rig
from tests.simulator.merchant import AT_REST, Merchant, settings_of
from tests.simulator.witness import Broken, Witness

DAYS_OF_A_MERCHANT = 5
ERRANDS_OF_A_DAY = 5
SHRINK_TRIES = 150


@dataclass(frozen=True, slots=True)
class Lived:
    """What became of some days: `lines` that were played, and the promise that was broken."""

    lines: list[str]
    broken: str
    steps: int = 0
    approved: int = 0


@dataclass(frozen=True)
class Simulator:
    """Plays in `folder`. `flow` takes the place of the terminal's own, for controls."""

    folder: Path
    flow: Callable[[Desk], Flow] | None = None
    shrink_tries: int = SHRINK_TRIES

    def live(self, seed: int, days: int = DAYS_OF_A_MERCHANT) -> Lived:
        """Some days of the merchant that `seed` makes."""
        chance = Random(seed)
        settings = settings_of(chance)
        with self._terminal(settings, seed) as (rig, witness):
            merchant = Merchant(rig, chance, faults_p=chance.choice((0.0, 0.02, 0.05, 0.12)))
            lines: list[str] = []

            def told() -> Iterator[str]:
                for _ in range(days):
                    for line in merchant.day(ERRANDS_OF_A_DAY):
                        lines.append(line)
                        yield line

            broken = self._played(rig, witness, told())
            return Lived([*settings, *lines], broken, witness.steps, witness.approved)

    def again(self, lines: Iterable[str], seed: int = 0) -> str:
        """Play lines again; the promise that was broken, or "" when all held."""
        lines = list(lines)
        settings = [line for line in lines if line.startswith("set ")]
        with self._terminal(settings, seed) as (rig, witness):
            return self._played(rig, witness, lines[len(settings) :])

    def shortened(self, lived: Lived, seed: int) -> list[str]:
        """As few of the lines as still break a promise of the same kind."""
        lines, size = list(lived.lines), len(lived.lines) // 2
        tries = self.shrink_tries
        while size and tries > 0:
            at = len(lines) - size
            while at >= 0 and tries > 0:
                fewer = lines[:at] + lines[at + size :]
                tries -= 1
                if _kind(self.again(fewer, seed)) == _kind(lived.broken):
                    lines = fewer
                at -= size
            size //= 2
        return lines

    @contextmanager
    def _terminal(self, settings: list[str], seed: int) -> Iterator[tuple[Rig, Witness]]:
        config = STAGE_CONFIG
        for line in settings:
            _, key, value = line.split(" ", 2)
            config = set_from_text(config, key, value, source="simulator")
        directory = Path(tempfile.mkdtemp(dir=self.folder)) / "data"
        copy(self._provisioned(), directory)
        rig = self._rig(directory, config, seed)
        try:
            witness = Witness(rig)
            rig.power_on()
            yield rig, witness
        finally:
            rig.close()
            shutil.rmtree(directory.parent)

    def _rig(self, directory: Path, config: Config, seed: int) -> Rig:
        return Rig(directory, config, flow=self.flow, chance=Random(seed))

    def _provisioned(self) -> Path:
        """A terminal whose people have their passwords: made once, for that takes its time."""
        disks = self.folder / "provisioned"
        if not disks.exists():
            Rig(disks).close()
        return disks

    def _played(self, rig: Rig, witness: Witness, lines: Iterable[str]) -> str:
        player = Player(self.folder, self.folder)
        player._stage, player._hands = rig, Hands(rig)
        faulty: set[str] = set()
        before = ""
        try:
            for line in lines:
                (step,) = parse(line, "day")
                player.play(step)
                if rig.terminal is not None:
                    rig.bench.time.settle(rig.terminal.runner)
                witness.look()
                if step.verb == "fault":
                    faulty.add(step.words[0])
                if step.verb == "clear":
                    faulty.discard(step.words[0])
                if line == AT_REST and before.startswith("wait") and not faulty:
                    witness.rest()
                before = line
        except (Broken, ScenarioFailed, TimeoutError) as broken:
            return str(broken).splitlines()[0]
        except ScenarioError:
            return ""  # lines were dropped that it needs
        except Exception as bug:  # noqa: BLE001 - a bug of the terminal is what is looked for
            return f"{type(bug).__name__}: {bug}"
        return ""


def report(lines: list[str], lived: Lived, seed: int, path: Path) -> None:
    """Write a scenario file that shows a broken promise."""
    head = [f"# seed {seed}, {len(lived.lines)} lines before: {lived.broken}"]
    path.write_text("\n".join(head + lines) + "\n", encoding="utf-8")


def _kind(broken: str) -> str:
    """A broken promise without its numbers."""
    return "".join(char for char in broken if not char.isdigit())
