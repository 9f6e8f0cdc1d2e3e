"""Rows of the projections, for the modules that change them."""

from __future__ import annotations

import sqlite3
from typing import Any

Row = sqlite3.Row


def one(db: sqlite3.Connection, sql: str, *values: Any) -> Row | None:
    """The first row of a query."""
    row: Row | None = db.execute(sql, values).fetchone()
    return row


def latest(db: sqlite3.Connection, batch: int, stan: int, *, training: bool) -> Row | None:
    """The latest transaction with these numbers."""
    sql = (
        "SELECT * FROM transactions WHERE stan = ? AND batch = ? AND training = +?"
        " ORDER BY serial DESC LIMIT 1"
    )
    return one(db, sql, stan, batch, int(training))


def keep_card(db: sqlite3.Connection, batch: int, stan: int, sealed: bytes) -> None:
    """Keep what the advice or the reversal of a transaction needs of its card, encrypted."""
    db.execute("INSERT INTO sealed VALUES (?, ?, ?)", (batch, stan, sealed))


def forget_card(db: sqlite3.Connection, batch: int, stan: int) -> None:
    """Delete this sealed card, unless a script's result is still owed."""
    db.execute(
        "DELETE FROM sealed WHERE batch = ? AND stan = ? AND NOT EXISTS (SELECT 1 FROM transactions"
        " WHERE batch = sealed.batch AND stan = sealed.stan AND training = 0"
        " AND intent IN (SELECT intent FROM scripts))",
        (batch, stan),
    )
