"""A start costs the same on the first day and after years, and a journal is read piece by piece."""

import contextlib
import os
import sqlite3
import tracemalloc
from pathlib import Path

import pytest
from msgspec import Struct

from firmware.__main__ import main
from firmware.journal.verify import verify_journal
from firmware.lab.benchmarks import growth, long_journal
from firmware.lab.scenario.disk import Disk
from firmware.lab.scenario.stage import START, Stage
from firmware.ui.texts import Language, Text

COUNTERS = Path("/proc/self/io")
SHORT, FULL_BATCH, LONGER, LONG = 20, 1_000, 20_000, 100_000
PAGE_BYTES = 4_096
DEEPER_PAGES = 64  # a longer journal's trees have a level more: a page more for each look-up


def now():
    return START


class Start(Struct, frozen=True):
    """What a start asked of SQLite: virtual machine instructions, and bytes of files."""

    steps: int
    read_bytes: int


class CountingDisk(Disk):
    """A disk whose journal counts what is asked of it."""

    steps = 0

    def connect(self, path: Path) -> sqlite3.Connection:
        connection = super().connect(path)
        connection.set_progress_handler(self._step, 1)
        return connection

    def _step(self) -> None:
        self.steps += 1


def start(folder: Path, length: int) -> Start:
    """The whole start to the idle screen, with the log that a power cut has left."""
    folder.mkdir()
    Stage(folder).close()
    long_journal.make(folder, length, now)
    long_journal.leave_log(folder, now)
    growth.keep(folder, folder / "kept")
    disk = CountingDisk(folder)
    stage = Stage(folder, disk=disk)
    stage.power_on()  # what it imports is not counted
    stage.power_cut()
    growth.keep(folder / "kept", folder)
    disk.steps = 0
    before = bytes_read()
    terminal = stage.power_on()
    found = disk.steps, bytes_read() - before
    assert Text.ENTER_AMOUNT.in_language(Language.ZH) in stage.display_text
    assert terminal.data.journal.head()[0] > length
    stage.close()
    return Start(*found)


def bytes_read() -> int:
    """What this process has read so far, from a cache or a disk."""
    return int(COUNTERS.read_text().split()[1])


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    return start(tmp_path_factory.mktemp("short") / "data", SHORT)


@pytest.mark.skipif(not COUNTERS.exists(), reason="this system does not count what is read")
@pytest.mark.parametrize("length", [FULL_BATCH, LONGER, pytest.param(LONG, marks=pytest.mark.long)])
def test_a_start_does_not_grow_with_the_journal(short, tmp_path, length, figure):
    longer = start(tmp_path / "data", length)
    figure(
        f"start on {SHORT:,} and {length:,} records: {short.steps:,} and {longer.steps:,} steps,"
        f" {short.read_bytes:,} and {longer.read_bytes:,} bytes"
    )
    assert 0 < longer.steps <= 1.05 * short.steps
    assert 0 < longer.read_bytes <= short.read_bytes + DEEPER_PAGES * PAGE_BYTES


def test_a_made_journal_is_one_but_for_its_signatures(tmp_path):
    long_journal.make(tmp_path, 2_400, now)
    faults = verify_journal(tmp_path).faults
    assert faults
    assert {fault.partition(": ")[2] for fault in faults} == {"its signature is not the terminal's"}


def peak_bytes(folder: Path, words: str) -> int:
    """The most memory that a command took at once, its output thrown away."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        tracemalloc.start()
        try:
            assert main(["journal", *words.split(), "--data", str(folder)]) == 0
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


@pytest.fixture(scope="module")
def two_lengths(tmp_path_factory):
    folders = []
    for length in (2_400, 9_600):
        folders.append(tmp_path_factory.mktemp("journal"))
        long_journal.make(folders[-1], length, now)
    return folders


@pytest.mark.parametrize("words", ["list --date 2026-11-22", "export", "show 1 --batch 1"])
def test_a_long_journal_is_read_without_holding_it(two_lengths, words):
    few, many = (peak_bytes(folder, words) for folder in two_lengths)
    assert many < 1.5 * few
