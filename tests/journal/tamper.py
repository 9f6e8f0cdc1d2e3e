"""A forger's hands: change a copy of a journal, and put back everything that would give it away."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from firmware.journal import connection as engine
from firmware.journal import schema
from firmware.journal.chain import ChainedRecord
from firmware.journal.projection import rebuild

TRIGGERS = [statement for statement in schema.LOG if "CREATE TRIGGER" in statement]


def copy_of(directory: Path, to: Path) -> Path:
    """A copy of a closed journal, in one file."""
    to.mkdir(exist_ok=True)
    shutil.copy(directory / engine.DATABASE, to / engine.DATABASE)
    return to / engine.DATABASE


def forge(database: Path, change: Callable[[sqlite3.Connection], object]) -> None:
    """Change a database with its append-only triggers out of the way, and put them back."""
    db = sqlite3.connect(database, isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("PRAGMA journal_mode = MEMORY")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN")
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    change(db)
    for statement in TRIGGERS:
        db.execute(statement)
    db.execute("COMMIT")
    db.close()


def forge_sql(database: Path, *statements: str) -> None:
    def change(db: sqlite3.Connection) -> None:
        for statement in statements:
            assert db.execute(statement).rowcount != 0, f"nothing changed: {statement}"

    forge(database, change)


def cut_tail(database: Path, last: int) -> None:
    """The perfect cut: records gone, and the projections as they were at that time."""

    def change(db: sqlite3.Connection) -> None:
        db.execute("DELETE FROM records WHERE seq > ?", (last,))
        rows = db.execute("SELECT * FROM records ORDER BY seq").fetchall()
        rebuild(db, [ChainedRecord(*row) for row in rows])
        db.execute("DELETE FROM operators WHERE number NOT IN (SELECT number FROM staff)")

    forge(database, change)
