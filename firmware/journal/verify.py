"""`pos verify`: a journal checked from its first record to its last, without the terminal.

Reads only. Every hash, signature and gap; every frame that was agreed to; every projection, made
again from the log and compared. A tail that was cut off cleanly cannot show from inside: the file
`journal.head` beside it, signed by the terminal, says where it ends, and so does the QR of a
receipt (`firmware.journal.signed_record`). A report says whether one of them did: `anchored`.
"""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import datetime
from itertools import zip_longest
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct, field

from firmware.journal import schema
from firmware.journal.chain import ChainedRecord, faults_of, public_key_of
from firmware.journal.connection import DATABASE, connect_read_only
from firmware.journal.faults import DAMAGE, DATABASE_ERRORS, JournalFault, RuleBroken
from firmware.journal.head import HEAD, Head, HeadFile, tail_words
from firmware.journal.lookups import Lookups
from firmware.journal.operators import digest_of
from firmware.journal.projection import project
from firmware.journal.records import (
    AmountAgreed,
    HeadRenewed,
    KeyIntroduced,
    Record,
    SettingChanged,
    TailLost,
)
from firmware.journal.settings import change_words

FAULTS_SHOWN = 50


class JournalReport(Struct):
    """What a walk through a journal found; `faults` are empty when nothing is wrong."""

    path: Path
    records: int = 0
    head_hash: str = ""
    keys: list[str] = field(default_factory=list)  # public keys in hex, in the order of their use
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    anchored: bool = False  # something outside the journal says where it ends

    @property
    def intact(self) -> bool:
        """Whether the journal is what the terminal wrote, as far as it goes."""
        return not self.faults

    def blame(self, words: str) -> None:
        """Add a fault, unless there are plenty already."""
        if len(self.faults) < FAULTS_SHOWN:
            self.faults.append(words)


def database_of(path: Path) -> Path:
    """The database file of a journal that is named by its file or its directory."""
    return path / DATABASE if path.is_dir() else path


def verify_journal(
    path: Path, *public_keys: Ed25519PublicKey, head: Head | None = None
) -> JournalReport:
    """Check the journal at `path`; blocks for a second or so per ten thousand records.

    Without public keys the journal is checked against those it names itself, which proves that
    it is whole, not whose it is. Where no `journal.head` is beside it, `head` may say where it
    ends. Never raises: what cannot be read is a fault in the report.
    """
    report = JournalReport(database_of(path))
    if not report.path.is_file():
        report.blame("there is no journal here")
        return report
    try:
        head = _head_beside(report) or head  # first: the journal may go on while it is read
        db = connect_read_only(report.path)
    except JournalFault as fault:
        report.blame(fault.words)
        return report
    try:
        _verify(db, public_keys, head, report)
    except JournalFault as fault:
        report.blame(fault.words)
    except DATABASE_ERRORS as error:
        report.blame(f"the database cannot be read: {error}")
    finally:
        db.close()
    return report


def _verify(
    db: sqlite3.Connection,
    public_keys: tuple[Ed25519PublicKey, ...],
    head: Head | None,
    report: JournalReport,
) -> None:
    db.execute("BEGIN")  # one state of the database, though the terminal goes on writing
    found = schema.version(db)
    if found > schema.SCHEMA:
        report.blame(f"schema {found}; this release knows {schema.SCHEMA}")
        return
    for row in db.execute("PRAGMA integrity_check(10)").fetchall():
        if row[0] != "ok":
            report.blame(f"database: {row[0]}")
    if report.faults:
        return  # nothing that is read from a damaged file can be relied on
    journal = Lookups(db)
    model = sqlite3.connect(":memory:", isolation_level=None)
    model.row_factory = sqlite3.Row
    try:
        schema.create_log(model)
        schema.create_projections(model)
        _walk(journal, model, report)
        if head is not None:
            _compare_tail(journal, head, report)
        for key in public_keys:
            digits = key.public_bytes_raw().hex()
            if digits not in report.keys:
                report.blame(f"no record introduces the key {digits[:16]} that was given")
        _compare_operators(db, model, report)
        if found == schema.SCHEMA:
            _compare_schema(db, model, report)
            _compare_projections(db, model, report)
        else:
            report.notes.append(f"schema {found}: its projections are not compared")
    finally:
        model.close()


def _head_beside(report: JournalReport) -> Head | None:
    """What the file beside the journal says of its end. Raises JournalFault."""
    file = HeadFile(report.path.parent)
    head = file.read() if report.path.name == DATABASE else None
    if head is None and report.path.name == DATABASE and file.exists:
        report.notes.append(f"{HEAD} cannot be read: it does not tell where the journal ends")
    return head


def _compare_tail(journal: Lookups, head: Head, report: JournalReport) -> None:
    """Blame a journal that ends before its head, or whose head is another journal's."""
    report.anchored = True
    last, _ = journal.head()
    words = tail_words(head, last, journal)
    if words:
        report.blame(words)
    elif head.public_hex and head.public_hex not in report.keys:
        report.blame(f"{HEAD} is signed by another terminal")


def _walk(journal: Lookups, model: sqlite3.Connection, report: JournalReport) -> None:
    """Check record by record, and make the projections again from them in `model`."""
    key: Ed25519PublicKey | None = None
    before: ChainedRecord | None = None
    latest: datetime | None = None
    frames: set[str] = set()  # that were looked at
    for entry in journal.every_record():
        report.records += 1
        record = _record(entry, report)
        introduced = record if isinstance(record, KeyIntroduced) else None
        if before is None:  # the first record is signed with the key that it introduces
            key = _introduce(introduced, report)
        if key is not None:
            for words in faults_of(entry, before, key):
                report.blame(f"record {entry.seq}: {words}")
        if introduced is not None and before is not None:
            key = _introduce(introduced, report)
        moment = _moment(entry, report)
        match record:
            case TailLost():
                report.notes.append(f"record {entry.seq}: records up to {record.seq} are missing")
            case HeadRenewed():
                report.notes.append(f"record {entry.seq}: {HEAD} was made again: {record.reason}")
        if moment is not None and latest is not None and moment < latest:
            report.notes.append(f"record {entry.seq}: the clock had gone back")
        if isinstance(record, SettingChanged):
            report.notes.append(f"record {entry.seq}: {change_words(record)}")
        if record is not None and moment is not None:
            try:
                project(model, entry, record)
            except (RuleBroken, sqlite3.Error, *DAMAGE) as error:
                report.blame(f"record {entry.seq}: it contradicts the log: {error}")
            if isinstance(record, AmountAgreed) and record.frame_sha256 not in frames:
                frames.add(record.frame_sha256)
                _check_frame(journal, entry.seq, record.frame_sha256, report)
        before, latest = entry, moment
    if before is None:
        report.blame("there is no record")
    else:
        report.head_hash = before.hash.hex()


def _record(entry: ChainedRecord, report: JournalReport) -> Record | None:
    try:
        return entry.record
    except JournalFault as fault:
        report.blame(fault.words)
        return None


def _moment(entry: ChainedRecord, report: JournalReport) -> datetime | None:
    try:
        return entry.moment
    except JournalFault as fault:
        report.blame(fault.words)
        return None


def _introduce(record: KeyIntroduced | None, report: JournalReport) -> Ed25519PublicKey | None:
    if record is None:
        report.blame("the first record does not introduce the terminal's key")
        return None
    try:
        key = public_key_of(record.public_key)
    except ValueError:
        report.blame("a key that was introduced is none")
        return None
    report.keys.append(record.public_key)
    return key


def _check_frame(journal: Lookups, seq: int, sha256: str, report: JournalReport) -> None:
    packed = journal.frame(sha256)
    if packed is None:
        report.blame(f"record {seq}: the frame that was agreed to is missing")
    elif hashlib.sha256(packed).hexdigest() != sha256:
        report.blame(f"record {seq}: the frame that was agreed to is another")


def _compare_schema(
    db: sqlite3.Connection, model: sqlite3.Connection, report: JournalReport
) -> None:
    def objects(of: sqlite3.Connection) -> dict[str, str]:
        rows = of.execute("SELECT name, sql FROM sqlite_master").fetchall()
        return {row[0]: row[1] for row in rows}

    found, expected = objects(db), objects(model)
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            report.blame(f"schema: {name} is not as this release makes it")


def _compare_projections(
    db: sqlite3.Connection, model: sqlite3.Connection, report: JournalReport
) -> None:
    for table in schema.PROJECTIONS:
        sql = f"SELECT * FROM {table}"  # noqa: S608 - names of ours
        for rows in zip_longest(db.execute(sql), model.execute(sql)):
            left, right = (None if row is None else tuple(row) for row in rows)
            if left != right:
                report.blame(f"{table}: {left} where the log says {right}")
                break


def _compare_operators(
    db: sqlite3.Connection, model: sqlite3.Connection, report: JournalReport
) -> None:
    known = {row["number"]: row["password_digest"] for row in model.execute("SELECT * FROM staff")}
    found = {
        row["number"]: digest_of(row["password"], must_change=bool(row["must_change"]))
        for row in db.execute("SELECT number, password, must_change FROM operators")
    }
    for number in sorted(known.keys() | found.keys()):
        if known.get(number) != found.get(number):
            report.blame(f"operator {number} is not as the log says")
