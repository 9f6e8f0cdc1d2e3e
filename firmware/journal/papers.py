"""What records change about papers that are owed.

A paper is queued, then sending, then out and owed no more. One that went to a printer which had
answered nothing stays known as unheard, the last ten of them: it is in doubt once that printer is
heard.
"""

from __future__ import annotations

import sqlite3

from firmware.core.kinds import Copy
from firmware.journal.paper_records import (
    PrintDoubtful,
    PrintDropped,
    PrintHeld,
    PrintQueued,
    PrintSending,
    PrintSent,
)
from firmware.journal.rules import require

UNHEARD_MAX = 10  # older ones have been looked at by people, whom the idle screen asks to
_Later = PrintSending | PrintSent | PrintHeld | PrintDoubtful | PrintDropped


def project(db: sqlite3.Connection, seq: int, record: PrintQueued | _Later) -> None:
    """Bring the papers up to a record. Raises RuleBroken."""
    if isinstance(record, PrintQueued):
        _owed(db, seq, record)
    else:
        _came_of(db, record)


def _owed(db: sqlite3.Connection, seq: int, record: PrintQueued) -> None:
    terminal = db.execute("SELECT next_job FROM terminal").fetchone()
    require(record.job == terminal["next_job"], f"print job {record.job} is not the next one")
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


def _came_of(db: sqlite3.Connection, record: _Later) -> None:
    found = "SELECT state FROM print_jobs WHERE job = ?"
    job: sqlite3.Row | None = db.execute(found, (record.job,)).fetchone()
    require(job is not None, f"print job {record.job} is not owed")
    assert job is not None
    doubted = isinstance(record, PrintDoubtful)
    require(doubted or job["state"] != "unheard", f"print job {record.job} is sent already")
    match record:
        case PrintSending():
            _stands(db, record.job, "sending")
        case PrintHeld():
            _stands(db, record.job, "queued")
        case PrintSent(unheard=True):
            _stands(db, record.job, "unheard")
            db.execute(
                "DELETE FROM print_jobs WHERE state = 'unheard' AND job NOT IN (SELECT job"
                " FROM print_jobs WHERE state = 'unheard' ORDER BY job DESC LIMIT ?)",
                (UNHEARD_MAX,),
            )
        case _:  # sent, given up, or in doubt and so replaced by a duplicate: no longer owed
            db.execute("DELETE FROM print_jobs WHERE job = ?", (record.job,))


def _stands(db: sqlite3.Connection, job: int, state: str) -> None:
    db.execute("UPDATE print_jobs SET state = ? WHERE job = ?", (state, job))
