"""How rows are read and become values; damage in the file becomes a JournalFault.

Only what is raised while a row is turned into a value means damage. A wrong call is a bug, and
crashes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from firmware.journal.faults import JournalFault, Trouble, damage_is_a_fault, error_is_a_fault

T = TypeVar("T")


class Reading:
    """Reads the journal through the one connection it is given.

    All look-ups made of it raise JournalFault when the disk does not answer or the content is
    damaged, and block only for the disk.
    """

    believes_hashes_only = True  # who shows what was tampered with reads it all the same

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._db.row_factory = sqlite3.Row

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with error_is_a_fault:
            return self._db.execute(sql, values).fetchall()

    def _one(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row:
        rows = self._all(sql, values)
        if len(rows) != 1:
            raise JournalFault(Trouble.CORRUPT, f"{len(rows)} rows where one belongs: {sql[:60]}")
        return rows[0]

    def _values(
        self, make: Callable[[sqlite3.Row], T], sql: str, values: Sequence[Any] = ()
    ) -> list[T]:
        """What `make` makes of each row."""
        rows = self._all(sql, values)
        with damage_is_a_fault:
            return [make(row) for row in rows]

    def _numbers(self, sql: str, values: Sequence[Any] = ()) -> list[int]:
        """The first column of each row, which holds numbers."""
        return self._values(_number, sql, values)

    def _number(self, sql: str, values: Sequence[Any] = ()) -> int:
        """The first column of the one row that there must be."""
        row = self._one(sql, values)
        with damage_is_a_fault:
            return _number(row)


def _number(row: sqlite3.Row) -> int:
    if not isinstance(row[0], int):
        raise TypeError(f"{row[0]!r} is no number")
    return row[0]
