"""The disk under the journal of a stage: it fills up, fails or is read-only when hands say so.

What is on it can still be read, so that a terminal starts and names what is wrong; the first write
fails, and after it the question how much room there is.
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

ROOM_BYTES = 1 << 40
PAGES_MAX = 1 << 30


class DiskFault(enum.Enum):
    """What is wrong with it; the values are the words of scenarios (`fault disk full`)."""

    FULL = "full"
    IO = "io"  # it answers with errors
    READ_ONLY = "read-only"  # as a file system is after errors, and a card at the end of its life


class Disk:
    """Connects a journal to its database, and says how much room there is."""

    def __init__(self) -> None:
        self._fault: DiskFault | None = None
        self._connection: _Connection | None = None

    def fail(self, fault: DiskFault | None) -> None:
        """Let a fault come instead of any that is there, or None: it is well again."""
        self._fault = fault
        if self._connection is not None:
            with contextlib.suppress(sqlite3.ProgrammingError):  # whoever had it has closed it
                self._connection.suffer(fault)

    def connect(self, path: Path) -> sqlite3.Connection:
        """The connection of one start, which a later one replaces."""
        connection = connect(path, _Connection)
        assert isinstance(connection, _Connection)
        connection.suffer(self._fault)
        self._connection = connection
        return connection

    def free_bytes(self) -> int:
        """Raises OSError when the disk cannot be used."""
        match self._fault:
            case None:
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
