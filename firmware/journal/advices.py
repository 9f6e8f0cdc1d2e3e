"""What records of advices change in the projections: owed, tried, answered.

A refund that is PENDING is owed here, too, but its records are outcomes: see `projection`.
"""

from __future__ import annotations

import sqlite3

from firmware.journal import rules
from firmware.journal.advice_records import UploadAnswered, UploadAttempted, UploadQueued
from firmware.journal.tables import forget_card, latest, one


def project(
    db: sqlite3.Connection, record: UploadQueued | UploadAttempted | UploadAnswered
) -> None:
    """Change the projections by one record of an offline sale's advice. Raises RuleBroken."""
    row = latest(db, record.batch, record.stan, training=False)
    if isinstance(record, UploadQueued):
        queued = rules.may_upload(record.stan, row)
        db.execute("INSERT INTO uploads (intent) VALUES (?)", (queued["intent"],))
        return
    intent = row["intent"] if row is not None else 0
    owed = one(db, "SELECT 1 FROM uploads WHERE intent = ?", intent)
    if isinstance(record, UploadAttempted):
        rules.require(owed is not None, f"advice of {record.stan:06d}, which is not owed")
        db.execute("UPDATE uploads SET attempts = ? WHERE intent = ?", (record.attempt, intent))
        return
    rules.may_be_answered(record.stan, row, owed=owed is not None)
    db.execute("DELETE FROM uploads WHERE intent = ?", (intent,))
    forget_card(db, record.batch, record.stan)
    db.execute("UPDATE transactions SET reference = ? WHERE intent = ?", (record.reference, intent))
