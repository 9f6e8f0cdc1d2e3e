"""What each record changes in the projections, in the transaction that writes the record.

Nothing here reads a clock or anything but the projections, so the same log always gives the same
tables: that is how they are made again, and how `pos verify` checks them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from firmware.journal import advices, batches, moves, orders, papers, people, schema, settings
from firmware.journal.advice_records import AdviceRecord, ScriptRecord
from firmware.journal.chain import ChainedRecord
from firmware.journal.enquiry_records import BalanceAbandoned, BalanceAnswered, BalanceAsked
from firmware.journal.order_records import OrderRecord
from firmware.journal.paper_records import PaperRecord
from firmware.journal.records import (
    AmountAgreed,
    BatchRecord,
    CopyRestored,
    DeviceFailed,
    DeviceRecovered,
    EntryAbandoned,
    KeyIntroduced,
    LossRecord,
    MasterKeyLoaded,
    PasswordFailed,
    PaymentRecord,
    Record,
    SettingRecord,
)

_ReadInTheLogAlone = (
    AmountAgreed
    | EntryAbandoned
    | PasswordFailed
    | DeviceFailed
    | DeviceRecovered
    | LossRecord
    | MasterKeyLoaded
    | BalanceAnswered
    | BalanceAbandoned
)


def project(db: sqlite3.Connection, entry: ChainedRecord, record: Record) -> None:
    """Change the projections by a record. Raises RuleBroken when it contradicts the log."""
    seq = entry.seq
    if isinstance(record, _ReadInTheLogAlone):
        return
    if isinstance(record, PaymentRecord):
        moves.project(db, entry, record)
    elif isinstance(record, BalanceAsked):
        moves.enquiry(db, record)
    elif isinstance(record, AdviceRecord):
        advices.project_advice(db, record)
    elif isinstance(record, ScriptRecord):
        advices.project_script(db, seq, record)
    elif isinstance(record, PaperRecord):
        papers.project(db, seq, record)
    elif isinstance(record, BatchRecord):
        batches.project(db, seq, record)
    elif isinstance(record, CopyRestored):
        batches.restore(db, seq, record)
    elif isinstance(record, OrderRecord):
        orders.project(db, seq, record)
    elif isinstance(record, SettingRecord):
        settings.project(db, seq, record)
    elif isinstance(record, KeyIntroduced):
        values = (seq, record.public_key, record.card_key_check, record.pepper_check)
        db.execute("INSERT INTO identity VALUES (?, ?, ?, ?)", values)
    else:
        people.project(db, record)


def rebuild(db: sqlite3.Connection, log: Iterable[ChainedRecord]) -> None:
    """Make the projections in `db` anew from a log, within a transaction of the caller's.

    Raises RuleBroken, and JournalFault for a record that this release cannot read.
    """
    schema.create_projections(db)
    for entry in log:
        project(db, entry, entry.record)
