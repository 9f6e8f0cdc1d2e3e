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


class Records(Protocol):
    """Records by kind and name, used by one thread at a time. All raise BooksError."""

    def get(self, kind: str, name: str) -> bytes | None: ...

    def put(self, kind: str, name: str, value: bytes) -> None: ...

    def remove(self, kind: str, name: str) -> bool: ...

    def all(self, kind: str) -> dict[str, bytes]: ...

    def close(self) -> None: ...


class SqliteRecords:
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

    def get(self, kind: str, name: str) -> bytes | None:
        """The record, or None."""
        rows = self._run("SELECT value FROM records WHERE kind = ? AND name = ?", kind, name)
        return bytes(rows[0][0]) if rows else None

    def put(self, kind: str, name: str, value: bytes) -> None:
        """Keep the record; one of this name is replaced."""
        self._run(
            "INSERT INTO records VALUES (?, ?, ?)"
            " ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value",
            kind,
            name,
            value,
        )

    def remove(self, kind: str, name: str) -> bool:
        """Take the record away; whether there was one."""
        sql = "DELETE FROM records WHERE kind = ? AND name = ? RETURNING 1"
        return bool(self._run(sql, kind, name))

    def all(self, kind: str) -> dict[str, bytes]:
        """Every record of a kind, by name."""
        rows = self._run("SELECT name, value FROM records WHERE kind = ? ORDER BY name", kind)
        return {str(name): bytes(value) for name, value in rows}

    def close(self) -> None:
        self._db.close()

    def _run(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise BooksError(f"records: {error}") from None
