"""How rows of the journal's tables are read and become values; a damaged file may hold anything.

A record is accepted only if its hash matches its content, so what a projection leads to is
what was written, or it is a JournalFault. Only what is raised while a row is turned into a value
means damage: a wrong call is a bug, and crashes.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from msgspec.structs import asdict

from firmware.core.kinds import ReversalCause
from firmware.journal.chain import ChainedRecord, link
from firmware.journal.faults import JournalFault, Trouble, damage_is_a_fault, error_is_a_fault
from firmware.journal.records import IntentRecorded, OutcomeRecorded, ReversalOpened
from firmware.journal.transactions import BatchState, State, Transaction

T = TypeVar("T")
_COLUMNS = ("seq", "at", "body", "previous", "hash", "signature")
_KINDS = [int, str, str, bytes, bytes, bytes]
_READ_MAX = 64  # transactions kept in memory: what is owed is read often


def columns_of(table: str) -> str:
    """The columns of a record that is joined under the name `table`, for `record_of`."""
    return ", ".join(f"{table}.{name} AS {table}_{name}" for name in _COLUMNS)


# the columns of a transaction: its row of the projection, then the records that the row names
TRANSACTION = f"""t.intent, t.batch, t.stan, t.amount_minor, t.refunded_minor, t.reference,
    t.state, t.voided_by, t.completed_by, t.reprints, t.ended, e.hash AS ended_hash,
    b.state AS batch_state, {columns_of("i")}, {columns_of("o")}, {columns_of("v")}"""
TABLES = """transactions t JOIN records i ON i.seq = t.intent
    LEFT JOIN records o ON o.seq = t.outcome LEFT JOIN records e ON e.seq = t.ended
    LEFT JOIN records v ON v.seq = t.reversal
    LEFT JOIN batches b ON b.serial = t.serial"""
_INTENT, _OUTCOME, _REVERSAL = slice(-18, -12), slice(-12, -6), slice(-6, None)
_PROJECTED = slice(-31, -18)


def entry_of(values: Sequence[Any]) -> ChainedRecord:
    """The entry of these columns, unchecked. Raises JournalFault where a type is wrong."""
    if [type(value) for value in values] != _KINDS:
        raise JournalFault(Trouble.CORRUPT, f"record {values[0]} is none")
    return ChainedRecord(*values)


def believed(entry: ChainedRecord) -> ChainedRecord:
    """The entry itself. Raises JournalFault unless its hash is that of its content."""
    if entry.hash != link(entry.seq, entry.at, entry.body, entry.previous):
        words = f"record {entry.seq}: its hash is not that of its content"
        raise JournalFault(Trouble.CORRUPT, words)
    return entry


def transaction_of(row: sqlite3.Row, *, believing: bool = False) -> Transaction:
    """Intent and outcome as they were recorded, and where the transaction stands now.

    The row ends with the columns of TRANSACTION.
    """
    return _transaction_of(tuple(row)[_PROJECTED.start :], believing=believing)


@functools.lru_cache(maxsize=_READ_MAX)
def _transaction_of(row: tuple[Any, ...], *, believing: bool) -> Transaction:
    number, batch, stan, amount_minor, refunded_minor, reference, state, *more = row[_PROJECTED]
    voided_by, completed_by, reprints, ended, ended_hash, batch_state = more
    intent = _record(row[_INTENT], IntentRecorded, believing=believing)
    as_recorded = intent.batch, intent.stan, intent.amount_minor
    if not believing and as_recorded != (batch, stan, amount_minor):
        words = f"transaction {number} is not as the log says"
        raise JournalFault(Trouble.CORRUPT, words)
    if refunded_minor > intent.amount_minor:
        words = f"more is refunded of transaction {number} than was paid"
        raise JournalFault(Trouble.CORRUPT, words)
    fields = asdict(intent)
    outcome_columns, reversal_columns = row[_OUTCOME], row[_REVERSAL]
    if outcome_columns[0] is not None:
        outcome = _record(outcome_columns, OutcomeRecorded, believing=believing)
        fields |= asdict(outcome)
        del fields["result"]
        fields["reason"] = ReversalCause.of(outcome.reason)
        fields["reference"] = reference  # an offline sale has its own when it is delivered
    if reversal_columns[0] is not None:
        opened = _record(reversal_columns, ReversalOpened, believing=believing)
        fields["reversal"] = ReversalCause.of(opened.reason)
    return Transaction(
        **fields,
        state=State(state),
        voided_by=voided_by,
        completed_by=completed_by,
        refunded_minor=refunded_minor,
        reprints=reprints,
        settled=batch_state == BatchState.CLOSED,
        record_seq=ended or 0,
        record_hash=ended_hash.hex() if ended_hash is not None else "",
    )


def record_of(row: sqlite3.Row, table: str, kind: type[T]) -> T:
    """The record that is joined under the name `table`.

    Raises JournalFault if it is another than `kind`, or damaged.
    """
    return _record([row[f"{table}_{name}"] for name in _COLUMNS], kind, believing=False)


def _record(values: Sequence[Any], kind: type[T], *, believing: bool) -> T:
    entry = entry_of(values)
    record = entry.record if believing else believed(entry).record
    if not isinstance(record, kind):
        raise JournalFault(Trouble.CORRUPT, f"{type(record).__name__} where {kind.__name__} was")
    return record


class Reading:
    """Reads the journal through the one connection it is given.

    All look-ups made of it raise JournalFault when the disk does not answer or the content is
    damaged, and block only for the disk.
    """

    believes_hashes_only = True  # False to read a tampered journal, too

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._db.row_factory = sqlite3.Row

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with error_is_a_fault:
            return self._db.execute(sql, values).fetchall()

    def _one(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row:
        rows = self._all(sql, values)
        if len(rows) != 1:
            raise JournalFault(Trouble.CORRUPT, f"{len(rows)} rows where one belongs: {sql[:60]}")
        return rows[0]

    def _values(
        self, make: Callable[[sqlite3.Row], T], sql: str, values: Sequence[Any] = ()
    ) -> list[T]:
        """What `make` makes of each row."""
        rows = self._all(sql, values)
        with damage_is_a_fault:
            return [make(row) for row in rows]

    def _numbers(self, sql: str, values: Sequence[Any] = ()) -> list[int]:
        """The first column of each row, which holds numbers."""
        return self._values(_number, sql, values)

    def _number(self, sql: str, values: Sequence[Any] = ()) -> int:
        """The first column of the one row that there must be."""
        row = self._one(sql, values)
        with damage_is_a_fault:
            return _number(row)


def _number(row: sqlite3.Row) -> int:
    if not isinstance(row[0], int):
        raise TypeError(f"{row[0]!r} is no number")
    return row[0]
