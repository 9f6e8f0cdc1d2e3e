"""`pos restore`: makes a copy that `pos backup` took the data of a terminal that has none."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from firmware.acquirer.books import BOOKS
from firmware.cli.journal_arguments import add_data_argument, voucher_place
from firmware.core.clock import SystemClock
from firmware.core.exits import DONE, FAILED, Refused
from firmware.core.places import USER
from firmware.journal.faults import JournalFault, RuleBroken
from firmware.ops.archive import Manifest
from firmware.ops.backup import SETTINGS, put_back, told

_WHY = """
What was sold after the backup is not in it, but the host and the receipts know those numbers: a
sale that took one of them again would be refused as a duplicate or mistaken for the earlier one. So
--after has to name the last voucher that this terminal gave out, by receipts or the host's books,
also where that is the backup's own last: a restore without --after shows it. Numbers go on after
it, in its batch; papers that were owed are printed as duplicates. What is missing can be voided or
refunded by the host alone.
"""
_HOST_KNOWS = "the next settlement shows the host's totals, and the host alone can undo it"
_BOTH_LOST = "the receipts alone tell of it, for the embedded host's books are as old"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _WHY
    parser.add_argument("file", type=Path, metavar="FILE", help="what `pos backup` made")
    add_data_argument(parser)
    parser.add_argument(
        "--after",
        type=voucher_place,
        metavar="BATCH/VOUCHER",
        help="the last voucher that was given out, such as 000003/000123",
    )


def run(options: argparse.Namespace) -> int:
    """Put the copy back: 0 done, 1 not. Raises Refused."""
    if not options.file.is_file():
        raise Refused(f"{options.file}: there is no backup here")
    try:
        copy = told(options.file)
        end = f"{copy.batch:06d}/{copy.stan:06d}"
        if options.after is None:
            words = f"the backup ends with voucher {end}, of {copy.last_at}"
            raise Refused(f"{words}: name the last that was given out, such as --after {end}")
        put_back(options.file, options.data, options.after, SystemClock().now)
    except RuleBroken as broken:
        raise Refused(f"--after: {broken.words}, which is {end}", code=FAILED) from broken
    except JournalFault as fault:
        raise Refused(fault.words, code=FAILED) from fault
    for line in _said(copy, options.data):
        print(line)
    return DONE


def _said(copy: Manifest, data: Path) -> Iterator[str]:
    yield f"{data}: {copy.records} records, the last of {copy.last_at}, head {copy.head_hash}"
    for name in sorted(copy.sha256):
        if name.startswith(f"{SETTINGS}/"):
            yield f"settings: {data / name}, which was {name.removeprefix(SETTINGS)}"
    yield f"what came after is not in it: {_BOTH_LOST if BOOKS in copy.sha256 else _HOST_KNOWS}"
    if data.stat().st_uid == os.geteuid() == 0:
        yield f"it belongs to root: `chown -R {USER}: {data}` gives it to the service"
