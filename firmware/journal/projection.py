"""What each record changes in the projections, in the transaction that writes the record.

Nothing here reads a clock or anything but the projections, so the same log always gives the same
tables: that is how they are made again, and how `pos verify` checks them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import assert_never

from firmware.journal import advices, batches, moves, orders, papers, people, schema, settings
from firmware.journal.advice_records import (
    AdviceAnswered,
    AdviceAttempted,
    AdviceQueued,
    ScriptAnswered,
    ScriptAttempted,
    ScriptQueued,
)
from firmware.journal.chain import ChainedRecord
from firmware.journal.enquiry_records import BalanceAbandoned, BalanceAnswered, BalanceAsked
from firmware.journal.losses import BooksReplaced, HeadRenewed, TailLost
from firmware.journal.order_records import OrderEnded, OrderTaken
from firmware.journal.paper_records import (
    PrintDoubtful,
    PrintDropped,
    PrintHeld,
    PrintQueued,
    PrintSending,
    PrintSent,
)
from firmware.journal.records import (
    AmountAgreed,
    BatchOpened,
    BatchUploaded,
    ChipUploaded,
    ClockJumped,
    CopyRestored,
    DeviceFailed,
    DeviceRecovered,
    EntryAbandoned,
    GuardOverridden,
    IntentRecorded,
    KeyIntroduced,
    MasterKeyLoaded,
    OperatorAdded,
    OperatorRemoved,
    OperatorSignedOff,
    OperatorSignedOn,
    OutcomeRecorded,
    PasswordChanged,
    PasswordFailed,
    Record,
    ReversalAttempted,
    ReversalConfirmed,
    ReversalOpened,
    SettingChanged,
    SettingsRecorded,
    SettlementAnswered,
    SettlementCompleted,
    SettlementStarted,
    TerminalStarted,
    TrainingSwitched,
)

_ReadInTheLogAlone = (
    AmountAgreed
    | EntryAbandoned
    | PasswordFailed
    | DeviceFailed
    | DeviceRecovered
    | HeadRenewed
    | TailLost
    | BooksReplaced
    | MasterKeyLoaded
    | BalanceAnswered
    | BalanceAbandoned
)


def project(db: sqlite3.Connection, entry: ChainedRecord, record: Record) -> None:
    """Change the projections by a record. Raises RuleBroken when it contradicts the log."""
    if isinstance(record, _ReadInTheLogAlone):
        return
    match record:
        case (
            IntentRecorded()
            | BalanceAsked()
            | OutcomeRecorded()
            | ReversalOpened()
            | ReversalAttempted()
            | ReversalConfirmed()
        ):
            moves.project(db, entry, record)
        case (
            AdviceQueued()
            | AdviceAttempted()
            | AdviceAnswered()
            | ScriptQueued()
            | ScriptAttempted()
            | ScriptAnswered()
        ):
            advices.project(db, entry.seq, record)
        case (
            PrintQueued()
            | PrintSending()
            | PrintSent()
            | PrintHeld()
            | PrintDoubtful()
            | PrintDropped()
        ):
            papers.project(db, entry.seq, record)
        case (
            BatchOpened()
            | SettlementStarted()
            | SettlementAnswered()
            | BatchUploaded()
            | ChipUploaded()
            | SettlementCompleted()
        ):
            batches.project(db, entry.seq, record)
        case CopyRestored():
            batches.restore(db, entry.seq, record)
        case (
            OperatorSignedOn()
            | OperatorSignedOff()
            | TrainingSwitched()
            | OperatorAdded()
            | PasswordChanged()
            | OperatorRemoved()
            | TerminalStarted()
            | ClockJumped()
            | GuardOverridden()
        ):
            people.project(db, record)
        case OrderTaken() | OrderEnded():
            orders.project(db, entry.seq, record)
        case SettingsRecorded() | SettingChanged():
            settings.project(db, entry.seq, record)
        case KeyIntroduced():
            values = (entry.seq, record.public_key, record.card_key_check, record.pepper_check)
            db.execute("INSERT INTO identity VALUES (?, ?, ?, ?)", values)
        case _ as never:
            assert_never(never)


def rebuild(db: sqlite3.Connection, log: Iterable[ChainedRecord]) -> None:
    """Make the projections in `db` anew from a log, within a transaction of the caller's.

    Raises RuleBroken, and JournalFault for a record that this release cannot read.
    """
    schema.create_projections(db)
    for entry in log:
        project(db, entry, entry.record)
