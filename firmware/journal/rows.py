"""Rows of the journal's tables as what they stand for; a damaged file may hold anything."""

from __future__ import annotations

import sqlite3
from typing import TypeVar

from firmware.journal.chain import Entry, decode
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.records import IntentRecorded, OutcomeRecorded
from firmware.journal.transactions import State, Transaction

T = TypeVar("T")


def entry_of(row: sqlite3.Row) -> Entry:
    """A row of the log. Raises JournalFault if it is none."""
    kinds = (int, str, str, bytes, bytes, bytes)
    if not all(isinstance(value, kind) for value, kind in zip(row, kinds, strict=True)):
        raise JournalFault(Trouble.CORRUPT, f"record {row['seq']} is none")
    return Entry(*row)


def transaction_of(row: sqlite3.Row) -> Transaction:
    """Intent and outcome as they were recorded, and where the transaction stands now."""
    intent = record_of(row["intent_body"], IntentRecorded)
    fields = {name: getattr(intent, name) for name in intent.__struct_fields__}
    if row["outcome_body"] is not None:
        outcome = record_of(row["outcome_body"], OutcomeRecorded)
        fields |= {name: getattr(outcome, name) for name in outcome.__struct_fields__}
        del fields["result"]
        fields["reference"] = row["reference"]  # an offline sale has its own when it is delivered
    return Transaction(
        **fields,
        state=State(row["state"]),
        voided_by=row["voided_by"],
        refunded_minor=row["refunded_minor"],
        reprints=row["reprints"],
        settled=row["batch_state"] == "closed",
        record_seq=row["ended"] or 0,
        record_hash=row["ended_hash"].hex() if row["ended_hash"] is not None else "",
    )


def record_of(body: str, kind: type[T]) -> T:
    """The record of a row that a projection named. Raises JournalFault if it is another."""
    try:
        record = decode(body)
    except ValueError as error:
        raise JournalFault(Trouble.CORRUPT, f"a record cannot be read: {error}") from error
    if not isinstance(record, kind):
        raise JournalFault(Trouble.CORRUPT, f"{type(record).__name__} where {kind.__name__} was")
    return record
