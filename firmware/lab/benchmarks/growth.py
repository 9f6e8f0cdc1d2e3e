"""Whether years of trade make the terminal slow: its start and a voucher looked up."""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median

from firmware.journal.connection import DATABASE, LOG, LOG_BYTES_MAX, connect_read_only, log_bytes
from firmware.journal.head import HEAD
from firmware.journal.store import Journal
from firmware.lab.benchmarks import long_journal
from firmware.lab.benchmarks.figures import Figure, p99, unmeasured
from firmware.lab.benchmarks.long_journal import BYTES_PER_SALE, open_journal
from firmware.lab.scenario.stage import START, Stage

# records, two a sale here: a month of a small shop, years of it, and a million vouchers
SHORT, LONG, LONGEST = 1_000, 100_000, 2_000_000
LOG_SALES, LOG_SLACK = 500, 1.1  # a commit may go over the limit by its own pages
STARTS, STARTS_LONGEST, LOOKUPS = 15, 3, 300
GROWTH_AIM = 1.5  # flat within the noise of a busy machine


def measure(full: bool) -> Iterator[Figure]:
    """The same questions to a short journal and to longer ones, in turn."""
    subjects: list[Subject] = []
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as name, contextlib.ExitStack() as opened:
        for length in (SHORT, LONG, LONGEST) if full else (SHORT, LONG):
            if shutil.disk_usage(name).free < 3 * BYTES_PER_SALE * length // 2:
                why = f"{Path(name).parent} has too little room"
                yield unmeasured(f"start on {length:,} records", "ms", why)
                continue
            subjects.append(Subject(Path(name) / str(length), length))
            opened.callback(subjects[-1].close)
        for turn in range(STARTS):
            for one in subjects:
                if one.length < LONGEST or turn < STARTS_LONGEST:
                    one.take_turn()
        yield from _log_figures(Path(name) / "reader")
    for one in subjects:
        yield from _figures(one, subjects[0])
    if not full:
        why = f"only with --full: {LONGEST:,} records take minutes to make, and 5 GB of disk"
        yield unmeasured(f"voucher among {LONGEST // 2:,} sales", "ms", why)


def _log_figures(folder: Path) -> Iterator[Figure]:
    """How long the write-ahead log is after many sales: alone, and beside a reader that stayed."""
    folder.mkdir()
    journal = open_journal(folder, _now)
    long_journal.sell(journal, LOG_SALES)
    alone_kib = log_bytes(folder) / 1024
    with contextlib.closing(connect_read_only(folder / DATABASE)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM records").fetchone()
        long_journal.sell(journal, LOG_SALES)
        beside_kib = log_bytes(folder) / 1024
    long_journal.sell(journal, LOG_SALES)
    after_kib = log_bytes(folder) / 1024
    journal.close()
    most_kib = LOG_BYTES_MAX / 1024 * LOG_SLACK
    yield Figure(f"log after {LOG_SALES:,} sales", alone_kib, "KiB", most_kib)
    also = (("KiB while somebody read", beside_kib),)
    yield Figure("log when a reader has gone", after_kib, "KiB", most_kib, also=also)


def _figures(one: Subject, first: Subject) -> Iterator[Figure]:
    cut = "to the idle screen on models, journal and write-ahead log as a power cut leaves them"
    for name, ms, first_ms, note in (
        ("journal opened,", median(one.journal_ms), median(first.journal_ms), "checked, and asked"),
        ("start on", median(one.start_ms), median(first.start_ms), cut),
    ):
        also = (("times the shortest", ms / first_ms),) if one is not first else ()
        aim_ms = first_ms * GROWTH_AIM if one.length == LONG else None
        yield Figure(f"{name} {one.length:,} records", ms, "ms", aim_ms, note, also=also)
    name, also = f"voucher among {one.length // 2:,} sales", (("ms p99", p99(one.lookups_ms)),)
    yield Figure(name, median(one.lookups_ms), "ms", also=also)


class Subject:
    """A terminal with a journal of at least `length` records in `folder`, started turn by turn."""

    def __init__(self, folder: Path, length: int) -> None:
        self.length = length
        self.journal_ms: list[float] = []
        self.start_ms: list[float] = []
        self._folder, self._kept = folder, folder / "kept"
        self._stage = Stage(folder)
        self.lookups_ms = _lookups_ms(folder, long_journal.make(folder, length, _now))
        long_journal.leave_log(folder, _now)
        keep(folder, self._kept)
        self._start()  # the first one imports

    def take_turn(self) -> None:
        """Open the journal alone, with all that a start asks of it; then start as a whole."""
        began = time.perf_counter()
        journal = open_journal(self._folder, _now)
        _ask(journal)
        self.journal_ms.append((time.perf_counter() - began) * 1000)
        journal.close()
        keep(self._kept, self._folder)
        self.start_ms.append(self._start())

    def close(self) -> None:
        """Clear the stage."""
        self._stage.close()

    def _start(self) -> float:
        """Milliseconds from the power to the idle screen, as `pos run` starts."""
        began = time.perf_counter()
        self._stage.power_on()
        took_ms = (time.perf_counter() - began) * 1000
        self._stage.power_cut()
        return took_ms


def _now() -> datetime:
    """When all of it is written: the stage's own time, so that a start finds its clock right."""
    return START


def keep(folder: Path, kept: Path) -> None:
    """Copy a journal that nobody has open, and its write-ahead log."""
    kept.mkdir(exist_ok=True)
    for name in (DATABASE, LOG, HEAD):
        shutil.copyfile(folder / name, kept / name)
        long_journal.sync(kept / name)


def _ask(journal: Journal) -> None:
    """What recovery and the idle screen look up."""
    journal.open_intents()
    journal.reversals()
    journal.print_jobs()
    journal.pending_settlement()
    journal.signed_on()
    journal.training()
    journal.count(journal.batch())
    journal.recent_sale_amounts(50, "CNY")


def _lookups_ms(folder: Path, vouchers: int) -> list[float]:
    chance = random.Random(1)  # noqa: S311 - no secret
    journal = open_journal(folder, _now)
    spent = []
    for _ in range(LOOKUPS):
        stan = 1 + chance.randrange(vouchers)
        began = time.perf_counter()
        found = journal.by_voucher(stan)
        spent.append((time.perf_counter() - began) * 1000)
        assert found is not None, f"voucher {stan} is there"
    journal.close()
    return spent
