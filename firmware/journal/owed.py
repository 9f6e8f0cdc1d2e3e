"""Look-ups of what is owed: outcomes, reversals, advices, papers; and how batches were closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from firmware.journal.advice_records import ScriptQueued
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import (
    ReversalOpened,
    SettlementCompleted,
    SettlementStarted,
)
from firmware.journal.rows import columns_of, damage_is_a_fault, record_of
from firmware.journal.schema import OWED
from firmware.journal.transactions import Advice, PrintJob, Reversal, ScriptResult, Transaction
from firmware.journal.vouchers import VoucherLookups

_RECORD = columns_of("r")


class OwedLookups(VoucherLookups):
    """What a terminal must still do, whatever the power did since."""

    def open_intents(self) -> list[Transaction]:
        """Intents without an outcome, oldest first: their fate is not known."""
        return self._transactions("t.state = 'open' ORDER BY t.intent")

    def reversals(self) -> list[Reversal]:
        """Reversals that the host has not confirmed, oldest first."""

        def reversal(row: sqlite3.Row) -> Reversal:
            return Reversal(
                transaction=self._of_intent(row["intent"]),
                reason=record_of(row, "r", ReversalOpened).reason,
                attempts=row["attempts"],
                told=bool(row["told"]),
            )

        return self._values(
            reversal,
            f"SELECT v.intent, v.attempts, v.told, {_RECORD} FROM reversals v"  # noqa: S608 - names of ours
            " JOIN records r ON r.seq = v.opened ORDER BY v.opened",
        )

    def advices(self) -> list[Advice]:
        """Offline approvals that the host has not answered for, oldest first."""

        def advice(row: sqlite3.Row) -> Advice:
            return Advice(
                transaction=self._of_intent(row["intent"]),
                attempts=row["attempts"],
                told=bool(row["told"]),
            )

        return self._values(advice, "SELECT intent, attempts, told FROM uploads ORDER BY intent")

    def scripts(self) -> list[ScriptResult]:
        """Results of issuer scripts that the acquirer has not answered, oldest first."""

        def script(row: sqlite3.Row) -> ScriptResult:
            return ScriptResult(
                transaction=self._of_intent(row["intent"]),
                attempts=row["attempts"],
                de55=bytes.fromhex(record_of(row, "r", ScriptQueued).de55),
            )

        return self._values(
            script,
            f"SELECT s.intent, s.attempts, {_RECORD} FROM scripts s"  # noqa: S608 - names of ours
            " JOIN records r ON r.seq = s.queued ORDER BY s.queued",
        )

    def sealed(self, batch: int, stan: int) -> bytes:
        """The sealed card data of an advice that is owed. Raises JournalFault when it is gone."""
        row = self._one("SELECT card FROM sealed WHERE batch = ? AND stan = ?", (batch, stan))
        with damage_is_a_fault():
            return bytes(row["card"])

    def is_sealed(self, batch: int, stan: int) -> bool:
        """Whether sealed card data of this transaction lie beside the log."""
        row = self._one(
            "SELECT count(*) AS found FROM sealed WHERE batch = ? AND stan = ?", (batch, stan)
        )
        return bool(row["found"])

    def print_jobs(self) -> list[PrintJob]:
        """Paper that is owed, oldest first: queued, or sending when the power went."""
        return self._print_jobs(OWED)

    def unheard_papers(self) -> list[PrintJob]:
        """The last papers that went to a printer that was not heard, oldest first."""
        return self._print_jobs("state = 'unheard'")

    def papers_of(self, intent: int) -> list[PrintJob]:
        """Every paper of a transaction, oldest first, also those that are out."""
        return self._print_jobs("intent = ?", (intent,))

    # -- settlement ---------------------------------------------------------------------------

    def settlement(self, batch: int, *, date: str = "") -> SettlementCompleted | None:
        """How the latest batch of this number was closed, the one closed on `date` first."""
        found = self._settlements("b.batch = ? ORDER BY b.serial DESC", (batch,))
        return next((one for one in found if one.date == date), found[0] if found else None)

    def last_settlement(self) -> SettlementCompleted | None:
        """How the latest closed batch was closed, or None."""
        where = "b.completed IS NOT NULL ORDER BY b.serial DESC LIMIT 1"
        return next(iter(self._settlements(where, ())), None)

    def pending_settlement(self) -> SettlementStarted | None:
        """The settlement of the open batch that was started and not completed, or None."""
        found = self._values(
            lambda row: record_of(row, "r", SettlementStarted),
            f"SELECT {_RECORD} FROM terminal s JOIN batches b ON b.serial = s.serial"  # noqa: S608 - names of ours
            " JOIN records r ON r.seq = b.started WHERE b.state = 'settling'",
        )
        return found[0] if found else None

    # -- below --------------------------------------------------------------------------------

    def _print_jobs(self, where: str, values: Sequence[Any] = ()) -> list[PrintJob]:
        return self._values(
            _print_job,
            f"SELECT p.job, p.state, {_RECORD} FROM print_jobs p"  # noqa: S608 - names of ours
            f" JOIN records r ON r.seq = p.queued WHERE {where} ORDER BY p.job",
            values,
        )

    def _of_intent(self, seq: int) -> Transaction:
        return self._transactions("t.intent = ?", (seq,))[0]

    def _settlements(self, where: str, values: Sequence[Any]) -> list[SettlementCompleted]:
        table = "batches b JOIN records r ON r.seq = b.completed"
        return self._values(
            lambda row: record_of(row, "r", SettlementCompleted),
            f"SELECT {_RECORD} FROM {table} WHERE {where}",  # noqa: S608 - names of ours
            values,
        )


def _print_job(row: sqlite3.Row) -> PrintJob:
    queued = record_of(row, "r", PrintQueued)
    return PrintJob(
        job=queued.job,
        held=queued.held,
        copy=queued.copy,
        batch=queued.batch,
        stan=queued.stan,
        duplicate=queued.duplicate,
        state=row["state"],
        training=queued.training,
        queued_at=row["r_at"],
    )
