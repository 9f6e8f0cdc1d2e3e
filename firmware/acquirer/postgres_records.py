"""Records beside the books in PostgreSQL, over the connection of those books."""

from __future__ import annotations

from firmware.acquirer.postgres_link import PostgresLink
from firmware.acquirer.postgres_sql import RECORD


class PostgresRecords:
    """Records over `link`, which its owner closes. See firmware.acquirer.sealed_records.Records."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    def get(self, kind: str, name: str) -> bytes | None:
        """The record, or None."""
        row = self._link.row(RECORD, (kind, name))
        return bytes(row[0]) if row else None

    def put(self, kind: str, name: str, value: bytes) -> None:
        """Keep the record; one of this name is replaced."""
        self._link.forget((RECORD, (kind, name)))
        self._link.run(
            "INSERT INTO records VALUES (%s, %s, %s)"
            " ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value",
            (kind, name, value),
        )

    def remove(self, kind: str, name: str) -> bool:
        """Take the record away; whether there was one."""
        self._link.forget((RECORD, (kind, name)))
        sql = "DELETE FROM records WHERE kind = %s AND name = %s"
        return self._link.run(sql, (kind, name)).rowcount == 1

    def all(self, kind: str) -> dict[str, bytes]:
        """Every record of a kind, by name."""
        sql = "SELECT name, value FROM records WHERE kind = %s ORDER BY name"
        return {str(name): bytes(value) for name, value in self._link.run(sql, (kind,))}

    def close(self) -> None:
        """Nothing of its own is open."""
