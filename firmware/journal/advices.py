"""What records of advices and script results change in the projections: owed, tried, answered.

A refund that is PENDING is owed here, too, but its records are outcomes: see `moves`.
"""

from __future__ import annotations

import sqlite3

from firmware.journal import rules
from firmware.journal.advice_records import (
    AdviceAttempted,
    AdviceQueued,
    AdviceRecord,
    ScriptAttempted,
    ScriptQueued,
    ScriptRecord,
)
from firmware.journal.tables import forget_card, latest, one
from firmware.journal.transactions import BatchState, State

_OVER = (State.DECLINED.value, State.FAILED.value, State.REVERSED.value)


def project_advice(db: sqlite3.Connection, record: AdviceRecord) -> None:
    """Change the projections by a record of an advice. Raises RuleBroken."""
    row = latest(db, record.batch, record.stan, training=False)
    if isinstance(record, AdviceQueued):
        queued = rules.may_advise(record.stan, row)
        db.execute("INSERT INTO uploads (intent) VALUES (?)", (queued["intent"],))
        return
    intent = row["intent"] if row is not None else 0
    owed = one(db, "SELECT 1 FROM uploads WHERE intent = ?", intent) is not None
    if isinstance(record, AdviceAttempted):
        rules.require(owed, f"advice of {record.stan:06d}, which is not owed")
        db.execute("UPDATE uploads SET attempts = ? WHERE intent = ?", (record.attempt, intent))
        return
    rules.may_be_answered(record.stan, row, owed=owed)
    db.execute("DELETE FROM uploads WHERE intent = ?", (intent,))
    forget_card(db, record.batch, record.stan)
    db.execute("UPDATE transactions SET reference = ? WHERE intent = ?", (record.reference, intent))


def project_script(db: sqlite3.Connection, seq: int, record: ScriptRecord) -> None:
    """Change them by record `seq`, of the result of scripts. Raises RuleBroken."""
    row = latest(db, record.batch, record.stan, training=False)
    intent = row["intent"] if row is not None else 0
    owed = one(db, "SELECT 1 FROM scripts WHERE intent = ?", intent) is not None
    if isinstance(record, ScriptQueued):
        rules.may_tell_script(record.stan, row, owed=owed)
        db.execute("INSERT INTO scripts (intent, queued) VALUES (?, ?)", (intent, seq))
        return
    rules.require(owed, f"script result of {record.stan:06d}, which is not owed")
    if isinstance(record, ScriptAttempted):
        db.execute("UPDATE scripts SET attempts = ? WHERE intent = ?", (record.attempt, intent))
        return
    db.execute("DELETE FROM scripts WHERE intent = ?", (intent,))
    sql = "SELECT b.state FROM batches b JOIN transactions t USING (serial) WHERE t.intent = ?"
    batch = one(db, sql, intent)
    closed = batch is not None and batch["state"] == BatchState.CLOSED
    if row is not None and (row["state"] in _OVER or closed):
        forget_card(db, record.batch, record.stan)
