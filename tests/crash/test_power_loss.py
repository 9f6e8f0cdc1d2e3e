"""No acknowledged transaction is lost, none half done, whenever the power goes.

The controls show that this replay finds what it looks for: a journal that is synced less, or
written after the approval was shown, loses what it promised.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("apsw", reason="NOT TRIED: the disk is recorded through apsw")

from tests.crash.power_loss import Tally, record_day, replay

# SQLite is told one thing and the journal's assertion another
NORMAL = {"synchronous": ("NORMAL", 2)}
ROLLBACK = {"journal_mode": ("DELETE", "wal")}


def test_no_disk_that_a_power_cut_leaves_has_lost_a_promise(
    memory: Path, pytestconfig: pytest.Config, figure: Callable[[str], None]
) -> None:
    long = pytestconfig.getoption("--long")
    ops = record_day(memory / "day", 19 if long else 3)
    if long:
        tally = replay(ops, memory / "cut", samples=14, thorough_every=10)
    else:
        tally = replay(ops, memory / "cut", samples=1, every=5, thorough_every=7)
    figure(f"WAL + FULL: {tally}")
    assert tally.distinct >= (50_000 if long else 400)
    assert (tally.lost, tally.half, tally.unreadable) == ([], [], [])


def control(memory: Path, **how: Any) -> Tally:
    ops = record_day(memory / "day", 3, **how)
    return replay(ops, memory / "cut", samples=0, every=17, thorough_every=50)


def test_the_control_that_syncs_only_at_checkpoints_loses_promises(
    memory: Path, figure: Callable[[str], None]
) -> None:
    tally = control(memory, lies=NORMAL)
    figure(f"control, WAL + NORMAL: {tally}")
    assert tally.lost


def test_the_control_that_deletes_a_rollback_journal_loses_promises(
    memory: Path, figure: Callable[[str], None]
) -> None:
    tally = control(memory, lies=ROLLBACK)
    figure(f"control, DELETE + FULL: {tally}")
    assert tally.lost


def test_the_control_that_writes_after_the_approval_loses_promises(
    memory: Path, figure: Callable[[str], None]
) -> None:
    tally = control(memory, naive=True)
    figure(f"control, journal after approval: {tally}")
    assert tally.lost
