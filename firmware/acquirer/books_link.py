"""A connection to SQLite whose errors are those of the books."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from firmware.acquirer.engine import BooksFailedError
from firmware.core.sqlite import DATABASE_ERRORS, fault_of


class _Cursor(sqlite3.Cursor):
    """Rows may be read from the disk long after the statement."""

    def fetchone(self) -> Any:
        try:
            return super().fetchone()
        except DATABASE_ERRORS as error:
            raise _of_books(error) from error

    def fetchall(self) -> list[Any]:
        try:
            return super().fetchall()
        except DATABASE_ERRORS as error:
            raise _of_books(error) from error

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except DATABASE_ERRORS as error:
            raise _of_books(error) from error


class BooksLink(sqlite3.Connection):
    """As much of a connection as the books use; each call of it raises BooksFailedError."""

    @classmethod
    def to(cls, path: Path, mode: str, *, of_one_thread: bool = False) -> BooksLink:
        """Connect to `path` by SQLite's `mode` of opening. Raises BooksFailedError."""
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        try:  # autocommit: transactions are begun in so many words
            return sqlite3.connect(
                uri, uri=True, isolation_level=None, check_same_thread=of_one_thread, factory=cls
            )
        except DATABASE_ERRORS as error:
            raise _of_books(error) from error

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        try:
            return self.cursor(_Cursor).execute(sql, parameters)
        except DATABASE_ERRORS as error:
            raise _of_books(error) from error

    def executescript(self, script: str, /) -> sqlite3.Cursor:
        try:
            return super().executescript(script)
        except DATABASE_ERRORS as error:
            raise _of_books(error) from error


def _of_books(error: sqlite3.Error | UnicodeDecodeError) -> BooksFailedError:
    return BooksFailedError(str(error), fault_of(error))
