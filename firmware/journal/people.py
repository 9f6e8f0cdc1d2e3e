"""What records of people and of the clock change in the projections."""

from __future__ import annotations

import sqlite3

from firmware.core.kinds import GuardKind
from firmware.journal.records import (
    ClockJumped,
    GuardOverridden,
    OperatorAdded,
    OperatorRemoved,
    OperatorSignedOff,
    OperatorSignedOn,
    PasswordChanged,
    TerminalStarted,
    TrainingSwitched,
)
from firmware.journal.rules import require

Turn = OperatorSignedOn | OperatorSignedOff | TrainingSwitched
Staff = OperatorAdded | PasswordChanged | OperatorRemoved
ClockRecord = TerminalStarted | ClockJumped | GuardOverridden


def project(db: sqlite3.Connection, record: Turn | Staff | ClockRecord) -> None:
    """Change the projections by one record of people or of the clock. Raises RuleBroken."""
    match record:
        case OperatorSignedOn() | OperatorSignedOff() | TrainingSwitched():
            took_turns(db, record)
        case OperatorAdded() | PasswordChanged() | OperatorRemoved():
            staff(db, record)
        case TerminalStarted() | ClockJumped() | GuardOverridden():
            clock(db, record)


def clock(db: sqlite3.Connection, record: ClockRecord) -> None:
    """Note the release that writes, and how the clock was moved."""
    match record:
        case TerminalStarted():
            db.execute("UPDATE terminal SET schema = ?", (record.schema,))
        case ClockJumped():
            db.execute("UPDATE terminal SET jumped_s = jumped_s + ?", (record.by_s,))
        case GuardOverridden(guard=GuardKind.CLOCK):  # the supervisor says which day it is
            db.execute("UPDATE terminal SET day = ''")


def took_turns(db: sqlite3.Connection, record: Turn) -> None:
    """Note who is signed on, or whether training mode is on."""
    if isinstance(record, TrainingSwitched):
        db.execute("UPDATE terminal SET training = ?", (int(record.on),))
        return
    on = record.operator if isinstance(record, OperatorSignedOn) else ""
    db.execute("UPDATE terminal SET signed_on = ?", (on,))


def staff(db: sqlite3.Connection, record: Staff) -> None:
    """Note who may sign on. Raises RuleBroken."""
    known = bool(db.execute("SELECT 1 FROM staff WHERE number = ?", (record.operator,)).fetchone())
    added = isinstance(record, OperatorAdded)
    require(known is not added, f"operator {record.operator} {'exists' if known else 'unknown'}")
    if isinstance(record, OperatorRemoved):
        db.execute("DELETE FROM staff WHERE number = ?", (record.operator,))
    else:
        db.execute("INSERT OR REPLACE INTO staff VALUES (?, ?)", (record.operator, record.digest))
