"""Whether years of trade make the terminal slow: its start and a voucher looked up."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from firmware.cli.benchmarks import long_journal
from firmware.cli.benchmarks.figures import Figure, median, p99, unmeasured
from firmware.cli.benchmarks.long_journal import BYTES_PER_SALE, open_journal
from firmware.journal.connection import DATABASE
from firmware.journal.store import Journal
from firmware.scenario.stage import Stage

# records, two a sale here: a month of a small shop, years of it, and a million vouchers
SHORT, LONG, LONGEST = 1_000, 100_000, 2_000_000
STARTS, STARTS_LONGEST, LOOKUPS = 15, 3, 300
GROWTH_AIM = 1.5  # flat within the noise of a busy machine


class Found(Struct, frozen=True):
    """Milliseconds on a journal of one length."""

    journal_ms: float
    start_ms: float
    lookups_ms: list[float]


def measure(full: bool) -> Iterator[Figure]:
    """The same questions to a short journal and to longer ones."""
    first: Found | None = None
    for length in (SHORT, LONG, LONGEST) if full else (SHORT, LONG):
        with tempfile.TemporaryDirectory(prefix="pos-bench-") as name:
            if shutil.disk_usage(name).free < 3 * BYTES_PER_SALE * length // 2:
                why = f"{Path(name).parent} has too little room"
                yield unmeasured(f"start on {length:,} records", "ms", why)
                continue
            starts = STARTS if length < LONGEST else STARTS_LONGEST
            found = measured(Path(name), length, starts)
        first = first or found
        yield from _figures(found, first, length)
    if not full:
        why = f"only with --full: {LONGEST:,} records take minutes to make, and 5 GB of disk"
        yield unmeasured(f"voucher among {LONGEST // 2:,} sales", "ms", why)


def measured(folder: Path, length: int, starts: int) -> Found:
    """Make a journal of so many records in `folder`, and ask; medians of `starts`."""
    Stage(folder).close()  # provisioned: the first start makes keys and passwords
    vouchers = long_journal.make(folder, length)
    alone_ms, lookups_ms = _journal_ms(folder, starts), _lookups_ms(folder, vouchers)
    long_journal.leave_log(folder)
    return Found(alone_ms, _start_ms(folder, starts), lookups_ms)


def _figures(found: Found, first: Found, length: int) -> Iterator[Figure]:
    cut = "to the idle screen on models, journal and write-ahead log as a power cut leaves them"
    for name, ms, first_ms, note in (
        ("journal opened,", found.journal_ms, first.journal_ms, "checked, and asked"),
        ("start on", found.start_ms, first.start_ms, cut),
    ):
        also = (("times the shortest", ms / first_ms),) if found is not first else ()
        aim_ms = first_ms * GROWTH_AIM if length == LONG else None
        yield Figure(f"{name} {length:,} records", ms, "ms", aim_ms, note, also=also)
    also = (("ms p99", p99(found.lookups_ms)),)
    yield Figure(f"voucher among {length // 2:,} sales", median(found.lookups_ms), "ms", also=also)


def _journal_ms(folder: Path, starts: int) -> float:
    """Opening the journal, with all that a start asks of it."""
    spent = []
    for _ in range(starts):
        began = time.perf_counter()
        journal = open_journal(folder)
        _ask(journal)
        spent.append((time.perf_counter() - began) * 1000)
        journal.close()
    return median(spent)


def _start_ms(folder: Path, starts: int) -> float:
    """A terminal's start as `pos run` does it, each on the journal as it lies in `folder`."""
    kept = folder / "kept"
    keep(folder, kept)
    stage = Stage(folder)
    spent = []
    for _ in range(starts):
        keep(kept, folder)
        began = time.perf_counter()
        stage.power_on()
        spent.append((time.perf_counter() - began) * 1000)
        stage.power_cut()
    stage.close()
    return median(spent)


def keep(folder: Path, kept: Path) -> None:
    """Copy a journal that nobody has open, and its write-ahead log."""
    kept.mkdir(exist_ok=True)
    for name in (DATABASE, f"{DATABASE}-wal"):
        shutil.copyfile(folder / name, kept / name)


def _ask(journal: Journal) -> None:
    """What recovery and the idle screen look up."""
    journal.open_intents()
    journal.reversals()
    journal.print_jobs()
    journal.pending_settlement()
    journal.signed_on()
    journal.training()
    journal.count(journal.batch())
    journal.recent_sale_amounts(50)


def _lookups_ms(folder: Path, vouchers: int) -> list[float]:
    chance = random.Random(1)  # noqa: S311 - no secret
    journal = open_journal(folder)
    spent = []
    for _ in range(LOOKUPS):
        stan = 1 + chance.randrange(vouchers)
        began = time.perf_counter()
        found = journal.by_voucher(stan)
        spent.append((time.perf_counter() - began) * 1000)
        assert found is not None, f"voucher {stan} is there"
    journal.close()
    return spent
