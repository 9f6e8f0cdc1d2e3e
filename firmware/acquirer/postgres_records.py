"""Records beside the books in PostgreSQL, over the connection of those books."""

from __future__ import annotations

from firmware.acquirer.postgres_link import PostgresLink, Rows
from firmware.acquirer.sealed_records import RECORD, Records


class PostgresRecords(Records):
    """Records over `link`, which its owner closes."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    def rows(self, sql: str, *values: object) -> Rows:
        if not sql.startswith("SELECT"):
            self._link.forget((RECORD, values[:2]))
        return self._link.rows(sql, values)

    def close(self) -> None:
        """Nothing of its own is open."""
