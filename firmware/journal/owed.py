"""Look-ups of what is owed: outcomes, reversals, advices, papers; and how batches were closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from firmware.core.kinds import Kind
from firmware.journal.advice_records import ScriptQueued
from firmware.journal.faults import JournalFault, Trouble, damage_is_a_fault
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import SettlementCompleted, SettlementStarted
from firmware.journal.rows import TABLES, TRANSACTION, columns_of, record_of
from firmware.journal.schema import OWED
from firmware.journal.transactions import (
    Advice,
    PaperStands,
    PrintJob,
    Reversal,
    ScriptResult,
    Transaction,
)
from firmware.journal.vouchers import VoucherLookups

T = TypeVar("T")
_RECORD = columns_of("r")


class OwedLookups(VoucherLookups):
    """What a terminal must still do, also after a power cut."""

    def open_intents(self) -> list[Transaction]:
        """Intents without an outcome, oldest first: their fate is not known."""
        return self._transactions("t.state = 'open' ORDER BY t.intent")

    def reversals(self) -> list[Reversal]:
        """Reversals that the acquirer has not confirmed, oldest first."""

        def reversal(row: sqlite3.Row) -> Reversal:
            one, attempts, told = self._transaction_of(row), row["attempts"], bool(row["told"])
            if row["opened"] != row["v_seq"]:
                words = f"reversal of transaction {row['intent']} is not as the log says"
                raise JournalFault(Trouble.CORRUPT, words)
            return Reversal(transaction=one, reason=one.reversal, attempts=attempts, told=told)

        return self._owed(reversal, "reversals w", by="w.opened")

    def advices(self) -> list[Advice]:
        """Advices that the acquirer has not answered, oldest first."""

        def advice(row: sqlite3.Row) -> Advice:
            one, told = self._transaction_of(row), bool(row["told"])
            return Advice(transaction=one, attempts=row["attempts"], told=told)

        return self._owed(advice, "uploads w", by="w.intent")

    def scripts(self) -> list[ScriptResult]:
        """Results of issuer scripts that the acquirer has not answered, oldest first."""

        def script(row: sqlite3.Row) -> ScriptResult:
            one, de55 = self._transaction_of(row), record_of(row, "q", ScriptQueued).de55
            attempts = row["attempts"]
            return ScriptResult(transaction=one, attempts=attempts, de55=bytes.fromhex(de55))

        owed = "scripts w JOIN records q ON q.seq = w.queued"
        return self._owed(script, owed, by="w.queued", columns=f"w.*, {columns_of('q')}")

    def reversals_count(self) -> int:
        """How many reversals the acquirer has not confirmed."""
        return self._number("SELECT count(*) FROM reversals")

    def advice_counts(self) -> dict[Kind, int]:
        """By kind of payment, how many advices the acquirer has not answered."""
        rows = self._all(
            "SELECT t.kind, count(*) AS found FROM uploads w"
            " CROSS JOIN transactions t ON t.intent = w.intent GROUP BY t.kind"
        )
        with damage_is_a_fault:
            return {Kind(row["kind"]): row["found"] for row in rows}

    def sealed(self, batch: int, stan: int) -> bytes:
        """The sealed card data of a transaction. Raises JournalFault when they are gone."""
        row = self._one("SELECT card FROM sealed WHERE batch = ? AND stan = ?", (batch, stan))
        with damage_is_a_fault:
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
        where = "b.batch = ? ORDER BY b.serial DESC"
        found = self._of_batches(SettlementCompleted, "completed", where, (batch,))
        return next((one for one in found if one.date == date), found[0] if found else None)

    def last_settlement(self) -> SettlementCompleted | None:
        """How the latest closed batch was closed, or None."""
        where = "b.completed IS NOT NULL ORDER BY b.serial DESC LIMIT 1"
        return next(iter(self._of_batches(SettlementCompleted, "completed", where)), None)

    def pending_settlement(self) -> SettlementStarted | None:
        """The settlement of the open batch that was started and not completed, or None."""
        where = "b.serial = (SELECT serial FROM terminal) AND b.state = 'settling'"
        return next(iter(self._of_batches(SettlementStarted, "started", where)), None)

    # -- below --------------------------------------------------------------------------------

    def _print_jobs(self, where: str, values: Sequence[Any] = ()) -> list[PrintJob]:
        return self._values(
            _print_job,
            f"SELECT p.job, p.state, {_RECORD} FROM print_jobs p"  # noqa: S608 - names of ours
            f" JOIN records r ON r.seq = p.queued WHERE {where} ORDER BY p.job",
            values,
        )

    def _owed(
        self, make: Callable[[sqlite3.Row], T], owed: str, *, by: str, columns: str = "w.*"
    ) -> list[T]:
        """What `make` makes of each row of what is owed, table `w`, joined with its transaction.

        CROSS JOIN keeps SQLite from walking through all transactions for the few that owe.
        """
        sql = (
            f"SELECT {columns}, {TRANSACTION} FROM {owed} CROSS JOIN {TABLES}"  # noqa: S608 - names of ours
            f" WHERE t.intent = w.intent ORDER BY {by}"
        )
        return self._values(make, sql)

    def _of_batches(
        self, kind: type[T], column: str, where: str, values: Sequence[Any] = ()
    ) -> list[T]:
        """The records that a column of the batches names."""
        table = f"batches b JOIN records r ON r.seq = b.{column}"
        sql = f"SELECT {_RECORD} FROM {table} WHERE {where}"  # noqa: S608 - names of ours
        return self._values(lambda row: record_of(row, "r", kind), sql, values)


def _print_job(row: sqlite3.Row) -> PrintJob:
    queued = record_of(row, "r", PrintQueued)
    return PrintJob(
        job=queued.job,
        held=queued.held,
        copy=queued.copy,
        batch=queued.batch,
        stan=queued.stan,
        duplicate=queued.duplicate,
        state=PaperStands(row["state"]),
        training=queued.training,
        queued_at=row["r_at"],
    )
