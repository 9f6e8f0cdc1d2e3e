"""The journal on disk: opened with assertions, appended to in single commits, never changed.

A commit that failed is not tried again in place: the disk may have dropped what was written, and
reports that only once. The object is `failed` from then on; its owner closes it, opens a new one,
and goes by what that reads: the record is there whole or not at all.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec.structs import astuple

from firmware.core.kinds import ReversalCause
from firmware.journal import connection as engine
from firmware.journal import schema
from firmware.journal.chain import (
    ORIGIN,
    ChainedRecord,
    SignatureCheck,
    encode,
    faults_of,
    key_at,
    link,
)
from firmware.journal.connection import Hold
from firmware.journal.faults import (
    DATABASE_ERRORS,
    JournalFault,
    RuleBroken,
    Trouble,
    fault_of,
    meant_by,
)
from firmware.journal.head import Head, HeadFile, WithoutTail, tail_words
from firmware.journal.keys import TerminalKeys
from firmware.journal.lookups import Lookups
from firmware.journal.projection import project, rebuild
from firmware.journal.records import (
    AmountAgreed,
    BatchOpened,
    CopyRestored,
    HeadRenewed,
    KeyIntroduced,
    OutcomeRecorded,
    Record,
    ReversalConfirmed,
    ReversalOpened,
    SettlementCompleted,
    TailLost,
)
from firmware.journal.storage import SYSTEM_DISK, Storage
from firmware.journal.transactions import PrintJob
from firmware.journal.waiting import NO_BLOBS, AtRecord, Waiting, check_frames

HEAD_CHECKED = 16  # records whose chain is checked at every start; `pos verify` checks them all
# commits with one of these have their head written to the disk at once, others within half a minute
_PUSHED = (OutcomeRecorded, ReversalOpened, ReversalConfirmed)
_WAYS_BACK = "restore a backup, or let it go on without them with `pos journal go-on`"
_HEAD_KEPT = "head"  # a note in the lock file

ClockNow = Callable[[], datetime]
Also = Callable[[sqlite3.Connection], object]


class Journal(Lookups):
    """The terminal's journal: one object, one connection, one thread.

    `hold` is its directory, with what is noted there; `keys` are those it signs with.
    `durable_head` is number and hash of the last record that is on the disk; any thread may ask.
    `failed` is the fault after which it is no longer to be used. `waiting` is what the next commit
    will bring. `lost_tail` is set when it was opened without its tail: the last record that is
    left, and the last one that is known to be missing.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        hold: Hold,
        head_file: HeadFile,
        keys: TerminalKeys,
        clock_now: ClockNow,
    ) -> None:
        super().__init__(db)
        self.hold = hold
        self._head_file = head_file
        self.durable_head: tuple[int, bytes] = (0, ORIGIN)
        self.keys = keys
        self._clock_now = clock_now
        self._head = Head(0, ORIGIN)
        self.failed: JournalFault | None = None
        self._untold: JournalFault | None = None  # a fault after a commit: the next write raises it
        self.waiting = Waiting()
        self.lost_tail: tuple[int, int] | None = None

    @classmethod
    def open(
        cls,
        directory: Path,
        keys: TerminalKeys,
        clock_now: ClockNow,
        storage: Storage = SYSTEM_DISK,
        *,
        begin: bool = True,
        without_tail: WithoutTail | None = None,
        known: Head | None = None,
    ) -> Journal:
        """Open the journal in `directory`, making it at first start; blocks for the disk.

        Without `begin` neither journal nor directory is made: GONE is raised instead.
        Raises JournalFault whenever it is not certain that the record is whole and can go on: the
        terminal does not trade then. Costs the same for a short journal and a long one. With
        `without_tail` a journal whose last records are missing goes on without them, and says so;
        RuleBroken is raised when it does not fit. `known` is what others know of its end.
        """
        hold = Hold.take(directory, make=begin)
        head_file = storage.open_head(directory)
        db: sqlite3.Connection | None = None
        try:
            if not begin:
                hold.require_begun()
            db = storage.connect(directory / engine.DATABASE)
            engine.prepare(db)
            journal = cls(db, hold, head_file, keys, clock_now)
            journal._begin_or_resume(known, without_tail=without_tail)
        except BaseException as error:
            fault = meant_by(error)
            if db is not None:
                if isinstance(fault, JournalFault) and fault.trouble is Trouble.TRUNCATED:
                    engine.keep_log(directory / engine.DATABASE)
                with contextlib.suppress(*DATABASE_ERRORS):
                    db.close()
            head_file.close()
            hold.release()
            if fault is error:
                raise
            raise fault from error
        return journal

    def append(
        self, *records: Record, blobs: Mapping[str, bytes] = NO_BLOBS, also: Also | None = None
    ) -> None:
        """Write records and agreed frames in one commit; durable when this returns.

        What waits for a commit is written first, also when `records` is empty. `blobs` maps the
        SHA-256 of a frame, in hex, to its bytes; `also` may change tables that are no projection
        of the log, in the same commit. Raises RuleBroken when a record contradicts the log, and
        JournalFault when the disk fails; either way nothing is written.
        """
        self._require_well()
        before, at = self._head, self._at()
        entries = [*self.waiting.entries, *((at, record) for record in records)]
        if not entries and not blobs and also is None:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._write(entries, {**self.waiting.blobs, **blobs})
            if also is not None:
                also(self._db)
            self._db.execute("COMMIT")
        except BaseException as error:
            self._head = before
            fault = meant_by(error)
            if isinstance(fault, JournalFault) and not isinstance(fault, RuleBroken):
                self.failed = fault
            self._roll_back()
            if fault is error:
                raise
            raise fault from error
        self.waiting.clear()
        if entries:
            self._committed([record for _, record in entries])

    def append_with_next(self, *records: Record, blobs: Mapping[str, bytes] = NO_BLOBS) -> None:
        """Write records with the next commit, as of now; the power may take them until then.

        Raises RuleBroken and JournalFault as `append` does. See firmware.journal.waiting.
        """
        self._require_well()
        self.waiting.take(self._at(), records, blobs)

    def print_jobs(self) -> list[PrintJob]:
        """Papers that are owed, without those that are out and not recorded yet."""
        out = self.waiting.papers_out
        return [job for job in super().print_jobs() if job.job not in out]

    def change_key(self) -> None:
        """Sign with a new key from now on; the old one signs the record that introduces it.

        Raises JournalFault; an interrupted change is ended, or never was, at the next start.
        """
        following = self.keys.followed()
        self.append(_introduction(following))
        self.keys = following
        following.settle()

    def close(self) -> None:
        """Close the connection and release the directory. Never raises; may be called twice."""
        with contextlib.suppress(*DATABASE_ERRORS):  # all that was committed is durable
            self._db.close()
        self._head_file.close()
        self.hold.release()

    # -- below --------------------------------------------------------------------------------

    def _require_well(self) -> None:
        if self._untold is not None:
            untold, self._untold = self._untold, None
            raise untold
        if self.failed is not None:
            raise JournalFault(Trouble.FAILED, self.failed.words)

    def _at(self) -> str:
        return self._clock_now().isoformat(timespec="milliseconds")

    def _committed(self, records: Sequence[Record]) -> None:
        """Keep the head of what is durable now, and at a settlement make the log short.

        A fault here undoes no record: the next write raises it.
        """
        self.durable_head = self._head.seq, self._head.hash
        settled = any(isinstance(each, SettlementCompleted) for each in records)
        pushed = any(isinstance(each, _PUSHED) for each in records)
        try:
            self._head_file.keep(self._head, push=pushed, sync=settled)
            if settled:
                engine.shorten_log(self._db)
        except JournalFault as fault:
            self.failed = self._untold = fault
        except DATABASE_ERRORS as error:
            self.failed = self._untold = fault_of(error)

    def _write(self, entries: Sequence[AtRecord], blobs: Mapping[str, bytes]) -> None:
        check_frames(blobs)
        for sha256, packed in blobs.items():
            self._db.execute("INSERT OR IGNORE INTO frames VALUES (?, ?)", (sha256, packed))
        for at, record in entries:
            if isinstance(record, AmountAgreed) and self.frame(record.frame_sha256) is None:
                raise RuleBroken(f"the agreed frame {record.frame_sha256[:8]} is not kept")
            self._write_one(at, record)

    def _write_one(self, at: str, record: Record) -> None:
        before, body = self._head, encode(record)
        seq = before.seq + 1
        head = Head.signed(seq, link(seq, at, body, before.hash), self.keys)
        entry = ChainedRecord(seq, at, body, before.hash, head.hash, head.signature)
        self._db.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", astuple(entry))
        project(self._db, entry, record)
        self._head = head

    def _roll_back(self) -> None:
        """End the transaction that failed. If that fails as well, the journal is `failed`."""
        try:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
        except DATABASE_ERRORS as error:
            self.failed = self.failed or fault_of(error)

    def _begin_or_resume(self, known: Head | None, *, without_tail: WithoutTail | None) -> None:
        found = schema.version(self._db)
        if found > schema.SCHEMA:
            raise JournalFault(Trouble.NEWER, f"schema {found}; this release knows {schema.SCHEMA}")
        head = self._head_file.read()
        if found == 0:
            self._begin()
        elif found < schema.SCHEMA:
            self._migrate()
        self._check_head()
        if not self.hold.begun:
            self.hold.mark_begun(next(self.records(1, 1)).hash)
        self.durable_head = self._head.seq, self._head.hash
        if head is not None:
            self._check_tail(head, without_tail=without_tail)
        else:
            self._begin_head()
        if known is not None:
            self._check_tail(known, without_tail=without_tail)
        if engine.log_bytes(self.hold.path.parent) > engine.LOG_BYTES_MAX:
            engine.shorten_log(self._db)

    def _begin(self) -> None:
        """The first start: tables, the terminal's key and the first batch in one commit."""
        begun = self.hold.begun or self._head_file.exists
        if begun or self._all("SELECT 1 FROM sqlite_master LIMIT 1"):
            raise JournalFault(Trouble.LOST, "a journal was begun here, and it is gone")
        self._db.execute("BEGIN IMMEDIATE")
        schema.create_log(self._db)
        schema.create_projections(self._db)
        first = _introduction(self.keys), BatchOpened(batch=1)
        self._write([(self._at(), record) for record in first], NO_BLOBS)
        schema.set_version(self._db)
        self._db.execute("COMMIT")

    def _migrate(self) -> None:
        """Make the projections of an older release's journal again from its log."""
        self._db.execute("BEGIN IMMEDIATE")
        rebuild(self._db, self.records())
        schema.set_version(self._db)
        self._db.execute("COMMIT")

    def _check_head(self) -> None:
        """Check the keys, and chain and signatures of the last records. Raises JournalFault."""
        self._check_keys()
        keys = self.public_keys()
        checks: list[tuple[int, SignatureCheck]] = [*keys[:-1], (keys[-1][0], self.keys)]
        last_seq, _ = self.head()
        before: ChainedRecord | None = None
        for entry in self.records(max(1, last_seq - HEAD_CHECKED), last_seq):
            if before is not None or entry.seq == 1:
                faults = faults_of(entry, before, key_at(entry.seq, checks))
                if faults:
                    raise JournalFault(Trouble.CORRUPT, f"record {entry.seq}: {faults[0]}")
            before = entry
        if before is None:
            raise JournalFault(Trouble.CORRUPT, "there is no record")
        signer = key_at(before.seq, keys).public_bytes_raw().hex()
        self._head = Head(before.seq, before.hash, signer, before.signature)

    def _check_tail(self, head: Head, *, without_tail: WithoutTail | None) -> None:
        """Check that the journal has the record `head`; without it, go on only if asked to."""
        words = tail_words(head, self._head.seq, self)
        if not words:
            if head.signature and head.seq < self._head.seq:  # the power went before it was written
                self._head_file.keep(self._head, push=True)
            return
        if without_tail is None:
            raise JournalFault(Trouble.TRUNCATED, f"{words}; {_WAYS_BACK}")
        why = ReversalCause.TAIL_LOST.value
        reversals = [
            ReversalOpened(batch=one.batch, stan=one.stan, reason=why, training=one.training)
            for one in (self.open_intents() if without_tail.reverse_open else ())
        ]
        self.lost_tail = self._head.seq, head.seq
        self.append(
            TailLost(seq=head.seq, hash=head.hash.hex()),
            *reversals,
            CopyRestored(batch=without_tail.batch, stan=without_tail.stan),
        )
        self._head_file.make(self._head)

    def check_known(self, head: Head) -> None:
        """Raise JournalFault unless the record that others know is in it."""
        self._check_tail(head, without_tail=None)

    def _begin_head(self) -> None:
        """Make the head's file: a new journal's, an earlier release's, or one that is lost."""
        reason = "it could not be read" if self._head_file.exists else ""
        kept = self.hold.noted(_HEAD_KEPT) is not None
        if kept and not reason:
            reason = "it was gone"
        self._head_file.make(self._head)
        if not kept:
            self.hold.note(_HEAD_KEPT)
        if reason:
            self.append(HeadRenewed(reason=reason))

    def _check_keys(self) -> None:
        identity = self._one("SELECT * FROM identity ORDER BY introduced DESC LIMIT 1")
        self.keys = self.keys.introduced_as(identity["public_key"])
        ours = (self.keys.public_hex, self.keys.card_check, self.keys.pepper_check)
        if tuple(identity)[1:] != ours:
            raise JournalFault(Trouble.KEYS, "this journal was written with other keys")


def _introduction(keys: TerminalKeys) -> KeyIntroduced:
    return KeyIntroduced(
        public_key=keys.public_hex,
        card_key_check=keys.card_check,
        pepper_check=keys.pepper_check,
    )
