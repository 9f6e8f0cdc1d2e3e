"""Faults of the SQLite files, the journal and the acquirer's books, and how they are opened."""

from __future__ import annotations

import contextlib
import enum
import errno
import functools
import os
import sqlite3
from pathlib import Path

_PIECE_BYTES = 1 << 20


class Trouble(enum.Enum):
    """Why the journal cannot be used, as the screen names it."""

    FULL = "full"  # no space left
    IO = "io"  # the disk answers with errors
    READ_ONLY = "read-only"
    CORRUPT = "corrupt"  # the content is not what was written
    TRUNCATED = "truncated"  # its last records are missing
    BOOKS = "books"  # the embedded host's books are not those that this journal knows
    LOST = "lost"  # there was a journal here, and it is gone
    GONE = "gone"  # the data of a running terminal is not in its place: a mount, a folder
    OTHERS = "others"  # in its place are another terminal's data, or an earlier copy
    NEWER = "newer"  # written by a later release
    BUSY = "busy"  # another process has it
    KEYS = "keys"  # the terminal's keys are not those of this journal
    ENGINE = "engine"  # SQLite does not do what durability needs
    FAILED = "failed"  # an earlier fault: this object is not used again
    CLOCK_UNSET = "clock unset"  # the clock is before this release's date
    CLOCK_BEHIND = "clock behind"  # the clock is far before the last records
    CLOCK_AHEAD = "clock ahead"  # it is longer after them than a shop is closed
    RULE = "rule"  # what was to be written contradicts the record


class JournalFault(Exception):  # noqa: N818 - called a fault everywhere
    """The journal cannot do what it must; `words` say why, for the screen and the log."""

    def __init__(self, trouble: Trouble, words: str) -> None:
        super().__init__(f"journal {trouble.value}: {words}")
        self.trouble = trouble
        self.words = words


_READ_ONLY = frozenset({errno.EPERM, errno.EACCES, errno.EROFS})


def trouble_of(error: OSError) -> Trouble:
    """The fault for an OSError."""
    if error.errno in _READ_ONLY:
        return Trouble.READ_ONLY
    return Trouble.FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else Trouble.IO


_TROUBLES = {
    # primary result codes. See sqlite.org/rescode.html
    5: Trouble.BUSY,
    6: Trouble.BUSY,
    8: Trouble.READ_ONLY,
    10: Trouble.IO,
    11: Trouble.CORRUPT,
    13: Trouble.FULL,
    14: Trouble.IO,
    19: Trouble.CORRUPT,  # a constraint that the rules should have kept
    26: Trouble.CORRUPT,
}


# what SQLite raises; from a damaged file even its error messages may be no text
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)


def fault_of(error: Exception) -> JournalFault:
    """The fault that an error of SQLite means; without a result code it is a corrupt one."""
    code = getattr(error, "sqlite_errorcode", None)
    trouble = Trouble.CORRUPT if code is None else _TROUBLES.get(code & 0xFF, Trouble.IO)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return JournalFault(trouble, f"{name}: {error}")


@functools.cache
def insert_into(table: str, columns: tuple[str, ...]) -> str:
    """The statement that inserts a row of these columns; its values go in by their order."""
    names, values = ", ".join(columns), ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608 - names of ours


def renew_log(database: Path) -> None:
    """Write a database's write-ahead log once more, byte for byte, and sync it. Raises OSError.

    After a sync that failed, its pages are read from memory as if they were on the disk, and are
    never written there: a later commit would build on one that a power cut takes away.
    """
    log = database.with_name(database.name + "-wal")
    with contextlib.suppress(FileNotFoundError), log.open("r+b") as file:
        while content := file.read(_PIECE_BYTES):  # a reader that stayed may have made it long
            file.seek(-len(content), os.SEEK_CUR)
            file.write(content)
        file.flush()
        os.fsync(file.fileno())
