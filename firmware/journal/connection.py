"""The one connection to the journal's database, and the checks that must pass before a sale.

SQLite 3.7.0 to 3.51.2 can lose a commit when two connections write while the write-ahead log is
reset (see sqlite.org/wal.html#walresetbug). So there is one process, held by a lock on a file, and
in it one connection; readers such as `pos verify` open the database read-only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path

from msgspec import Struct

from firmware.core.durable import sync_directory
from firmware.core.sqlite import renew_log
from firmware.journal.faults import (
    DATABASE_ERRORS,
    JournalFault,
    Trouble,
    error_is_a_fault,
    fault_of,
    trouble_of,
)

DATABASE, LOG, LOCK = "journal.db", "journal.db-wal", "journal.lock"
SQLITE_OLDEST = (3, 37, 0)  # STRICT tables
PAGE_BYTES = 1024  # a commit writes every page that it touches, so a small one spares the SD card
LOG_BYTES_MAX = 4 << 20  # a log that a reader made longer is cut to this when the reader is gone
_LOG_BYTES = 1000 * (4096 + 24)  # SQLite's default of 1,000 pages of 4,096 bytes: then written back
_FRAME_BYTES = 24  # that the log has before each page
_NOTES_BYTES_MAX = 512  # of the lock file
# each is set, then read back: a pragma that is not understood is silently ignored
PRAGMAS: tuple[tuple[str, str, object], ...] = (
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("fullfsync", "ON", 1),  # macOS: down to the medium
    ("checkpoint_fullfsync", "ON", 1),
    ("cell_size_check", "ON", 1),
    ("trusted_schema", "OFF", 0),
    ("journal_size_limit", str(LOG_BYTES_MAX), LOG_BYTES_MAX),
)


def connect(
    path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection
) -> sqlite3.Connection:
    """Open the database for writing. Raises sqlite3.Error, and JournalFault for its log."""
    try:
        renew_log(path)
    except OSError as error:
        raise _unusable(path, error) from error
    return sqlite3.connect(path, isolation_level=None, timeout=0, factory=factory)


def log_bytes(directory: Path) -> int:
    """How long the journal's write-ahead log is."""
    try:
        return (directory / LOG).stat().st_size
    except OSError:
        return 0


def shorten_log(connection: sqlite3.Connection) -> None:
    """Bring the write-ahead log into the database and cut it to nothing. Raises sqlite3.Error.

    While somebody reads an earlier state, or the disk is full, it stays and nothing is raised.
    """
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        if fault_of(error).trouble not in (Trouble.FULL, Trouble.BUSY):  # the log holds it all
            raise


def keep_log(database: Path) -> None:
    """Keep the write-ahead log under another name, to be searched for lost records.

    Closing the database deletes it. An earlier one that was kept stays.
    """
    log = database.with_name(database.name + "-wal")
    with contextlib.suppress(OSError):  # there is none, it is kept, or the disk has no links
        os.link(log, log.with_name(log.name + ".damaged"))


def _unusable(path: Path, error: OSError) -> JournalFault:
    return JournalFault(trouble_of(error), f"{path}: {error.strerror}")


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open a database for reading: a running terminal's, or a copy on a read-only disk.

    Raises JournalFault.
    """
    waiting = path.with_name(path.name + "-wal")
    with error_is_a_fault:
        try:
            return _opened(path, "mode=ro")
        except sqlite3.OperationalError:  # there is no room for the index of a write-ahead log
            if waiting.exists() and waiting.stat().st_size:
                raise
            return _opened(path, "mode=ro&immutable=1")


def _opened(path: Path, query: str) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?{query}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except DATABASE_ERRORS:
        connection.close()
        raise
    return connection


def prepare(connection: sqlite3.Connection) -> None:
    """Set what durability needs and read it back. Raises JournalFault when SQLite disagrees."""
    with error_is_a_fault:
        (version,) = connection.execute("SELECT sqlite_version()").fetchone()
        if tuple(map(int, version.split("."))) < SQLITE_OLDEST:
            wanted = ".".join(map(str, SQLITE_OLDEST))
            raise JournalFault(Trouble.ENGINE, f"SQLite {version}; expected {wanted} or later")
        # a database that was made with another page size keeps it
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}").fetchall()
        for pragma in PRAGMAS:
            _set(connection, *pragma)
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        pages = _LOG_BYTES // (page_bytes + _FRAME_BYTES)
        _set(connection, "wal_autocheckpoint", str(pages), pages)


def _set(connection: sqlite3.Connection, name: str, value: str, expected: object) -> None:
    connection.execute(f"PRAGMA {name} = {value}").fetchall()
    row = connection.execute(f"PRAGMA {name}").fetchone()
    if row is None or row[0] != expected:
        found = None if row is None else row[0]
        raise JournalFault(Trouble.ENGINE, f"{name} is {found}; expected {expected}")


class Hold(Struct):
    """A lock on the directory; the kernel releases it when the process ends.

    The lock file also names the journal that was begun here, so that a lost one is not taken for a
    first start: its first line is the hash of the first record, each other line a note's name and
    values.
    """

    path: Path
    _handle: int

    @classmethod
    def take(cls, directory: Path, *, make: bool = True) -> Hold:
        """Take the directory. Raises JournalFault where it is unusable or another process's.

        Without `make` nothing is made, and GONE is raised where there is nothing to take.
        """
        path = directory / LOCK
        try:
            if make:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | (os.O_CREAT if make else 0), 0o600)
        except OSError as error:
            if not make and isinstance(error, (FileNotFoundError, NotADirectoryError)):
                raise JournalFault(Trouble.GONE, f"{path} is gone") from error
            raise _unusable(path, error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise JournalFault(Trouble.BUSY, f"{directory} is used by another process") from error
        return cls(path, handle)

    @property
    def begun(self) -> bool:
        """Whether a journal was begun here before."""
        return os.fstat(self._handle).st_size > 0

    def require_begun(self) -> None:
        """Raises JournalFault when the journal that was begun here is not in its place."""
        database = self.path.with_name(DATABASE)
        if not self.begun or not database.exists():
            raise JournalFault(Trouble.GONE, f"{database} is gone")

    def mark_begun(self, first_hash: bytes) -> None:
        """Remember the journal by the hash of its first record. Raises JournalFault."""
        try:
            os.pwrite(self._handle, first_hash.hex().encode() + b"\n", 0)
            os.fsync(self._handle)
            sync_directory(self.path.parent)
        except OSError as error:
            raise JournalFault(Trouble.IO, f"{self.path}: {error.strerror}") from error

    def noted(self, name: str) -> list[str] | None:
        """What was noted here under a name; None when nothing was."""
        for line in self._lines()[1:]:
            word, *values = line.split()
            if word == name:
                return values
        return None

    def note(self, name: str, *values: str) -> None:
        """Note values under a name, in place of earlier ones; durable. Raises JournalFault.

        All of it fits a disk's sector, which is written whole or not at all.
        """
        first, *others = self._lines()
        kept = [line for line in others if line.split()[0] != name]
        content = "".join(f"{line}\n" for line in (first, *kept, " ".join((name, *values))))
        try:
            os.pwrite(self._handle, content.encode(), 0)
            os.ftruncate(self._handle, len(content))
            os.fsync(self._handle)
        except OSError as error:
            raise JournalFault(Trouble.IO, f"{self.path}: {error.strerror}") from error

    def _lines(self) -> list[str]:
        raw = os.pread(self._handle, _NOTES_BYTES_MAX, 0).decode("ascii", "replace")
        lines = raw.splitlines()
        return [*lines[:1], *(line for line in lines[1:] if line.split())]

    def release(self) -> None:
        """Give the directory back. May be called twice."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
