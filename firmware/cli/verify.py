"""`pos verify`: a journal, a backup, an evidence file, or a paper's QR, without the terminal."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from firmware.audit.data import reading, require_journal
from firmware.audit.keyring import fingerprint_of, read_keys
from firmware.audit.output import add_output_arguments, writing
from firmware.core.exits import DONE, FAILED, Refused, one_line
from firmware.core.money import CURRENCIES, major_text
from firmware.journal.chain import Introduced
from firmware.journal.essence import type_words
from firmware.journal.faults import JournalFault
from firmware.journal.genuine import EssenceReport, verify_essence
from firmware.journal.head import HEAD, Head
from firmware.journal.verify import database_of, verify_journal
from firmware.ops.backup import head_of, unpacked
from firmware.terminal.settings import file_of, legible

_QR_MOST = 4_296  # characters that the largest QR code holds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "journal",
        nargs="?",
        type=Path,
        metavar="JOURNAL",
        help="a journal's file or directory, a backup, or an evidence file",
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
    parser.add_argument(
        "--page",
        action="store_true",
        help="make a page that checks receipts on a phone, with the keys of JOURNAL (default: the"
        " terminal's data directory) or of --key",
    )
    add_output_arguments(parser, says="where --page goes")


def run(options: argparse.Namespace) -> int:
    """Check what is given: 0 as the terminal wrote it, 1 not so. Raises Refused."""
    if options.page or options.output is not None:
        return _page(options)
    if options.qr is None and options.journal is None:
        raise Refused("a journal, or --qr with a paper's text, is needed")
    if options.journal is not None and _is_pack(options.journal):
        if options.qr is not None:
            raise Refused("an evidence file has its own QR codes: leave out --qr")
        return _pack(options.journal, () if options.key is None else read_keys(options.key))
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


def _page(options: argparse.Namespace) -> int:
    """Write the page that checks receipts. Raises Refused."""
    if not options.page or options.output is None or options.qr is not None:
        raise Refused("a page that checks receipts is --page -o FILE.html")
    if options.journal is not None and options.key is not None:
        raise Refused("a page has the keys of JOURNAL, or of --key FILE: name one of them")
    from firmware.audit.receipt_page.build import owners, page  # noqa: PLC0415 - asked for seldom

    if options.key is not None:
        html = page(read_keys(options.key), [], 0)
    else:
        with reading(options.journal or legible(file_of(None)).data) as journal:
            html = page(journal.public_keys(), owners(journal), journal.head()[0])
    with writing(options.output, force=options.force) as file:
        file.write(html)
    return DONE


def _is_pack(path: Path) -> bool:
    """Whether a file is a ZIP, and so neither a journal nor a backup."""
    try:
        return path.is_file() and zipfile.is_zipfile(path)
    except OSError:  # whoever opens it next says so
        return False


def _pack(path: Path, given: Introduced) -> int:
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
        essence = verify_essence(text, report.keys)
        if essence.signed:
            facts = (_in_words(essence, name) for name in ("type", "amount"))
            print(f"voucher {number}: {', '.join(facts)}")
    for note in report.notes:
        print(f"note    {one_line(note)}")
    for _, limit in LIMITS[bool(given) :]:  # a key that was given is known from elsewhere
        print(f"note    {limit}")
    words = "NOT GENUINE" if report.faults else "holds together"
    if not report.sealed and not report.faults:
        words += ", but nobody signed its pages and pictures"
    return _verdict(words, report.faults)


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
