"""Every fault of the scenario language and of the host's line, in every state of every flow.

The states are found by playing every story and every scenario file, the faults are the language's
own: nothing here is listed by hand, so a new screen, a new step of a flow or a new fault is tried
from its first day, and a flow that no story tells of is noticed.
"""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
from collections.abc import Callable
from functools import partial
from itertools import repeat
from pathlib import Path
from random import Random
from typing import get_args

import pytest

from firmware import flows
from firmware.payments import effects as payment_effects
from firmware.ui.screens import Screen
from tests.crash.cells import Cell, all_faults
from tests.crash.struck import Ground
from tests.crash.sweep import cells_of, play, states_of, strike
from tests.crash.telling import Reach, provision, tellings
from tests.machine import processes

SHORT_SHARE = 3  # the short form tries one in so many of the faults, each in another state


@pytest.fixture(scope="module")
def provisioned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return provision(tmp_path_factory.mktemp("provisioned") / "disks")


@pytest.fixture(scope="module")
def grounds(provisioned: Path) -> list[Ground]:
    """Tellings in their order, until all that there is has been reached, or all are told."""
    found: list[Ground] = []
    for telling in tellings():
        found.append(play(provisioned, telling))
        if not _unreached(found):
            break
    return found


def _unreached(grounds: list[Ground]) -> set[str]:
    """Screens, effects and modules of flows that none of the tellings has come by."""
    reached = Reach()
    for ground in grounds:
        reached.screens |= ground.reach.screens
        reached.effects |= ground.reach.effects
        reached.flows |= ground.reach.flows
    screens = {screen.__name__ for screen in get_args(Screen)}
    asked = {each.__name__ for each in payment_effects.Effect.__subclasses__()}
    return (screens - reached.screens) | (asked - reached.effects) | (_flows() - reached.flows)


def _flows() -> set[str]:
    """The modules of flows that have steps of their own."""
    modules = (
        importlib.import_module(f"{flows.__name__}.{each.name}")
        for each in pkgutil.iter_modules(flows.__path__)
    )
    return {
        module.__name__.rpartition(".")[2]
        for module in modules
        if any(
            inspect.iscoroutinefunction(each) and each.__module__ == module.__name__
            for each in vars(module).values()
        )
    }


def test_every_screen_effect_and_flow_has_a_state_that_faults_are_tried_in(
    grounds: list[Ground],
) -> None:
    assert _unreached(grounds) == set()


def test_what_no_telling_reaches_is_noticed(grounds: list[Ground]) -> None:
    """The control."""
    assert _unreached(grounds[:1])


def test_some_faults_in_some_states_leave_books_even_and_the_terminal_ready(
    grounds: list[Ground],
    provisioned: Path,
    pytestconfig: pytest.Config,
    figure: Callable[[str], None],
) -> None:
    seed = pytestconfig.getoption("--seed")
    states, faults, chance = list(states_of(grounds)), all_faults(), Random(seed)
    chance.shuffle(states)
    chance.shuffle(faults)
    faults = faults[::SHORT_SHARE]
    assert len(states) >= len(faults) > 0
    wrong = []
    for (ground, state), fault in zip(states, faults, strict=False):
        wrong += strike(provisioned, ground, [Cell(ground.telling, state, fault)])
    cells = len(states) * len(all_faults())
    figure(
        f"faults: {len(states)} states of {len(grounds)} tellings, {cells} cells,"
        f" {len(faults)} tried (--seed {seed}), {len(wrong)} broken promises"
    )
    assert not wrong, "\n".join(wrong)


@pytest.mark.long
def test_every_fault_in_every_state_leaves_books_even_and_the_terminal_ready(
    provisioned: Path, figure: Callable[[str], None]
) -> None:
    """Most of an hour on two processors."""
    with processes(os.cpu_count()) as pool:
        grounds = list(pool.map(partial(play, provisioned), tellings()))
        cells = list(cells_of(grounds))
        found = pool.map(strike, repeat(provisioned), *zip(*cells, strict=True))
        wrong = [words for each in found for words in each]
    states = len(list(states_of(grounds)))
    tried = sum(len(each) for _, each in cells)
    figure(
        f"faults: {states} states of {len(grounds)} tellings, {tried} cells,"
        f" {tried} tried, {len(wrong)} broken promises"
    )
    assert not wrong, "\n".join(wrong)
