"""What records of batches change in the projections: opened, settled, closed, restored.

After the last number a batch is number 1 again. So it has a serial beside its number, which counts
the batches of this journal: it alone says which batch is the later one.
"""

from __future__ import annotations

import sqlite3
from typing import assert_never

from firmware.core.kinds import Totals
from firmware.core.payment import BATCH_MAX, STAN_MAX
from firmware.journal import rules
from firmware.journal.records import (
    BatchOpened,
    BatchRecord,
    BatchUploaded,
    ChipUploaded,
    CopyRestored,
    SettlementAnswered,
    SettlementCompleted,
    SettlementStarted,
)
from firmware.journal.tables import one
from firmware.journal.transactions import BatchState

_UNDECIDED = """SELECT (SELECT count(*) FROM transactions WHERE state = 'open' AND training = 0)
    + (SELECT count(*) FROM uploads) AS n"""


# a reversal or a script's result that is sent after the settlement needs the card
_NOT_OWED = """NOT EXISTS (SELECT 1 FROM transactions t WHERE t.batch = sealed.batch
    AND t.stan = sealed.stan AND t.training = 0
    AND (t.state = 'reversing' OR t.intent IN (SELECT intent FROM scripts)))"""


def project(db: sqlite3.Connection, seq: int, record: BatchRecord) -> None:
    """Open, fix or close a batch with record `seq`. Raises RuleBroken."""
    row = one(db, "SELECT b.* FROM terminal JOIN batches b USING (serial)")
    batch, serial, state, totals = 0, 0, str(BatchState.CLOSED), Totals()  # before the first one
    if row is not None:
        batch, serial, state = row["batch"], row["serial"], row["state"]
        totals = Totals(**{name: row[name] for name in Totals.__struct_fields__})
    match record:
        case BatchOpened():
            empty = totals == Totals() and not db.execute(_UNDECIDED).fetchone()["n"]
            rules.may_open(record, batch, state, empty=empty)
            _close(db)
            _forget_cards(db, batch)
            _open(db, record.batch, seq)
        case SettlementStarted():
            undecided = db.execute(_UNDECIDED).fetchone()["n"]
            rules.may_settle(record, batch, state, totals, undecided)
            sql = "UPDATE batches SET state = 'settling', started = ? WHERE serial = ?"
            db.execute(sql, (seq, serial))
        case SettlementAnswered() | BatchUploaded() | ChipUploaded():
            settling = (batch, state) == (record.batch, BatchState.SETTLING)
            rules.require(settling, f"batch {record.batch} is not being settled")
        case SettlementCompleted():
            rules.may_close(record, batch, state, totals)
            sql = "UPDATE batches SET state = 'closed', completed = ? WHERE serial = ?"
            db.execute(sql, (seq, serial))
            _forget_cards(db, record.batch)
        case _ as never:
            assert_never(never)


def restore(db: sqlite3.Connection, seq: int, restored: CopyRestored) -> None:
    """Continue after the numbers that the copy lacks; papers it owes may be printed already."""
    now = db.execute(
        "SELECT batch, next_stan, (SELECT count(*) FROM transactions WHERE state = 'open') AS open,"
        " (SELECT batch FROM transactions WHERE training = 0 ORDER BY intent DESC) AS last"
        " FROM terminal"
    ).fetchone()
    batch = now["batch"]
    rules.may_go_on(restored, now["last"] or batch, now["next_stan"], now["open"])
    if (restored.batch - batch) % BATCH_MAX <= rules.BATCHES_LOST_MAX:
        while batch != restored.batch:  # each was settled, or there would be no later one
            _close(db)
            batch = rules.batch_after(batch)
            _open(db, batch, seq)
    following = restored.stan % STAN_MAX + 1
    db.execute("UPDATE terminal SET next_stan = ?", (following,))
    db.execute("UPDATE print_jobs SET state = 'sending' WHERE state = 'queued'")


def _forget_cards(db: sqlite3.Connection, batch: int) -> None:
    """Delete the sealed cards of a closed batch, but for those that are still owed."""
    db.execute(f"DELETE FROM sealed WHERE batch = ? AND {_NOT_OWED}", (batch,))  # noqa: S608 - ours


def _close(db: sqlite3.Connection) -> None:
    db.execute("UPDATE batches SET state = 'closed' WHERE serial = (SELECT serial FROM terminal)")


def _open(db: sqlite3.Connection, batch: int, seq: int) -> None:
    db.execute("UPDATE terminal SET batch = ?, serial = serial + 1", (batch,))
    db.execute(
        "INSERT INTO batches (serial, batch, state, opened)"
        " SELECT serial, batch, 'open', ? FROM terminal",
        (seq,),
    )
