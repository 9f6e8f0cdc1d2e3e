"""A connection to SQLite whose errors are those of the books."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from firmware.acquirer.engine import BooksFailedError
from firmware.core.raised import RaisedAs
from firmware.core.sqlite import DATABASE_ERRORS, fault_of


def _of_books(error: Any) -> BooksFailedError:
    return BooksFailedError(str(error), fault_of(error))


_as_of_books = RaisedAs(DATABASE_ERRORS, _of_books)


class _Cursor(sqlite3.Cursor):
    """Reading rows raises BooksFailedError, too: it may happen long after the statement."""

    def fetchone(self) -> Any:
        with _as_of_books:
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        with _as_of_books:
            return super().fetchall()

    def __next__(self) -> Any:
        with _as_of_books:
            return super().__next__()


class BooksLink(sqlite3.Connection):
    """As much of a connection as the books use; each call of it raises BooksFailedError."""

    @classmethod
    def to(cls, path: Path, mode: str, *, of_one_thread: bool = False) -> BooksLink:
        """Connect to `path` by SQLite's `mode` of opening. Raises BooksFailedError."""
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        with _as_of_books:  # autocommit: transactions begin by an explicit BEGIN
            return sqlite3.connect(
                uri, uri=True, isolation_level=None, check_same_thread=of_one_thread, factory=cls
            )

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        with _as_of_books:
            return self.cursor(_Cursor).execute(sql, parameters)

    def executescript(self, script: str, /) -> sqlite3.Cursor:
        with _as_of_books:
            return super().executescript(script)
