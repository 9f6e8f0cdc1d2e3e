"""No acknowledged transaction is lost, none half done, whenever the power goes.

The controls show that this replay finds what it looks for: a journal that is synced less, or
written after the approval was shown, loses what it promised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("apsw", reason="NOT TRIED: the disk is recorded through apsw")

from firmware.journal.connection import LOG
from firmware.journal.head import HEAD
from tests.crash.power_loss import record_day, replay
from tests.crash.recorder import Op, Recorder, Sync, Write
from tests.journal.story import Shop

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
        tally = replay(ops, memory / "cut", samples=1, every=13, thorough_every=7)
    figure(f"WAL + FULL: {tally}")
    assert tally.distinct >= (50_000 if long else 150)
    assert (tally.lost, tally.half, tally.unreadable) == ([], [], [])


@pytest.mark.parametrize(
    ("how", "which"),
    [
        ({"lies": NORMAL}, "WAL + NORMAL"),  # it syncs only at checkpoints
        ({"lies": ROLLBACK}, "DELETE + FULL"),
        ({"naive": True}, "journal after approval"),
    ],
)
def test_a_worse_journal_loses_promises(
    memory: Path, figure: Callable[[str], None], how: dict[str, Any], which: str
) -> None:
    ops = record_day(memory / "day", 3, **how)
    tally = replay(ops, memory / "cut", samples=0, every=17, thorough_every=50)
    figure(f"control, {which}: {tally}")
    assert tally.lost


def test_the_head_outside_the_log_costs_a_write_a_commit_and_no_sync(
    memory: Path, figure: Callable[[str], None]
) -> None:
    recorder = Recorder()
    shop = Shop.open(memory / "day", storage=recorder)
    before = len(recorder.ops)
    shop.sale()
    sale = recorder.ops[before:]
    shop.settle()
    settlement = recorder.ops[before + len(sale) :]
    shop.journal.close()
    commits = count(sale, Sync, LOG)
    syncs = sum(isinstance(op, Sync) for op in settlement)
    figure(
        f"a sale of {commits} commits: {count(sale, Write, HEAD)} writes and"
        f" {count(sale, Sync, HEAD)} syncs of the head;"
        f" a settlement: {count(settlement, Sync, HEAD)} of {syncs} syncs"
    )
    assert count(sale, Write, HEAD) == commits
    assert count(sale, Sync, HEAD) == 0
    assert count(settlement, Sync, HEAD) == 1


def count(ops: Sequence[Op], kind: type[Write | Sync], name: str) -> int:
    return sum(isinstance(op, kind) and op.name == name for op in ops)


def test_the_control_whose_head_leads_the_log_is_found(
    memory: Path, figure: Callable[[str], None]
) -> None:
    """A head that is written before its commit is durable says that records are missing."""
    ops = record_day(memory / "day", 3)
    heads = [at for at, op in enumerate(ops) if isinstance(op, Write) and op.name == HEAD]
    for at in heads[2:]:  # each one takes the place of the one before, as if it were early
        earlier = heads[heads.index(at) - 1]
        ops[earlier] = ops[at]
    tally = replay(ops, memory / "cut", samples=0, every=17, thorough_every=50)
    figure(f"control, head before its commit: {tally}")
    assert any("missing at the end" in words for words in tally.unreadable)
