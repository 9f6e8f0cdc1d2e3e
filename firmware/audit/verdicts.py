"""Says whether a journal, a paper's QR or an evidence file is as the terminal wrote it.

Each prints what was looked at, every fault, and the verdict; and gives the exit code for it.
"""

from __future__ import annotations

from pathlib import Path

from firmware.audit.keyring import fingerprint_of
from firmware.core.exits import DONE, FAILED, one_line
from firmware.core.money import CURRENCIES, major_text
from firmware.journal.chain import Introduced
from firmware.journal.genuine import SignedRecordReport, verify_signed_record
from firmware.journal.head import HEAD, Head
from firmware.journal.signed_record import type_words
from firmware.journal.verify import verify_journal


def pack_verdict(path: Path, given: Introduced) -> int:
    """Say what an evidence file holds, what is wrong with it, and what it cannot prove."""
    from firmware.audit.evidence_check import verify_pack  # noqa: PLC0415 - draws papers, too
    from firmware.audit.evidence_words import LIMITS  # noqa: PLC0415

    report = verify_pack(path, given)
    print(f"evidence {path}")
    for record, key in report.keys:
        print(f"key     {fingerprint_of(key)}  (fingerprint; valid from record {record})")
    print(f"records {report.records}, from {report.first} to {report.last}")
    print(f"frames  {report.frames}, each as a record names it")
    for number, text in report.vouchers.items():
        signed_record = verify_signed_record(text, report.keys)
        if signed_record.signed:
            facts = (_in_words(signed_record, name) for name in ("type", "amount"))
            print(f"voucher {number}: {', '.join(facts)}")
    for note in report.notes:
        print(f"note    {one_line(note)}")
    for _, limit in LIMITS[bool(given) :]:  # a key that was given is known from elsewhere
        print(f"note    {limit}")
    words = "NOT GENUINE" if report.faults else "holds together"
    if not report.sealed and not report.faults:
        words += ", but nobody signed its pages and pictures"
    return _verdict(words, report.faults)


def journal_verdict(path: Path, keys: Introduced, head: Head | None) -> int:
    """Say whether a journal is whole; `head` is where it is known to have ended."""
    report = verify_journal(path, *(key for _, key in keys), head=head)
    print(f"records {report.records}, head {report.head_hash or 'none'}")
    for number, public_key in enumerate(report.keys, start=1):
        print(f"key {number}   {public_key}")
    for note in report.notes:
        print(f"note    {one_line(note)}")
    if not keys:
        print("note    held against the key it names itself; --key tells whose it is")
    if not report.intact:
        return _verdict("NOT INTACT", report.faults)
    if not report.anchored:
        print("note    nothing here says where it ends: records missing at its end would not show;")
        print(f"note    {HEAD} of the data directory does, and the QR of a late paper, --qr")
    return _verdict("intact" if report.anchored else "intact, tail not anchored", [])


def paper_verdict(text: str, keys: Introduced, journal: Path | None) -> int:
    """Say whether a QR's text was signed by one of `keys`, and is what `journal` says."""
    report = verify_signed_record(text, keys, journal)
    if report.what:
        print(f"this is {report.what}")
    for name, value in report.fields.items():
        words = _in_words(report, name) if report.signed else ""
        print(f"{name:<13} {one_line(value)}" + (f"  ({words})" if words else ""))
    for note in report.notes:
        print(f"note    {one_line(note)}")
    if journal is None:
        print("note    with the journal as well it is told whether the record is still there")
    words = "genuine" if report.genuine else "NOT GENUINE"
    if report.signed and report.faults:
        words = "signed by the terminal, BUT NOT WHAT THE JOURNAL SAYS"
    return _verdict(words, report.faults)


def _in_words(report: SignedRecordReport, name: str) -> str:
    """What a field that is a code or counts minor units says to a person, or ""."""
    fields = report.fields
    if name == "type":
        return type_words(fields["version"], fields["type"])
    currency = CURRENCIES.get(fields["currency"])
    if currency is None or not (name == "amount" or name.endswith("_minor")):
        return ""
    return f"{major_text(report.number(name), currency)} {currency.alpha}"


def _verdict(words: str, faults: list[str]) -> int:
    for fault in faults:
        print(f"fault   {one_line(fault)}")
    print(words)
    return FAILED if faults else DONE
