"""The signed essence of a transaction: the text of the QR code on its voucher.

It is one line that a person can read, in the alphabet in which a QR code is densest::

    P1*merchant*terminal*batch*voucher*SA*amount*CNY*20260302*100000*00*authorisation*reference
      *number of its record*first 16 hex digits of the record's hash*signature

`SA` is the kind (S sale, V void, R refund), the state (A approved, D declined, F failed, O open,
P reversal pending, R reversed) and T for a lesson. The signature is the terminal's, Ed25519 over
`pos-essence LF` and everything before its own `*`, in base 45 (RFC 9285). Whoever has the voucher
can tell a journal whose tail was cut off: its record is no longer there.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct, field

from firmware.journal.connection import connect_read_only
from firmware.journal.faults import JournalFault
from firmware.journal.keys import TerminalKeys
from firmware.journal.lookups import Lookups
from firmware.journal.records import Kind
from firmware.journal.transactions import State, Transaction
from firmware.journal.verify import database_of

VERSION = "P1"
NAMES = (
    "version",
    "merchant",
    "terminal",
    "batch",
    "voucher",
    "type",
    "amount",
    "currency",
    "date",
    "time",
    "response",
    "authorisation",
    "reference",
    "record",
    "hash",
)
HASH_DIGITS = 16
_KINDS = {Kind.SALE: "S", Kind.VOID: "V", Kind.REFUND: "R"}
_STATES = {
    State.APPROVED: "A",
    State.DECLINED: "D",
    State.FAILED: "F",
    State.OPEN: "O",
    State.REVERSING: "P",
    State.REVERSED: "R",
}
_BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def essence(transaction: Transaction, keys: TerminalKeys) -> str:
    """The signed essence of a transaction, under 300 characters of a QR's alphanumeric mode."""
    told = "*".join(_told(transaction))
    return f"{told}*{_encode(keys.sign(_signed(told)))}"


class EssenceReport(Struct):
    """What a QR says and whether it is true; `faults` are empty when nothing is wrong."""

    fields: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def genuine(self) -> bool:
        """Whether the terminal signed this, and the journal, if one was given, still has it."""
        return not self.faults


def verify_essence(
    text: str, public_key: Ed25519PublicKey, journal: Path | None = None
) -> EssenceReport:
    """Check a voucher's QR against the terminal's public key, and against a journal if given.

    With a journal a key of its chain counts too, so a voucher outlives its key. Never raises.
    """
    report = EssenceReport()
    parts = text.split("*", len(NAMES))
    if len(parts) != len(NAMES) + 1 or parts[0] != VERSION:
        report.faults.append("this is no essence of a transaction")
        return report
    report.fields = dict(zip(NAMES, parts, strict=False))
    keys = [public_key]
    if journal is not None:
        try:
            keys += _compare(report, database_of(journal), public_key)
        except JournalFault as fault:
            report.faults.append(f"the journal cannot be read: {fault.words}")
    told, signature = "*".join(parts[:-1]), _decode(parts[-1])
    if not any(_is_signed(key, signature, told) for key in keys):
        report.faults.append("it is not signed by this terminal")
    return report


def _told(transaction: Transaction) -> tuple[str, ...]:
    lesson = "T" if transaction.training else ""
    fields = (
        VERSION,
        transaction.merchant,
        transaction.terminal,
        f"{transaction.batch:06d}",
        f"{transaction.stan:06d}",
        _KINDS[transaction.kind] + _STATES[transaction.state] + lesson,
        str(transaction.amount_minor),
        transaction.currency,
        transaction.date,
        transaction.time,
        transaction.response_code,
        transaction.authorisation_code,
        transaction.reference,
        str(transaction.record_seq),
        transaction.record_hash[:HASH_DIGITS].upper(),
    )
    return tuple(map(_plain, fields))


def _plain(text: str) -> str:
    """What of a field fits between two stars; a host's odd characters become dots."""
    return "".join(c if c.isascii() and (c.isalnum() or c == "-") else "." for c in text.upper())


def _compare(
    report: EssenceReport, path: Path, public_key: Ed25519PublicKey
) -> list[Ed25519PublicKey]:
    """Hold the fields against the journal's record; gives the keys of its chain."""
    if not path.is_file():
        report.faults.append("there is no journal here")
        return []
    db = connect_read_only(path)
    try:
        journal = Lookups(db)
        fields = report.fields
        number = int(fields["record"]) if fields["record"].isdecimal() else 0
        last, _ = journal.head()
        found = next(iter(journal.records(number, number)), None) if number else None
        if found is None:
            report.faults.append(
                f"record {number} is not in the journal, which ends at {last}: its tail is cut off"
            )
        elif found.hash.hex()[:HASH_DIGITS].upper() != fields["hash"]:
            report.faults.append(f"record {number} of the journal is another")
        else:
            _compare_transaction(report, journal)
        introduced = [key for _, key in journal.public_keys()]
    finally:
        db.close()
    return introduced if any(key == public_key for key in introduced) else []


def _compare_transaction(report: EssenceReport, journal: Lookups) -> None:
    fields = report.fields
    if not (fields["batch"].isdecimal() and fields["voucher"].isdecimal()):
        report.faults.append("batch or voucher is no number")
        return
    transaction = journal.transaction(
        int(fields["batch"]), int(fields["voucher"]), training=fields["type"].endswith("T")
    )
    expected = dict(zip(NAMES, _told(transaction), strict=True)) if transaction else {}
    later = {"type", "record", "hash"}  # a sale that is reversed later has a later record
    for name in NAMES:
        if name not in later and fields[name] != expected.get(name):
            report.faults.append(f"{name}: {fields[name]}; the journal says {expected.get(name)}")


def _signed(told: str) -> bytes:
    return b"pos-essence\n" + told.encode()


def _is_signed(key: Ed25519PublicKey, signature: bytes, told: str) -> bool:
    try:
        key.verify(signature, _signed(told))
    except InvalidSignature:
        return False
    return True


def _encode(data: bytes) -> str:
    """Base 45 of an even number of bytes. See RFC 9285, 4.1."""
    text = ""
    for high, low in zip(data[::2], data[1::2], strict=True):
        value = high * 256 + low
        text += _BASE45[value % 45] + _BASE45[value // 45 % 45] + _BASE45[value // 2025]
    return text


def _decode(text: str) -> bytes:
    """The bytes of a base 45 text; empty when it is none."""
    data = b""
    for at in range(0, len(text), 3):
        digits = [_BASE45.find(digit) for digit in text[at : at + 3]]
        value = sum(digit * 45**place for place, digit in enumerate(digits))
        if len(digits) < 3 or min(digits) < 0 or value > 0xFFFF:
            return b""
        data += value.to_bytes(2, "big")
    return data
