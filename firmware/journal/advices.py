"""What records of advices and script results change in the projections: owed, tried, answered.

A refund that is PENDING is owed here, too, but its records are outcomes: see `moves`.
"""

from __future__ import annotations

import sqlite3

from firmware.journal import rules
from firmware.journal.advice_records import (
    AdviceAnswered,
    AdviceAttempted,
    AdviceQueued,
    ScriptAnswered,
    ScriptAttempted,
    ScriptQueued,
)
from firmware.journal.tables import forget_card, latest, one
from firmware.journal.transactions import BatchState, State

_OVER = (State.DECLINED.value, State.FAILED.value, State.REVERSED.value)


_Advice = AdviceQueued | AdviceAttempted | AdviceAnswered
_Script = ScriptQueued | ScriptAttempted | ScriptAnswered


def project(db: sqlite3.Connection, seq: int, record: _Advice | _Script) -> None:
    """Change the projections by record `seq`. Raises RuleBroken."""
    match record:
        case AdviceQueued() | AdviceAttempted() | AdviceAnswered():
            _advice(db, record)
        case ScriptQueued() | ScriptAttempted() | ScriptAnswered():
            _script(db, seq, record)


def _advice(db: sqlite3.Connection, record: _Advice) -> None:
    row = latest(db, record.batch, record.stan, training=False)
    if isinstance(record, AdviceQueued):
        queued = rules.may_advise(record.stan, row)
        db.execute("INSERT INTO uploads (intent) VALUES (?)", (queued["intent"],))
        return
    intent = row["intent"] if row is not None else 0
    owed = one(db, "SELECT 1 FROM uploads WHERE intent = ?", intent)
    if isinstance(record, AdviceAttempted):
        rules.require(owed is not None, f"advice of {record.stan:06d}, which is not owed")
        db.execute("UPDATE uploads SET attempts = ? WHERE intent = ?", (record.attempt, intent))
        return
    rules.may_be_answered(record.stan, row, owed=owed is not None)
    db.execute("DELETE FROM uploads WHERE intent = ?", (intent,))
    forget_card(db, record.batch, record.stan)
    db.execute("UPDATE transactions SET reference = ? WHERE intent = ?", (record.reference, intent))


def _script(db: sqlite3.Connection, seq: int, record: _Script) -> None:
    row = latest(db, record.batch, record.stan, training=False)
    intent = row["intent"] if row is not None else 0
    owed = one(db, "SELECT 1 FROM scripts WHERE intent = ?", intent)
    if isinstance(record, ScriptQueued):
        rules.may_tell_script(record.stan, row, owed=owed is not None)
        db.execute("INSERT INTO scripts (intent, queued) VALUES (?, ?)", (intent, seq))
        return
    rules.require(owed is not None, f"script result of {record.stan:06d}, which is not owed")
    if isinstance(record, ScriptAttempted):
        db.execute("UPDATE scripts SET attempts = ? WHERE intent = ?", (record.attempt, intent))
        return
    db.execute("DELETE FROM scripts WHERE intent = ?", (intent,))
    batch = one(
        db,
        "SELECT b.state FROM batches b JOIN transactions t USING (serial) WHERE t.intent = ?",
        intent,
    )
    closed = batch is not None and batch["state"] == BatchState.CLOSED
    if row is not None and (row["state"] in _OVER or closed):
        forget_card(db, record.batch, record.stan)
