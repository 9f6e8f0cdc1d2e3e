"""A disk in memory for tests that sync thousands of times, and both ends of a mortal terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.cuts import Story
from tests.crash.far_host import FarHost
from tests.crash.mortal import Nursery
from tests.crash.trials import Trials
from tests.machine import room


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory that costs no real syncs, where the system has one."""
    with room() as directory:
        yield directory


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    try:
        nursery = Nursery(tmp_path_factory.mktemp("lives"))
    except RuntimeError as reason:
        pytest.skip(f"NOT TRIED: {reason}")
    yield nursery
    nursery.close()


@pytest.fixture
def host() -> Iterator[FarHost]:
    host = FarHost()
    yield host
    host.close()


@pytest.fixture
def trials(nursery: Nursery, host: FarHost, memory: Path) -> Callable[[Story], Trials]:
    """Makes the trials of a story."""

    def of(story: Story) -> Trials:
        folder = memory / story.name
        folder.mkdir()
        return Trials(story, nursery, host, folder)

    return of
