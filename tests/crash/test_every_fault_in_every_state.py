"""Every fault of the scenario language, in every state of every flow that moves money.

The states are found by playing each flow, the faults are the language's own: nothing here is
listed by hand, so a new screen, a new step of a flow or a new fault is tried from its first day.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.cells import Cell, Ground, Trial
from tests.crash.cuts import Story
from tests.crash.stories import STORIES

SHORT_CELLS = 10  # of each story, in the short form


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_fault_leaves_books_even_and_the_terminal_ready(
    story: Story, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    ground = Ground.of(story, tmp_path)
    cells = ground.cells()
    tried = cells if request.config.getoption("--long") else _sample(cells)
    wrong = []
    for number, cell in enumerate(tried):
        wrong += [
            f"{cell.name}: {words}" for words in Trial(ground, cell, tmp_path / f"{number}").play()
        ]
    print(
        f"\n{story.name}: {len(ground.states)} states, {len(cells)} cells,"
        f" {len(tried)} tried, {len(wrong)} broken promises"
    )
    assert not wrong, "\n".join(wrong)


def _sample(cells: list[Cell]) -> list[Cell]:
    """Cells spread evenly over the states, and over the faults by an odd stride."""
    return cells[:: len(cells) // SHORT_CELLS | 1]
