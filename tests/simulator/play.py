"""Plays merchants' days on a stage and finds the broken promise.

One seed makes one merchant with a few days. What was done is written down line by line in the
scenario language, so that it can be played again, with or without the merchant.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from firmware.core.config_file import set_from_text
from firmware.lab.scenario.language import ScenarioError, parse
from firmware.lab.scenario.player import Player, ScenarioFailed
from firmware.lab.scenario.stage import STAGE_CONFIG
from tests.crash.cuts import copy
from tests.crash.rig import Rig
from tests.simulator.figures import Figures
from tests.simulator.merchant import AT_REST, Merchant
from tests.simulator.shop import settings_of
from tests.simulator.witness import Broken, Witness

DAYS_OF_A_MERCHANT = 5
ERRANDS_OF_A_DAY = 6
FAULTS_P = (0.0, 0.02, 0.05, 0.12)  # of one merchant, before each thing that is done


@dataclass
class Lived:
    """What became of some days: `lines` that were played, and the promise that was broken."""

    lines: list[str]
    timed: list[str]  # the same, each hasty one with its moment, as a scenario has them
    broken: str = ""
    ended_ms: int = 0
    figures: Figures = field(default_factory=Figures)


@dataclass(frozen=True)
class Simulator:
    """Plays in `folder`."""

    folder: Path

    def live(self, seed: int, days: int = DAYS_OF_A_MERCHANT) -> Lived:
        """Some days of the merchant that `seed` makes."""
        chance = Random(seed)
        settings = settings_of(chance)
        faults_p = chance.choice(FAULTS_P)
        with self._shop(settings, seed) as shop:
            merchant = Merchant(shop, chance, faults_p)
            told = (line for _ in range(days) for line in merchant.day(ERRANDS_OF_A_DAY))
            lived = self._played(shop, settings, told)
        lived.figures.days = days
        return lived

    def again(self, lines: list[str], seed: int) -> Lived:
        """Play lines again, settings first."""
        settings = [line for line in lines if line.startswith("set ")]
        with self._shop(settings, seed) as shop:
            return self._played(shop, settings, lines[len(settings) :])

    @contextmanager
    def _shop(self, settings: list[str], seed: int) -> Iterator[Rig]:
        config = STAGE_CONFIG
        for line in settings:
            _, key, value = line.split(" ", 2)
            config = set_from_text(config, key, value, source="simulator")
        directory = Path(tempfile.mkdtemp(dir=self.folder)) / "data"
        copy(self._provisioned(), directory)
        shop = Rig(directory, config, chance=Random(seed))
        try:
            yield shop
        finally:
            shop.close()
            shutil.rmtree(directory.parent)

    def _provisioned(self) -> Path:
        """A terminal whose people have their passwords: made once, for that takes its time."""
        disks = self.folder / "provisioned"
        if not disks.exists():
            Rig(disks).close()
        return disks

    def _played(self, shop: Rig, settings: list[str], lines: Iterable[str]) -> Lived:
        witness = Witness(shop)
        player = Player(self.folder, self.folder, make_stage=lambda _config: shop)
        lived = Lived(list(settings), list(settings))
        try:
            self._play(player, witness, lived, lines)
            witness.part()
        except (Broken, ScenarioFailed, TimeoutError) as broken:
            lived.broken = str(broken).splitlines()[0]
        except ScenarioError:
            pass  # lines were dropped that it needs
        except Exception as bug:  # noqa: BLE001 - a bug of the terminal is what is looked for
            lived.broken = f"{type(bug).__name__}: {bug}"
        lived.ended_ms = shop.bench.clock.monotonic_ms()
        lived.figures.counts.update(witness.seen)
        return lived

    def _play(self, player: Player, witness: Witness, lived: Lived, lines: Iterable[str]) -> None:
        faulty: set[str] = set()
        before = ""
        for line in lines:
            lived.lines.append(line)
            lived.timed.append(_timed(line, player.stage.bench.clock.monotonic_ms()))
            (step,) = parse(lived.timed[-1], "day")
            witness.cards.begins(step)
            player.play(step)
            witness.look()
            witness.cards.ended(step)
            if before != AT_REST:  # a night is no fault
                lived.figures.count(step)
            if step.verb == "fault":
                faulty.add(step.words[0])
            if step.verb == "clear":
                faulty.discard(step.words[0])
            if line == AT_REST and before.startswith("wait") and not faulty:
                witness.rest()
            before = line


def _timed(line: str, now_ms: int) -> str:
    """`+350ms remove` with its moment since the start: `at 20350ms remove`."""
    if not line.startswith("+"):
        return line
    delay, action = line[1:].split("ms ", 1)
    return f"at {now_ms + int(delay)}ms {action}"
