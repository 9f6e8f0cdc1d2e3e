"""Journal and the embedded host's books know one another: neither is lost unnoticed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from firmware.acquirer.books import BOOKS
from firmware.acquirer.embedded import LocalHost
from firmware.acquirer.registration import Registration
from firmware.core.masked import SecretKey
from firmware.iso8583.keys import MASTER
from firmware.journal.connection import DATABASE, LOCK
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.head import HEAD
from firmware.journal.keys import KEY_FILES, TerminalKeys
from firmware.journal.records import BooksReplaced, SettingChanged
from firmware.journal.store import Journal
from firmware.terminal.tie import replace_books, tie_books, tie_no_books
from tests.crash.rig import Rig
from tests.journal.story import KEYS, Clock

SALE = (
    "press 100 ENTER",
    "wait 1s",
    "press ENTER",
    "insert visa-credit",
    'expect screen "交易成功"',
    "press ENTER",
    "wait 5s",
    "remove",
    "wait 40s",
)


def sold(directory: Path, count: int = 1) -> None:
    """A terminal that sells, and whose power goes."""
    rig = Rig(directory)
    rig.power_on()
    for _ in range(count):
        rig.plays(SALE, directory)
    rig.close()


def start(directory: Path) -> JournalFault | None:
    """What keeps the terminal from starting, or None."""
    try:
        with closing(Rig(directory)) as rig:
            rig.power_on()
    except JournalFault as fault:
        return fault
    return None


def lost_books(directory: Path) -> None:
    for path in directory.glob(f"{BOOKS}*"):
        path.unlink()


def test_the_books_of_a_terminal_that_sold_are_missed(tmp_path: Path) -> None:
    sold(tmp_path)
    lost_books(tmp_path)
    for _ in range(2):  # the empty ones that were made meanwhile are not taken for them
        fault = start(tmp_path)
        assert fault is not None
        assert fault.trouble is Trouble.BOOKS
        assert "are gone" in fault.words
        assert "pos journal new-books" in fault.words


def test_books_that_were_lost_before_the_first_sale_are_missed_too(tmp_path: Path) -> None:
    assert start(tmp_path) is None
    lost_books(tmp_path)
    fault = start(tmp_path)
    assert fault is not None
    assert fault.trouble is Trouble.BOOKS


def test_an_earlier_copy_of_the_books_is_told_from_them(tmp_path: Path) -> None:
    sold(tmp_path / "data")
    shutil.copy(tmp_path / "data" / BOOKS, tmp_path / "older")
    sold(tmp_path / "data")
    lost_books(tmp_path / "data")
    shutil.copy(tmp_path / "older", tmp_path / "data" / BOOKS)
    fault = start(tmp_path / "data")
    assert fault is not None
    assert fault.trouble is Trouble.BOOKS
    assert "an earlier copy" in fault.words


def test_books_whose_log_is_lost_are_an_earlier_copy(tmp_path: Path) -> None:
    directory, kept = tmp_path / "data", tmp_path / "kept"
    sold(directory)
    rig = Rig(directory)
    rig.power_on()
    rig.plays(SALE, directory)
    shutil.copytree(directory, kept)  # as a power cut leaves it
    rig.close()
    assert (kept / f"{BOOKS}-wal").stat().st_size
    (kept / f"{BOOKS}-wal").unlink()
    fault = start(kept)
    assert fault is not None
    assert fault.trouble is Trouble.BOOKS


def test_the_books_of_another_terminal_are_told_apart(tmp_path: Path) -> None:
    for name in ("one", "two"):
        sold(tmp_path / name)
    lost_books(tmp_path / "one")
    shutil.copy(tmp_path / "two" / BOOKS, tmp_path / "one" / BOOKS)
    fault = start(tmp_path / "one")
    assert fault is not None
    assert fault.trouble is Trouble.BOOKS
    assert "another terminal's" in fault.words


def test_a_host_key_that_was_made_anew_finds_no_account(tmp_path: Path) -> None:
    sold(tmp_path)
    (tmp_path / MASTER).unlink()
    fault = start(tmp_path)
    assert fault is not None
    assert fault.trouble is Trouble.BOOKS
    assert "key is another" in fault.words


def test_an_older_journal_and_head_put_back_together_are_known_by_the_books(
    tmp_path: Path,
) -> None:
    directory, older = tmp_path / "data", tmp_path / "older"
    sold(directory)
    shutil.copytree(directory, older)
    sold(directory)
    for name in (DATABASE, HEAD, LOCK):
        shutil.copy(older / name, directory / name)
    fault = start(directory)
    assert fault is not None
    assert fault.trouble is Trouble.TRUNCATED
    assert "missing at the end" in fault.words


def test_a_person_may_let_other_books_take_their_place_and_the_journal_says_so(
    tmp_path: Path,
) -> None:
    sold(tmp_path)
    lost_books(tmp_path)
    assert start(tmp_path) is not None
    journal = Journal.open(tmp_path, TerminalKeys.load(tmp_path), Clock())
    before = replace_books(journal)
    *_, last = journal.records()
    journal.close()
    assert last.record == BooksReplaced(before=before)
    assert start(tmp_path) is None
    sold(tmp_path)
    lost_books(tmp_path)
    assert start(tmp_path) is not None  # the new ones are missed as well


def test_what_belongs_together_starts_whatever_the_power_did(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    sold(directory, 2)
    rig = Rig(directory)
    rig.power_on()
    rig.plays(SALE, directory)
    shutil.copytree(directory, tmp_path / "kept")
    rig.close()
    assert start(tmp_path / "kept") is None
    assert start(directory) is None


def forget_notes(directory: Path) -> None:
    """A journal of an earlier release, or whose lock file was thrown away."""
    (directory / LOCK).unlink()


def test_lost_books_are_missed_where_the_lock_file_is_lost_too(tmp_path: Path) -> None:
    sold(tmp_path)
    forget_notes(tmp_path)
    lost_books(tmp_path)
    for _ in range(2):
        fault = start(tmp_path)
        assert fault is not None
        assert fault.trouble is Trouble.BOOKS
        assert "gone" in fault.words
    journal = Journal.open(tmp_path, TerminalKeys.load(tmp_path), Clock())
    assert replace_books(journal) == "unknown"
    assert replace_books(journal) == ""
    journal.close()
    assert start(tmp_path) is None


def test_an_earlier_copy_and_anothers_books_are_told_without_the_lock_file(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    sold(directory)
    shutil.copy(directory / BOOKS, tmp_path / "older")
    sold(directory)
    sold(tmp_path / "other")
    for found in (tmp_path / "older", tmp_path / "other" / BOOKS):
        lost_books(directory)
        forget_notes(directory)
        shutil.copy(found, directory / BOOKS)
        fault = start(directory)
        assert fault is not None
        assert fault.trouble is Trouble.BOOKS


def test_a_lock_file_that_is_lost_alone_is_made_again(tmp_path: Path) -> None:
    sold(tmp_path)
    forget_notes(tmp_path)
    assert start(tmp_path) is None
    lost_books(tmp_path)
    fault = start(tmp_path)
    assert fault is not None
    assert "are gone" in fault.words


@pytest.mark.parametrize("keys_too", [False, True])
def test_no_journal_is_begun_beside_books_that_know_one(tmp_path: Path, keys_too: bool) -> None:
    sold(tmp_path)
    gone = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", HEAD, LOCK)
    for name in (*gone, *(KEY_FILES if keys_too else ())):
        (tmp_path / name).unlink(missing_ok=True)
    before = {path.name for path in tmp_path.iterdir() if not path.name.startswith(BOOKS)}
    fault = start(tmp_path)
    assert fault is not None
    assert fault.trouble is Trouble.LOST
    assert "know its record" in fault.words
    # nothing was made, so what is put back is not taken for another
    after = {path.name for path in tmp_path.iterdir() if not path.name.startswith(BOOKS)}
    assert after == before


def test_other_books_may_answer_first_after_another_host(
    tmp_path: Path, host: Callable[[], LocalHost]
) -> None:
    sold(tmp_path / "sold")
    journal = Journal.open(tmp_path / "sold", TerminalKeys.load(tmp_path / "sold"), Clock())
    forget_notes(tmp_path / "sold")
    journal.append(SettingChanged(key="host.kind", before='"local"', after='"tcp"', by="test"))
    journal.close()
    journal = Journal.open(tmp_path / "sold", TerminalKeys.load(tmp_path / "sold"), Clock())
    embedded = host()
    tie_books(journal, embedded, lambda: journal.durable_head)
    embedded.close()
    journal.close()


def test_books_of_an_earlier_release_are_tied_at_the_first_start(tmp_path: Path) -> None:
    sold(tmp_path)
    with closing(sqlite3.connect(tmp_path / BOOKS)) as db:
        db.execute("DROP TABLE tie")
    lock = (tmp_path / LOCK).read_text().splitlines(keepends=True)
    (tmp_path / LOCK).write_text(lock[0])
    assert start(tmp_path) is None
    lost_books(tmp_path)
    assert start(tmp_path) is not None


@pytest.fixture
def host(tmp_path: Path) -> Callable[[], LocalHost]:
    def opened() -> LocalHost:
        return LocalHost(
            tmp_path / BOOKS,
            [],
            master=SecretKey(b"m" * 32),
            terminals={"10000001": Registration("104110054110001")},
            clock_now=Clock(),
        )

    return opened


def test_another_host_may_answer_in_between(tmp_path: Path, host: Callable[[], LocalHost]) -> None:
    journal, embedded = Journal.open(tmp_path, KEYS, Clock()), host()
    tie_books(journal, embedded, lambda: journal.durable_head)
    tie_no_books(journal)
    tie_books(journal, embedded, lambda: journal.durable_head)
    embedded.close()
    tie_no_books(journal)
    lost_books(tmp_path)
    other = host()
    with pytest.raises(JournalFault) as raised:  # it is remembered all the while
        tie_books(journal, other, lambda: journal.durable_head)
    assert raised.value.trouble is Trouble.BOOKS
    other.close()
    journal.close()
