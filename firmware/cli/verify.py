"""`pos verify`: a journal, one in a backup too, or the QR of a paper, without the terminal."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

from firmware.audit.data import require_journal
from firmware.audit.keyring import read_keys
from firmware.core.exits import DONE, FAILED, Refused, one_line
from firmware.core.money import CURRENCIES, major_text
from firmware.journal.chain import Introduced
from firmware.journal.essence import type_words
from firmware.journal.faults import JournalFault
from firmware.journal.genuine import EssenceReport, verify_essence
from firmware.journal.head import HEAD, Head
from firmware.journal.verify import database_of, verify_journal
from firmware.ops.backup import head_of, unpacked

_QR_MOST = 4_296  # characters that the largest QR code holds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "journal",
        nargs="?",
        type=Path,
        metavar="JOURNAL",
        help="a journal's file or directory, or a backup",
    )
    parser.add_argument(
        "--qr",
        metavar="TEXT",
        help="what the QR code of a voucher or a settlement slip says; - reads standard input",
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="the terminal's public keys as PEM, see `pos journal key --all`",
    )


def run(options: argparse.Namespace) -> int:
    """Check what is given: 0 as the terminal wrote it, 1 not so. Raises Refused."""
    if options.qr is None and options.journal is None:
        raise Refused("a journal, or --qr with a paper's text, is needed")
    if options.journal is None and options.key is None:
        raise Refused("--qr needs the terminal's public key, --key FILE, or its journal")
    if options.journal is not None:
        require_journal(options.journal)
    keys = () if options.key is None else read_keys(options.key)
    codes = []
    with _laid_out(options.journal) as (journal, head):
        if journal is not None:
            print(f"journal {database_of(options.journal)}")
            codes.append(_journal(journal, keys, head))
        if options.qr is not None:
            text = sys.stdin.read(_QR_MOST + 1) if options.qr == "-" else options.qr
            codes.append(_paper(text.strip("\r\n"), keys, journal))
    return max(codes)


@contextlib.contextmanager
def _laid_out(journal: Path | None) -> Iterator[tuple[Path | None, Head | None]]:
    """The journal that is named, or for a backup a folder with its own and where it ends.

    Raises Refused.
    """
    if journal is None or journal.is_dir() or not tarfile.is_tarfile(journal):
        yield journal, None
        return
    try:
        with unpacked(journal) as (manifest, folder):
            yield folder, head_of(manifest)
    except JournalFault as fault:
        raise Refused(fault.words, code=FAILED) from fault


def _journal(path: Path, keys: Introduced, head: Head | None) -> int:
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


def _paper(text: str, keys: Introduced, journal: Path | None) -> int:
    report = verify_essence(text, keys, journal)
    if report.what:
        print(f"this is {report.what}")
    for name, value in report.fields.items():
        words = _in_words(report, name) if report.signed else ""
        print(f"{name:<13} {one_line(value)}" + (f"  ({words})" if words else ""))
    if journal is None:
        print("note    with the journal as well it is told whether the record is still there")
    words = "genuine" if report.genuine else "NOT GENUINE"
    if report.signed and report.faults:
        words = "signed by the terminal, BUT NOT WHAT THE JOURNAL SAYS"
    return _verdict(words, report.faults)


def _in_words(report: EssenceReport, name: str) -> str:
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
