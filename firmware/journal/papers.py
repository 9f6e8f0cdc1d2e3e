"""What records of papers change in the projections: owed, on their way, out."""

from __future__ import annotations

import sqlite3

from firmware.core.kinds import Copy
from firmware.journal import rules
from firmware.journal.paper_records import (
    PrintDoubtful,
    PrintDropped,
    PrintQueued,
    PrintSending,
    PrintSent,
)
from firmware.journal.tables import one

_Print = PrintQueued | PrintSending | PrintSent | PrintDoubtful | PrintDropped


def project(db: sqlite3.Connection, seq: int, record: _Print) -> None:
    """Change the projections by record `seq`, which is of a paper. Raises RuleBroken."""
    if isinstance(record, PrintQueued):
        terminal = one(db, "SELECT next_job FROM terminal")
        assert terminal is not None
        well = record.job == terminal["next_job"]
        rules.require(well, f"print job {record.job} is not the next one")
        db.execute("INSERT INTO print_jobs VALUES (?, ?, 'queued')", (record.job, seq))
        db.execute("UPDATE terminal SET next_job = ?", (record.job + 1,))
        number = (record.stan, record.batch, int(record.training))
        this = (
            "(SELECT intent FROM transactions WHERE stan = ? AND batch = ? AND training = ?"
            " ORDER BY serial DESC LIMIT 1)"
        )
        changes = ["transactions SET reprints = reprints + 1"] if record.duplicate else []
        if record.copy is Copy.FAULT:
            changes += ["reversals SET told = 1", "uploads SET told = 1"]
        for change in changes:
            db.execute(f"UPDATE {change} WHERE intent = {this}", number)
        return
    job = one(db, "SELECT state FROM print_jobs WHERE job = ?", record.job)
    rules.require(job is not None, f"print job {record.job} is not owed")
    if isinstance(record, PrintSending):
        db.execute("UPDATE print_jobs SET state = 'sending' WHERE job = ?", (record.job,))
    else:  # sent, given up, or in doubt and so replaced by a duplicate: no longer owed
        db.execute("DELETE FROM print_jobs WHERE job = ?", (record.job,))
