"""Rows of the journal's tables as what they stand for; a damaged file may hold anything.

A record is accepted only if its hash matches its content, so what a projection leads to is
what was written, or it is a JournalFault.
"""

from __future__ import annotations

import contextlib
import functools
import sqlite3
from collections.abc import Iterator
from typing import TypeVar

from msgspec.structs import asdict

from firmware.core.kinds import ReversalCause
from firmware.journal.chain import ChainedRecord, link
from firmware.journal.faults import DAMAGE, JournalFault, Trouble, damage_of
from firmware.journal.records import IntentRecorded, OutcomeRecorded, Record, ReversalOpened
from firmware.journal.transactions import State, Transaction

T = TypeVar("T")
_COLUMNS = ("seq", "at", "body", "previous", "hash", "signature")
_KINDS = [int, str, str, bytes, bytes, bytes]
_READ_MAX = 64  # records; what is owed is asked for again and again


@contextlib.contextmanager
def damage_is_a_fault() -> Iterator[None]:
    """Raise JournalFault for what turning a damaged row into a value raises."""
    try:
        yield
    except DAMAGE as error:
        raise damage_of(error) from error


def columns_of(table: str) -> str:
    """The columns of a record that is joined under the name `table`, for `record_of`."""
    return ", ".join(f"{table}.{name} AS {table}_{name}" for name in _COLUMNS)


def entry_of(row: sqlite3.Row, table: str = "") -> ChainedRecord:
    """A row of the log, or a joined one's columns, as it is. Raises JournalFault if it is none."""
    values = [row[f"{table}_{name}" if table else name] for name in _COLUMNS]
    if [type(value) for value in values] != _KINDS:
        raise JournalFault(Trouble.CORRUPT, f"record {values[0]} is none")
    return ChainedRecord(*values)


def believed(entry: ChainedRecord) -> ChainedRecord:
    """The entry, which is as it was written. Raises JournalFault."""
    if entry.hash != link(entry.seq, entry.at, entry.body, entry.previous):
        words = f"record {entry.seq}: its hash is not that of its content"
        raise JournalFault(Trouble.CORRUPT, words)
    return entry


def transaction_of(row: sqlite3.Row, *, believing: bool = False) -> Transaction:
    """Intent and outcome as they were recorded, and where the transaction stands now.

    The records are joined as `i`, `o` and `v`, and `e` that ended it.
    """
    intent = record_of(row, "i", IntentRecorded, believing=believing)
    if not believing and (intent.batch, intent.stan, intent.amount_minor) != (
        row["batch"],
        row["stan"],
        row["amount_minor"],
    ):
        words = f"transaction {row['intent']} is not as the log says"
        raise JournalFault(Trouble.CORRUPT, words)
    if row["refunded_minor"] > intent.amount_minor:
        words = f"more is refunded of transaction {row['intent']} than was paid"
        raise JournalFault(Trouble.CORRUPT, words)
    fields = asdict(intent)
    if row["o_body"] is not None:
        outcome = record_of(row, "o", OutcomeRecorded, believing=believing)
        fields |= asdict(outcome)
        del fields["result"]
        fields["reason"] = ReversalCause.of(outcome.reason)
        fields["reference"] = row["reference"]  # an offline sale has its own when it is delivered
    if row["v_body"] is not None:
        opened = record_of(row, "v", ReversalOpened, believing=believing)
        fields["reversal"] = ReversalCause.of(opened.reason)
    return Transaction(
        **fields,
        state=State(row["state"]),
        voided_by=row["voided_by"],
        completed_by=row["completed_by"],
        refunded_minor=row["refunded_minor"],
        reprints=row["reprints"],
        settled=row["batch_state"] == "closed",
        record_seq=row["ended"] or 0,
        record_hash=row["ended_hash"].hex() if row["ended_hash"] is not None else "",
    )


def record_of(row: sqlite3.Row, table: str, kind: type[T], *, believing: bool = False) -> T:
    """The record that a projection named. Raises JournalFault if it is another, or damaged."""
    entry = entry_of(row, table)
    record = entry.record if believing else _read(entry)
    if not isinstance(record, kind):
        raise JournalFault(Trouble.CORRUPT, f"{type(record).__name__} where {kind.__name__} was")
    return record


@functools.lru_cache(maxsize=_READ_MAX)
def _read(entry: ChainedRecord) -> Record:
    """What an entry records whose every byte is as it was written. Raises JournalFault."""
    return believed(entry).record
