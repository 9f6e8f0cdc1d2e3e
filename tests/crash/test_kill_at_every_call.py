"""The process is killed at its calls to disk and socket, in every flow that moves money.

And once more while it recovers: whenever it happens, the host's books and the journal agree.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.cuts import Story
from tests.crash.far_host import FarHost
from tests.crash.mortal import Nursery
from tests.crash.stories import NAIVE_SALE, STORIES
from tests.crash.trials import Trials


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
