"""The sweep of faults over states: who plays them, one process or several, and what was found."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path

from tests import machine
from tests.crash.cells import Cell, all_faults
from tests.crash.struck import Ground, Trial
from tests.crash.telling import State, Telling


def play(provisioned: Path, telling: Telling) -> Ground:
    """A telling as it goes without a fault. Raises ScenarioFailed."""
    with machine.room() as folder:
        return Ground.of(telling, folder / "clean", provisioned)


def strike(provisioned: Path, ground: Ground, cells: Iterable[Cell]) -> list[str]:
    """Play cells of a ground; every expectation that does not hold, in words."""
    wrong = []
    with machine.room() as folder:
        for number, cell in enumerate(cells):
            room = folder / f"{number}"
            found = Trial(ground, room, provisioned).play(cell)
            wrong += [f"{cell.name}: {words}" for words in found]
            shutil.rmtree(room)
    return wrong


def states_of(grounds: Iterable[Ground]) -> Iterator[tuple[Ground, State]]:
    """Each state once, with the first ground that goes through it."""
    seen: set[str] = set()
    for ground in grounds:
        for state in ground.states:
            if state.name not in seen:
                seen.add(state.name)
                yield ground, state


def cells_of(grounds: Iterable[Ground]) -> Iterator[tuple[Ground, list[Cell]]]:
    """Every fault in every state, by ground."""
    states: dict[str, list[State]] = {}
    by_name = {ground.telling.name: ground for ground in grounds}
    for ground, state in states_of(by_name.values()):
        states.setdefault(ground.telling.name, []).append(state)
    for name, own in states.items():
        ground = by_name[name]
        yield ground, [Cell(ground.telling, *pair) for pair in product(own, all_faults())]
