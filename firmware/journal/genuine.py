"""Whether the text of a QR code is genuine: signed by the terminal, and true of its journal.

A paper can prove that a journal's tail was cut off: then the record that it names is missing.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct, field

from firmware.journal import base45, schema
from firmware.journal.chain import Introduced, is_signed
from firmware.journal.connection import connect_read_only
from firmware.journal.faults import JournalFault, damage_is_a_fault, error_is_a_fault
from firmware.journal.lookups import Lookups
from firmware.journal.projection import rebuild
from firmware.journal.signed_record import (
    ANSWER,
    COMPLETED,
    NAMES,
    SETTLEMENT,
    VOUCHER,
    hash_digits,
    settlement_fields,
    signed_bytes,
    transaction_fields,
)
from firmware.journal.verify import database_of

_SLIP = "a settlement slip"
WHAT = {VOUCHER: "a receipt", SETTLEMENT: _SLIP, COMPLETED: _SLIP}
_NEVER = 2**62
_LATER = {"type", "record", "hash"}  # a sale that is reversed later has a later record


class SignedRecordReport(Struct):
    """What a QR says and whether it is true; `faults` are empty when nothing is wrong."""

    what: str = ""  # the kind of paper
    fields: dict[str, str] = field(default_factory=dict)
    signed: bool = False  # by the terminal, whatever the journal says
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def genuine(self) -> bool:
        """Whether the terminal signed this, and the journal, if one was given, still has it."""
        return not self.faults

    def number(self, name: str) -> int:
        """A field that is a number of up to 15 digits; 0 when it is none."""
        digits = self.fields[name]
        return int(digits) if re.fullmatch("[0-9]{1,15}", digits) else 0


def verify_signed_record(
    text: str, keys: Introduced, journal: Path | None = None
) -> SignedRecordReport:
    """Check a QR against the terminal's public keys, and against a journal if given.

    A key is not accepted for records after the one that introduced the next. A journal names the
    keys of its chain itself: they count if one of `keys` is among them, or if none is given. The
    journal itself is not checked: `verify_journal` says whether it is whole. Never raises.
    """
    report = SignedRecordReport()
    version, _, _ = text.partition("*")
    names = NAMES.get(version, ())
    parts = text.split("*", len(names))
    if not names or len(parts) != len(names) + 1:
        report.faults.append("this is no signed record of a transaction or a settlement")
        return report
    report.what = WHAT[version]
    report.fields = dict(zip(names, parts, strict=False))
    if journal is not None:
        try:
            keys = _compare(report, database_of(journal), keys)
        except JournalFault as fault:
            report.faults.append(f"the journal cannot be read: {fault.words}")
    message, signature = signed_bytes("*".join(parts[:-1])), base45.decode(parts[-1])
    believed = _believed(keys, report.number("record"))
    report.signed = any(is_signed(key, signature, message) for key in believed)
    if not report.signed:
        report.faults.append("it is not signed by this terminal")
    return report


def _believed(keys: Introduced, record: int) -> Iterator[Ed25519PublicKey]:
    """The keys that may have signed this record (0: none may): without those replaced before it."""
    ends = [*(first or _NEVER for first, _ in keys[1:]), _NEVER]
    for (_, key), end in zip(keys, ends, strict=False):  # without a key there is one end
        if 0 < record < end:
            yield key


def _compare(report: SignedRecordReport, path: Path, keys: Introduced) -> Introduced:
    """Compare the fields with the journal's record; returns the keys to check the signature by."""
    if not path.is_file():
        report.faults.append("there is no journal here")
        return keys
    with _opened(path) as journal:
        if _has_record(report, journal):
            _compare_fields(report, journal)
        introduced = journal.public_keys()
    given = [key for _, key in keys]
    known = not given or any(key in given for _, key in introduced)
    return introduced if known else keys


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Lookups]:
    """The journal; the records of an earlier release's are copied to memory and brought up to date.

    That blocks for a second or so per ten thousand records. Raises JournalFault.
    """
    with contextlib.closing(connect_read_only(path)) as db, error_is_a_fault:
        if schema.version(db) >= schema.SCHEMA:
            yield Lookups(db)
            return
        with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
            schema.create_log(copy)
            rows = db.execute("SELECT seq, at, body, previous, hash, signature FROM records")
            copy.execute("BEGIN")
            copy.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", rows)
            journal = Lookups(copy)
            with damage_is_a_fault:
                rebuild(copy, journal.records())
            yield journal


def _has_record(report: SignedRecordReport, journal: Lookups) -> bool:
    number, (last, _) = report.number("record"), journal.head()
    found = next(iter(journal.records(number, number)), None) if number else None
    if found is None:
        report.faults.append(
            f"record {number} is not in the journal, which ends at {last}: its tail is cut off"
        )
    elif hash_digits(found.hash.hex()) != report.fields["hash"]:
        report.faults.append(f"record {number} of the journal is another")
        found = None
    return found is not None


def _compare_fields(report: SignedRecordReport, journal: Lookups) -> None:
    expected = _expected(report, journal)
    if expected is None:
        report.faults.append(f"the journal knows nothing that {report.what} like this could be of")
        return
    for name, value in expected.items():
        told = report.fields.get(name, "")
        if told == value:
            continue
        if name in ANSWER and not told:
            report.notes.append(f"{name}: the journal says {value} since the acquirer answered")
        else:
            report.faults.append(f"{name}: {told}; the journal says {value}")


def _expected(report: SignedRecordReport, journal: Lookups) -> dict[str, str] | None:
    """The fields that never change, as the journal has them; None when it has no such paper."""
    batch, training = report.number("batch"), report.fields["type"].endswith("T")
    if report.fields["version"] == VOUCHER:
        found = journal.transaction(
            batch, report.number("voucher"), training=training, date=report.fields["date"]
        )
        fields = transaction_fields(found) if found else {}
        return {name: value for name, value in fields.items() if name not in _LATER} or None
    if training:
        return {}  # training transactions settle nothing: no record has their totals
    settlement = journal.settlement(batch, date=report.fields["date"])
    return None if settlement is None else settlement_fields(settlement, training=False)
