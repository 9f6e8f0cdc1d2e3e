"""What records change about papers that are owed.

A paper is queued, then sending, then out and owed no more. Papers that went to a printer which had
never answered are kept as unheard, the last ten: they are in doubt once it answers.
"""

from __future__ import annotations

import sqlite3

from firmware.core.kinds import Copy
from firmware.journal.faults import RuleBroken
from firmware.journal.paper_records import (
    PaperRecord,
    PrintDoubtful,
    PrintDropped,
    PrintHeld,
    PrintQueued,
    PrintSending,
    PrintSent,
)
from firmware.journal.rules import require
from firmware.journal.schema import OWED
from firmware.journal.tables import one
from firmware.journal.transactions import PaperStands

UNHEARD_MAX = 10  # the idle screen has asked people to look at older ones
_STANDS = {
    PrintSending: PaperStands.SENDING,
    PrintSent: PaperStands.PRINTED,
    PrintHeld: PaperStands.QUEUED,
    PrintDoubtful: PaperStands.DOUBTFUL,  # a duplicate is queued in its place
    PrintDropped: PaperStands.DROPPED,
}


def project(db: sqlite3.Connection, seq: int, record: PaperRecord) -> None:
    """Bring the papers up to a record. Raises RuleBroken."""
    if isinstance(record, PrintQueued):
        _owed(db, seq, record)
        return
    found = f"SELECT state FROM print_jobs WHERE job = ? AND ({OWED} OR state = 'unheard')"  # noqa: S608 - ours
    job = one(db, found, record.job)
    if job is None:
        raise RuleBroken(f"print job {record.job} is not owed")
    again = job["state"] == PaperStands.UNHEARD and not isinstance(record, PrintDoubtful)
    require(not again, f"print job {record.job} is sent already")
    unheard = isinstance(record, PrintSent) and record.unheard
    state = PaperStands.UNHEARD if unheard else _STANDS[type(record)]
    db.execute("UPDATE print_jobs SET state = ? WHERE job = ?", (state.value, record.job))
    if unheard:
        db.execute(
            "UPDATE print_jobs SET state = ? WHERE state = 'unheard' AND job NOT IN (SELECT job"
            " FROM print_jobs WHERE state = 'unheard' ORDER BY job DESC LIMIT ?)",
            (PaperStands.NEVER_HEARD.value, UNHEARD_MAX),
        )


def _owed(db: sqlite3.Connection, seq: int, record: PrintQueued) -> None:
    terminal = db.execute("SELECT next_job FROM terminal").fetchone()
    require(record.job == terminal["next_job"], f"print job {record.job} is not the next one")
    number = (record.stan, record.batch, int(record.training))
    this = (
        "(SELECT intent FROM transactions WHERE stan = ? AND batch = ? AND training = +?"
        " ORDER BY serial DESC LIMIT 1)"
    )
    db.execute(
        f"INSERT INTO print_jobs VALUES (?, ?, {this}, 'queued')",  # noqa: S608 - ours
        (record.job, seq, *number),
    )
    db.execute("UPDATE terminal SET next_job = ?", (record.job + 1,))
    changes = ["transactions SET reprints = reprints + 1"] if record.duplicate else []
    if record.copy is Copy.FAULT:
        changes += ["reversals SET told = 1", "uploads SET told = 1"]
    for change in changes:
        db.execute(f"UPDATE {change} WHERE intent = {this}", number)
