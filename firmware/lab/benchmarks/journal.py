"""What durability costs: commits, syncs and bytes of a sale, and the time of one append."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from firmware.journal.connection import DATABASE
from firmware.journal.keys import TerminalKeys
from firmware.journal.records import PasswordFailed
from firmware.journal.store import Journal
from firmware.lab.benchmarks import trade
from firmware.lab.benchmarks.children import told
from firmware.lab.benchmarks.figures import Figure, p99, unmeasured
from firmware.lab.scenario.stage import START

SALES, APPENDS, APPENDS_FULL = 10, 300, 2_000
CHILD_TIMEOUT_S = 120
CALLS = "fsync,fdatasync,pwrite64,write"
# what strace says of a call on a file: `123 pwrite64(8</a/journal.db-wal>, ""..., 24, 0) = 24`
_CALL = re.compile(r"(fsync|fdatasync|pwrite64|write)\(\d+<([^>]*)>.* = (\d+)$")


def measure(full: bool) -> Iterator[Figure]:
    """Commits from SQLite itself, system calls from `strace` where it is, times on this disk."""
    per_sale = list(zip(*_trade(SALES), strict=True))
    commits, records, log_bytes = (median(each) for each in per_sale)
    yield Figure("commits per sale", commits, "commits", also=(("records", records),))
    yield Figure("write-ahead log per sale", log_bytes, "bytes")
    yield from _system_calls()
    yield from _appends(APPENDS_FULL if full else APPENDS)


def _trade(count: int, *watched_by: str) -> list[list[int]]:
    """Let a child take sales in a folder of its own; gives what each did to the journal."""
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as folder:
        child = (*watched_by, sys.executable, "-m", trade.__name__, folder, str(count))
        sales: list[list[int]] = told(*child, timeout_s=CHILD_TIMEOUT_S)
    return sales


def _system_calls() -> Iterator[Figure]:
    """What a sale asks of the disk: the difference between many sales and few."""
    names = ("syncs of the journal per sale", "bytes written to disk per sale")
    strace = shutil.which("strace")
    if strace is None:
        why = "strace is not installed; a commit with synchronous=FULL in WAL mode syncs once"
        yield unmeasured(names[0], "syncs", why)
        yield unmeasured(names[1], "bytes", "strace is not installed")
        return
    try:
        few, many = _watched(strace, 1), _watched(strace, 1 + SALES)
    except subprocess.SubprocessError as error:
        for name, unit in zip(names, ("syncs", "bytes"), strict=True):
            yield unmeasured(name, unit, f"strace cannot watch a child here: {error}")
        return
    sale = {what: (count - few[what]) / SALES for what, count in many.items()}
    others = ("of the embedded host's books", sale["others' syncs"])
    yield Figure(names[0], sale["journal's syncs"], "syncs", also=(others,))
    others = ("of the embedded host's books", sale["others' bytes"])
    note = "log and checkpoints: what an SD card wears by"
    yield Figure(names[1], sale["journal's bytes"], "bytes", also=(others,), note=note)


def _watched(strace: str, sales: int) -> Counter[str]:
    """Syncs and bytes written in the child's folder: the journal's own, and others'."""
    found: Counter[str] = Counter()
    with tempfile.NamedTemporaryFile("r", prefix="pos-strace-", errors="replace") as said:
        _trade(sales, strace, "-f", "-y", "-s", "0", "-o", said.name, "-e", f"trace={CALLS}")
        for call, path, answer in (match.groups() for match in map(_CALL.search, said) if match):
            if "pos-bench-" not in path:
                continue
            whose = "journal's" if DATABASE in path else "others'"
            what, count = ("bytes", int(answer)) if "write" in call else ("syncs", 1)
            found[f"{whose} {what}"] += count
    return found


def _appends(count: int) -> Iterator[Figure]:
    """The time of one durable record, on the disk that temporary files are on."""
    spent: list[float] = []
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as folder:
        keys = TerminalKeys.load_or_create(Path(folder))
        journal = Journal.open(Path(folder), keys, lambda: START)
        for number in range(count):
            began = time.perf_counter()
            journal.append(PasswordFailed(operator="01", failures=number, purpose="bench"))
            spent.append((time.perf_counter() - began) * 1000)
        journal.close()
        note = f"one record, {count} times, on {_file_system(Path(folder))}"
    yield Figure("append and sync, p50", median(spent), "ms", note=note)
    yield Figure("append and sync, p99", p99(spent), "ms")


def _file_system(folder: Path) -> str:
    """The kind of file system a folder is on: on tmpfs a sync costs nothing."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return f"the file system of {folder}"
    kinds = {mount: kind for _, mount, kind, *_ in mounts}
    place = folder.resolve()
    return next(kinds[str(each)] for each in (place, *place.parents) if str(each) in kinds)
