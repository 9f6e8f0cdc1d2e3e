"""The process is killed at its calls to disk and socket, in every flow that moves money.

And once more while it recovers: whenever it happens, the host's books and the journal agree.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.crash.cuts import Story
from tests.crash.stories import NAIVE_SALE, STORIES
from tests.crash.trials import Trials


@pytest.mark.parametrize("story", STORIES, ids=[story.name for story in STORIES])
def test_books_and_journal_agree_whenever_the_process_is_killed(
    story: Story,
    trials: Callable[[Story], Trials],
    pytestconfig: pytest.Config,
    figure: Callable[[str], None],
) -> None:
    killed = trials(story)
    figure(killed.kill(pytestconfig.getoption("--long")))
    assert not killed.broken, "\n".join(killed.broken)


def test_terminal_that_journals_after_the_approval_is_caught(
    trials: Callable[[Story], Trials],
    pytestconfig: pytest.Config,
    figure: Callable[[str], None],
) -> None:
    """The control: the same kills find money that the host has taken and nobody knows of."""
    killed = trials(NAIVE_SALE)
    figure(killed.kill(pytestconfig.getoption("--long")))
    assert any("only in the host's books: sale" in each for each in killed.broken)
