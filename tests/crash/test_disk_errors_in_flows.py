"""The disk fails in the middle of a flow, as the system tells it, from any of its calls on.

Nothing is approved that is not durable; when the disk is well the terminal goes on by itself, and
the host's books and the journal agree.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from tests.crash.cuts import Story
from tests.crash.stories import STORIES
from tests.crash.trials import Trials

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS)


@pytest.mark.parametrize("error", ERRORS, ids=[errno.errorcode[each] for each in ERRORS])
def test_books_and_journal_agree_whenever_the_disk_fails(
    error: int,
    trials: Callable[[Story], Trials],
    pytestconfig: pytest.Config,
    figure: Callable[[str], None],
) -> None:
    long = pytestconfig.getoption("--long")
    for story in STORIES if long else STORIES[:1]:
        failed = trials(story)
        figure(failed.fail(error, long))
        assert not failed.broken, "\n".join(failed.broken)
