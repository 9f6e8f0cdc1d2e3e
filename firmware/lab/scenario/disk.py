"""The disk under the data of a stage: it fills up, fails, is read-only or gone when hands say so.

Unless it is gone, what is on it can still be read, so that a terminal starts and names what is
wrong; the first write fails, and after it the question how much room there is.
"""

from __future__ import annotations

import contextlib
import enum
import errno
import os
import sqlite3
from pathlib import Path
from typing import Any

from firmware.journal.connection import connect
from firmware.journal.storage import Storage

ROOM_BYTES = 1 << 40
PAGES_MAX = 1 << 30


class DiskFault(enum.Enum):
    """What is wrong with it; the values are the words of scenarios (`fault disk full`)."""

    FULL = "full"
    IO = "io"  # it answers with errors
    READ_ONLY = "read-only"  # as a file system is after errors, and a card at the end of its life
    GONE = "gone"  # unmounted, or its folder moved away; it comes back as it was


class Disk(Storage):
    """The disk under a terminal's data: `directory` is all that is on it.

    `connection` is the journal's own since the terminal was last started; `used_in_vain` counts how
    often room was looked for where there is none.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._away = directory.with_name(f"{directory.name}.away")
        self._fault: DiskFault | None = None
        self.connection: _Connection | None = None
        self.used_in_vain = 0

    def fail(self, fault: DiskFault | None) -> None:
        """Have this fault in the place of any other; None: the disk is well again."""
        self._fault = fault
        if self.is_gone and fault is not DiskFault.GONE:
            self._away.rename(self._directory)
        elif fault is DiskFault.GONE and not self.is_gone:
            self._directory.rename(self._away)
        if self.connection is not None:
            with contextlib.suppress(sqlite3.ProgrammingError):  # its user has closed it
                self.connection.suffer(fault)

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it is to be found."""
        return self._away.exists()

    def connect(self, path: Path) -> sqlite3.Connection:
        connection = connect(path, _Connection)
        assert isinstance(connection, _Connection)
        connection.suffer(self._fault)
        self.connection = connection
        return connection

    def free_bytes(self, directory: Path) -> int:
        del directory  # there is one
        self.used_in_vain += self._fault not in (None, DiskFault.GONE)
        match self._fault:
            case None | DiskFault.GONE:  # where a disk was mounted, there is another under it
                return ROOM_BYTES
            case DiskFault.FULL:
                return 0
            case DiskFault.IO:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            case DiskFault.READ_ONLY:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))


class _Connection(sqlite3.Connection):
    """SQLite's own limits stand for two of the faults; only an error of the disk has to be made."""

    _broken = False

    def suffer(self, fault: DiskFault | None) -> None:
        (used,) = self.execute("PRAGMA page_count").fetchone()
        full = fault is DiskFault.FULL
        self.execute(f"PRAGMA max_page_count = {used if full else PAGES_MAX}")
        self.execute(f"PRAGMA query_only = {int(fault is DiskFault.READ_ONLY)}")
        self._broken = fault is DiskFault.IO

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if self._broken and sql.startswith("BEGIN"):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_IOERR, "SQLITE_IOERR"
            raise error
        return super().execute(sql, *parameters)
