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
    StaffRecord,
    TerminalStarted,
    TrainingSwitched,
)
from firmware.journal.rules import require

_Turn = OperatorSignedOn | OperatorSignedOff | TrainingSwitched
_Clock = TerminalStarted | ClockJumped | GuardOverridden


def project(db: sqlite3.Connection, record: _Turn | StaffRecord | _Clock) -> None:
    """Change the projections by one record of people or of the clock. Raises RuleBroken."""
    match record:
        case OperatorSignedOn(operator=operator):
            db.execute("UPDATE terminal SET signed_on = ?", (operator,))
        case OperatorSignedOff():
            db.execute("UPDATE terminal SET signed_on = ''")
        case TrainingSwitched(on=on):
            db.execute("UPDATE terminal SET training = ?", (int(on),))
        case OperatorAdded() | PasswordChanged() | OperatorRemoved():
            _staff(db, record)
        case TerminalStarted():  # the release that writes from here on
            db.execute("UPDATE terminal SET schema = ?", (record.schema,))
        case ClockJumped():
            db.execute("UPDATE terminal SET jumped_s = jumped_s + ?", (record.by_s,))
        case GuardOverridden(guard=GuardKind.CLOCK):  # the supervisor confirmed the date
            db.execute("UPDATE terminal SET day = ''")


def _staff(db: sqlite3.Connection, record: StaffRecord) -> None:
    """Note who may sign on. Raises RuleBroken."""
    known = bool(db.execute("SELECT 1 FROM staff WHERE number = ?", (record.operator,)).fetchone())
    added = isinstance(record, OperatorAdded)
    require(known is not added, f"operator {record.operator} {'exists' if known else 'unknown'}")
    if isinstance(record, OperatorRemoved):
        db.execute("DELETE FROM staff WHERE number = ?", (record.operator,))
    else:
        db.execute("INSERT OR REPLACE INTO staff VALUES (?, ?)", (record.operator, record.digest))
