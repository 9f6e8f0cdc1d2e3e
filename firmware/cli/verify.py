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
from firmware.audit.keyring import read_keys
from firmware.audit.output import writing
from firmware.audit.verdicts import journal_verdict, pack_verdict, paper_verdict
from firmware.cli.arguments import add_output_arguments
from firmware.core.exits import DONE, FAILED, Refused
from firmware.journal.faults import JournalFault
from firmware.journal.head import Head
from firmware.journal.verify import database_of
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
        help="what the QR code of a receipt or a settlement slip says; - reads standard input",
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
        return pack_verdict(options.journal, () if options.key is None else read_keys(options.key))
    if options.journal is None and options.key is None:
        raise Refused("--qr needs the terminal's public key, --key FILE, or its journal")
    if options.journal is not None:
        require_journal(options.journal)
    keys = () if options.key is None else read_keys(options.key)
    codes = []
    with _laid_out(options.journal) as (journal, head):
        if journal is not None:
            print(f"journal {database_of(options.journal)}")
            codes.append(journal_verdict(journal, keys, head))
        if options.qr is not None:
            text = sys.stdin.read(_QR_MOST + 1) if options.qr == "-" else options.qr
            codes.append(paper_verdict(text.strip("\r\n"), keys, journal))
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
    except OSError:  # reported where it is opened next
        return False
