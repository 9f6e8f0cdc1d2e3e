"""Every fault of the scenario language and of the host's line, in every state of every flow.

The states are found by playing each flow, the faults are the language's own: nothing here is
listed by hand, so a new screen, a new step of a flow or a new fault is tried from its first day.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.cells import Cell, Ground, Trial, all_faults
from tests.crash.cuts import Story
from tests.crash.stories import OTHER_STORIES, STORIES

ALL = (*STORIES, *OTHER_STORIES)
SHORT_CELLS = 6  # of each story, in the short form


@pytest.mark.parametrize("story", ALL, ids=[story.name for story in ALL])
def test_fault_leaves_books_even_and_the_terminal_ready(
    story: Story, tmp_path: Path, pytestconfig: pytest.Config, figure: Callable[[str], None]
) -> None:
    ground = Ground.of(story, tmp_path)
    cells = ground.cells()
    tried = cells if pytestconfig.getoption("--long") else _sample(cells, story)
    wrong = []
    for number, cell in enumerate(tried):
        wrong += [
            f"{cell.name}: {words}" for words in Trial(ground, cell, tmp_path / f"{number}").play()
        ]
    figure(
        f"faults, {story.name}: {len(ground.states)} states, {len(cells)} cells,"
        f" {len(tried)} tried, {len(wrong)} broken promises"
    )
    assert not wrong, "\n".join(wrong)


def _sample(cells: list[Cell], story: Story) -> list[Cell]:
    """States spread evenly over the story, and the faults taken in turn over all stories."""
    faults = len(all_faults())
    states, first = len(cells) // faults, ALL.index(story) * SHORT_CELLS
    return [
        cells[number * states // SHORT_CELLS * faults + (first + number) % faults]
        for number in range(SHORT_CELLS)
    ]


def test_the_short_form_tries_every_fault() -> None:
    assert len(ALL) * SHORT_CELLS >= len(all_faults())
