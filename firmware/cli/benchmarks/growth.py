"""Whether years of trade make the terminal slow: its start and a voucher looked up."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from firmware.cli.benchmarks import long_journal
from firmware.cli.benchmarks.figures import Figure, median, p99, unmeasured
from firmware.cli.benchmarks.long_journal import BYTES_PER_SALE, open_journal
from firmware.journal.store import Journal

# records, two a sale here: a month of a small shop, years of it, and a million vouchers
SHORT, LONG, LONGEST = 1_000, 100_000, 2_000_000
STARTS, LOOKUPS = 15, 300
GROWTH_AIM = 1.5  # flat within the noise of a busy machine


def measure(full: bool) -> Iterator[Figure]:
    """The same questions to a short journal and to longer ones."""
    first_ms: float | None = None
    for length in (SHORT, LONG, LONGEST) if full else (SHORT, LONG):
        with tempfile.TemporaryDirectory(prefix="pos-bench-") as name:
            folder = Path(name)
            names = f"start on {length:,} records", f"voucher among {length // 2:,} sales"
            if shutil.disk_usage(folder).free < 3 * BYTES_PER_SALE * length // 2:
                for what in names:
                    yield unmeasured(what, "ms", f"{folder.parent} has too little room")
                continue
            vouchers = long_journal.make(folder, length)
            began_ms = start_ms(folder)
            lookups_ms = _lookups_ms(folder, vouchers)
        also = (("times the shortest", began_ms / first_ms),) if first_ms else ()
        aim_ms = first_ms * GROWTH_AIM if first_ms and length == LONG else None
        first_ms = first_ms or began_ms
        yield Figure(names[0], began_ms, "ms", aim_ms, "opened, checked, and asked", also=also)
        also = (("ms p99", p99(lookups_ms)),)
        yield Figure(names[1], median(lookups_ms), "ms", also=also)
    if not full:
        yield unmeasured("voucher among 1,000,000 sales", "ms", "only with --full")


def start_ms(folder: Path) -> float:
    """Opening the journal, with all that a start asks of it."""
    spent = []
    for _ in range(STARTS):
        began = time.perf_counter()
        journal = open_journal(folder)
        _ask(journal)
        spent.append((time.perf_counter() - began) * 1000)
        journal.close()
    return median(spent)


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
