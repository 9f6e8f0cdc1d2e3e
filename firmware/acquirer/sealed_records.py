"""Small records beside the books: terminals and accounts, each a name and sealed bytes.

They are changed by commands while servers run, so they are read at every message. In SQLite they
are a file of their own, without a write-ahead log: several processes write to it.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Protocol

from firmware.acquirer.engine import BooksError
from firmware.acquirer.postgres_schema import RECORDS

FILE = "acquirer.db"
TERMINAL, ACCOUNT = "terminal", "account"  # kinds
BUSY_S = 5
RECORD = "SELECT value FROM records WHERE kind = %s AND name = %s"


class Records(Protocol):
    """Records by kind and name, used by one thread at a time. All raise BooksError."""

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows that a statement gives; `%s` is the place of a value."""
        ...

    def close(self) -> None: ...

    def get(self, kind: str, name: str) -> bytes | None:
        """The record, or None."""
        return next((bytes(row[0]) for row in self.rows(RECORD, kind, name)), None)

    def put(self, kind: str, name: str, value: bytes) -> None:
        """Keep the record; one of this name is replaced."""
        insert = "INSERT INTO records VALUES (%s, %s, %s) ON CONFLICT (kind, name)"
        sql = f"{insert} DO UPDATE SET value = excluded.value RETURNING 1"
        self.rows(sql, kind, name, value)

    def remove(self, kind: str, name: str) -> bool:
        """Take the record away; whether there was one."""
        sql = "DELETE FROM records WHERE kind = %s AND name = %s RETURNING 1"
        return bool(self.rows(sql, kind, name))

    def all(self, kind: str) -> dict[str, bytes]:
        """Every record of a kind, by name."""
        rows = self.rows("SELECT name, value FROM records WHERE kind = %s ORDER BY name", kind)
        return {str(name): bytes(value) for name, value in rows}


class SqliteRecords(Records):
    """Records in the file at `path`, made if there is none; durable when a call returns."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=BUSY_S
            )
            path.chmod(0o600)
            self._db.execute("PRAGMA journal_mode = DELETE")
            self._db.execute("PRAGMA synchronous = EXTRA")
            self._db.execute(RECORDS.replace("bytea", "blob"))
        except (OSError, sqlite3.Error) as error:
            raise BooksError(f"{path}: {error}") from None

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql.replace("%s", "?"), values).fetchall()
        except sqlite3.Error as error:
            raise BooksError(f"records: {error}") from None

    def close(self) -> None:
        self._db.close()
