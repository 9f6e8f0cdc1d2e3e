"""What a terminal that runs for years remembers does not grow with what it has done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hw.events import JobDone
from tests.crash.cuts import copy
from tests.crash.rig import Rig
from tests.crash.telling import provision
from tests.crash.test_data_vanishes import SALE


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    copy(provision(tmp_path / "provisioned"), tmp_path / "data")
    rig = Rig(tmp_path / "data")
    rig.power_on()
    yield rig
    rig.close()


def sizes(kept: object) -> dict[str, int]:
    """How many entries each collection of an object has."""
    collections = {name: value for name, value in vars(kept).items() if hasattr(value, "__len__")}
    return {name: len(value) for name, value in collections.items()}


def test_after_many_sales_nothing_is_kept_of_them(rig: Rig, tmp_path: Path) -> None:
    assert rig.terminal is not None
    terminal = rig.terminal
    rig.plays((*SALE, "press ENTER", "wait 10m"), tmp_path)
    before = sizes(terminal.spool), sizes(terminal.runner), sizes(terminal.data)
    assert before[0]["_released"] == 0, "a paper that is out need not be known as let go"
    for _ in range(5):
        rig.plays((*SALE, "press ENTER", "wait 10m"), tmp_path)
    after = sizes(terminal.spool), sizes(terminal.runner), sizes(terminal.data)
    assert after == before


def test_a_result_that_nobody_waits_for_any_more_is_not_kept(rig: Rig) -> None:
    assert rig.terminal is not None
    runner = rig.terminal.runner
    before = sizes(runner)
    for token in range(100, 200):  # a host that answers after everybody has given it up
        runner.step(JobDone(token, None, rig.bench.clock.monotonic_ms()))
    assert sizes(runner) == before
