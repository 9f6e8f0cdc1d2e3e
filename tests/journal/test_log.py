"""The write-ahead log stays short, also after somebody who read for long; no command reads so."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from firmware.__main__ import main
from firmware.core.sqlite import renew_log
from firmware.journal.connection import DATABASE, LOG, LOG_BYTES_MAX, connect_read_only, log_bytes
from firmware.journal.keys import TerminalKeys
from tests.journal.story import Shop

LONG_BYTES = 2 * LOG_BYTES_MAX
COMMIT_BYTES = 1 << 17  # more than the pages of one commit


@contextmanager
def reading(shop: Shop) -> Iterator[None]:
    """Somebody who looks at one moment of the journal for long."""
    with closing(connect_read_only(shop.directory / DATABASE)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM records").fetchone()
        yield


def grown(shop: Shop) -> int:
    """Sell until the log is long; its bytes."""
    while log_bytes(shop.directory) < LONG_BYTES:
        shop.sale()
    return log_bytes(shop.directory)


def test_a_log_is_bounded_while_nobody_reads(shop: Shop) -> None:
    most = 0
    for _ in range(400):
        shop.sale()
        most = max(most, log_bytes(shop.directory))
    assert 0 < most <= LOG_BYTES_MAX + COMMIT_BYTES


def test_a_log_that_grew_beside_a_reader_is_cut_when_the_reader_has_gone(shop: Shop) -> None:
    with reading(shop):
        assert grown(shop) >= LONG_BYTES
    for _ in range(3):
        shop.sale()
    assert log_bytes(shop.directory) <= LOG_BYTES_MAX


def test_a_settlement_leaves_no_log(shop: Shop) -> None:
    shop.sale()
    assert log_bytes(shop.directory)
    shop.settle()
    assert log_bytes(shop.directory) == 0


def test_a_settlement_beside_a_reader_is_a_settlement(shop: Shop) -> None:
    with reading(shop):
        shop.sale()
        shop.settle()
        assert log_bytes(shop.directory)
    assert shop.journal.failed is None
    assert shop.journal.batch() == 2


def test_a_start_on_a_long_log_cuts_it_and_reads_it_in_pieces(shop: Shop, tmp_path: Path) -> None:
    with reading(shop):
        grown(shop)
        left = tmp_path / "left"
        shutil.copytree(shop.directory, left)
    records, before = shop.journal.head(), (left / LOG).read_bytes()
    tracemalloc.start()
    try:
        renew_log(left / DATABASE)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < LONG_BYTES // 2
    assert (left / LOG).read_bytes() == before
    again = Shop.open(left)
    assert again.journal.head() == records
    assert log_bytes(left) == 0
    again.journal.close()


class Pager:
    """Standard output that, at each line it takes, looks whether the journal is held open."""

    def __init__(self, database: Path) -> None:
        self.lines = 0
        self._database = database

    def write(self, text: str) -> int:
        with closing(sqlite3.connect(self._database, isolation_level=None)) as db:
            db.execute("PRAGMA user_version").fetchone()
            busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not busy, f"a reader holds the log while it prints {text!r}"
        self.lines += text.count("\n")
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize(
    "words",
    [
        "journal list",
        "journal list --date 2026-03-02",
        "journal show 3",
        "journal export",
        "journal export --format jsonl",
        "journal key --all",
        "operator list",
        "report --day 20260302",
        "verify",
    ],
)
def test_no_command_holds_the_journal_while_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    directory = tmp_path / "data"
    shop = Shop.open(directory, keys=TerminalKeys.load_or_create(directory))
    for _ in range(20):
        shop.sale()
    pager = Pager(directory / DATABASE)
    monkeypatch.setattr(sys, "stdout", pager)
    where = [str(directory)] if words == "verify" else ["--data", str(directory)]
    assert main([*words.split(), *where]) == 0
    assert pager.lines or words == "operator list"  # nobody is there yet
    shop.journal.close()
