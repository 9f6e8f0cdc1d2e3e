"""A disk that fails: never "approved" without a durable row, and never a second try in place."""

# ruff: noqa: E402 - apsw first, so that the tests are skipped in words without it
from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

apsw = pytest.importorskip("apsw", reason="NOT TRIED: the disk is made to fail through apsw")

from firmware.journal.connection import DATABASE, connect
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.storage import Storage
from firmware.journal.transactions import State
from firmware.journal.verify import verify_journal
from firmware.terminal.data_directory import DataDirectory
from tests.crash.day import Counter, Promise, broken, checkpoint
from tests.crash.power_loss import Begun, replay, trade_on
from tests.crash.recorder import Delete, Op, Recorder, Sync, Truncate, Write
from tests.journal.story import KEYS, Clock, Shop, opened


class Failing:
    """From the n-th call on, calls of some kinds fail: a disk does not get well by itself.

    Unless it is said how many fail.
    """

    def __init__(
        self,
        first: int,
        error: type[Exception],
        kinds: tuple[type[Op], ...],
        count: int = 1_000_000,
    ) -> None:
        self.first, self.error, self.kinds, self.count = first, error, kinds, count
        self.calls = 0

    def __call__(self, op: Op) -> None:
        if isinstance(op, self.kinds):
            self.calls += 1
            if self.first <= self.calls < self.first + self.count:
                raise self.error(f"{type(op).__name__} of {op}"[:60])


FAULTS = {
    "no space": (apsw.FullError, (Write,), Trouble.FULL),
    "write error": (apsw.IOError, (Write, Truncate, Delete), Trouble.IO),
    "sync error": (apsw.IOError, (Sync,), Trouble.IO),
    "read-only": (apsw.ReadOnlyError, (Write,), Trouble.READ_ONLY),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_sale_on_a_failing_disk_is_promised_only_what_is_kept(name: str, memory: Path) -> None:
    error, kinds, trouble = FAULTS[name]
    first, healthy = 1, False
    while not healthy:
        healthy = sell_on_a_disk_that_fails(
            memory / str(first), Failing(first, error, kinds), trouble
        )
        first += 1 if first < 6 else 7
    assert first > 6  # some of it was tried


def sell_on_a_disk_that_fails(directory: Path, failing: Failing, trouble: Trouble) -> bool:
    """Sell, void and refund; at the fault, hold what was promised against what is kept.

    True when the whole story went by before the fault could come.
    """
    recorder = Recorder()
    shop = Shop.open(directory, storage=recorder)
    promises: list[Promise] = []
    recorder.fail = failing
    fault = fault_of(lambda: story(Counter(shop, promises.append)))
    if fault is not None:
        assert fault.trouble is trouble
        again = fault_of(shop.journal.append)
        if again is not None and again.trouble is trouble:  # of the head, told to who writes next
            again = fault_of(shop.journal.append)
        assert again is None or again.trouble is Trouble.FAILED
        assert (again is None) == (shop.journal.failed is None)
    shop.journal.close()
    if fault is None:
        return True
    after = Shop.open(directory, clock=shop.clock)
    assert [promise for promise in promises if broken(after.journal, promise)] == []
    assert verify_journal(directory, KEYS.public_key).faults == []
    trade_on(after)
    after.journal.close()
    return False


def story(counter: Counter) -> None:
    sale = counter.sale(500)
    counter.refund(sale, 200)
    counter.undo(counter.sale(900))
    checkpoint(counter.shop)
    counter.settle()


def fault_of(action: Callable[[], object]) -> JournalFault | None:
    try:
        action()
    except JournalFault as fault:
        return fault
    return None


def test_a_fault_while_reading_is_a_fault_of_the_journal_not_a_bug(memory: Path) -> None:
    shop = Shop.open(memory)
    shop.db.close()
    ask: Callable[[], object]
    for ask in (shop.journal.head, shop.journal.batch, shop.journal.open_intents):
        with pytest.raises(JournalFault):
            ask()
    shop.journal.close()


@pytest.mark.parametrize(
    "count", [2, *(pytest.param(count, marks=pytest.mark.long) for count in (1, 3, 4))]
)
def test_what_a_failed_sync_dropped_is_written_anew_before_anybody_trades_on(
    memory: Path, count: int
) -> None:
    """Linux tells of pages that it could not write once, and then reads them from memory as well.

    See wiki.postgresql.org/wiki/Fsync_Errors.
    """
    lost, first, healthy = [], 1, False
    while not healthy:
        recorder = Recorder(fail=Failing(first, apsw.IOError, (Sync,), count))
        data, healthy = trade_through_a_fault(memory / f"{first}", recorder)
        data.close()
        tally = replay(recorder.ops, memory / f"{first}-cut", samples=0, every=61, keys=data.keys)
        assert (tally.half, tally.unreadable) == ([], [])
        lost += tally.lost
        first += 6
    assert first > 10
    assert lost == []


def trade_through_a_fault(directory: Path, recorder: Recorder) -> tuple[DataDirectory, bool]:
    """Sell until the disk fails, open the journal anew as the terminal does, and sell on.

    True when the fault did not come.
    """
    failing, recorder.fail = recorder.fail, lambda _op: None
    clock = Clock()
    data = DataDirectory(directory, clock, recorder)
    recorder.mark(Begun())
    recorder.fail = failing
    shop = Shop(data.journal, clock, directory, recorder.connections[-1])
    counter = Counter(shop, recorder.mark)
    # what fails after a commit is told at the next one
    fault = fault_of(lambda: story(counter)) or data.journal.failed
    trouble = fault
    while trouble is not None:
        trouble = fault_of(data.reopen)
    shop.journal = data.journal
    recorder.fail = lambda _op: None
    for intent in shop.journal.open_intents():
        shop.journal.append(opened(intent))
    counter.sale(700)
    counter.sale(800)
    return data, fault is None


def test_opening_a_journal_writes_its_log_anew(memory: Path) -> None:
    shop = Shop.open(memory)
    shop.sale()
    log = memory / "journal.db-wal"
    content = log.read_bytes()
    os.utime(log, (0, 0))
    connect(memory / DATABASE).close()  # another connection is there: nothing else is written
    assert log.read_bytes() == content
    assert log.stat().st_mtime > 0
    log.unlink()
    log.mkdir()
    with pytest.raises(JournalFault) as caught:
        connect(memory / DATABASE)
    assert caught.value.trouble is Trouble.IO
    log.rmdir()
    shop.journal.close()


def test_a_read_only_journal_does_not_open(memory: Path) -> None:
    Shop.open(memory).journal.close()

    class ReadOnly(Storage):
        def connect(self, path: Path) -> sqlite3.Connection:
            return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)

    shop = Shop.open(memory, storage=ReadOnly())
    with pytest.raises(JournalFault) as caught:
        shop.sale()
    assert caught.value.trouble is Trouble.READ_ONLY
    shop.journal.close()


def test_a_first_start_on_a_failing_disk_leaves_room_for_another(memory: Path) -> None:
    first, fault = 0, True
    while fault:
        first += 1
        directory = memory / str(first)
        fault = first_start_fails(directory, Failing(first, apsw.FullError, (Write,)))
        shop = Shop.open(directory)
        assert shop.sale(5).state is State.APPROVED
        assert shop.journal.totals(1).sales == 1
        shop.journal.close()
    assert first > 5


def first_start_fails(directory: Path, failing: Failing) -> bool:
    recorder = Recorder(fail=failing)

    def start() -> None:
        Shop.open(directory, storage=recorder).journal.close()

    fault = fault_of(start)
    assert fault is None or fault.trouble is Trouble.FULL
    return fault is not None
