"""`pos report`: a day or a batch as a table, and with `pos-terminal[report]` as a chart."""

from __future__ import annotations

import argparse
from pathlib import Path

from firmware.audit.data import add_data_argument, reading
from firmware.audit.output import add_force_argument, writing_bytes
from firmware.audit.report import Report, table
from firmware.cli.journal import batch_number, day_of
from firmware.core.exits import DONE, FAILED, Refused
from firmware.journal.lookups import Lookups

_BATCH_ROWS_MAX = 2_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--day", type=day_of, metavar="YYYYMMDD")
    which.add_argument("--batch", type=batch_number, metavar="N")
    parser.add_argument("--png", type=Path, metavar="FILE", help="a chart of it as well")
    add_force_argument(parser)
    add_data_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print the table: 0, or 1 where there is nothing to report. Raises Refused."""
    with reading(options.data) as journal:
        report = _gathered(journal, options)
    for line in table(report):
        print(line)
    if options.png is not None:
        _draw(report, options.png, force=options.force)
        print(options.png)
    return DONE


def _gathered(journal: Lookups, options: argparse.Namespace) -> Report:
    day: str | None = options.day
    if day is None:
        if not journal.serial_of(options.batch):
            raise Refused(f"there is no batch {options.batch:06d}", code=FAILED)
        title, serials = f"批次 batch {options.batch:06d}", [journal.serial_of(options.batch)]
    else:
        title, serials = f"{day[:4]}-{day[4:6]}-{day[6:]}", list(journal.serials())
    report = Report(title)
    for serial in serials:
        for one in journal.list_transactions(None, 0, _BATCH_ROWS_MAX, date=day, serial=serial):
            report.add(one)
    return report


def _draw(report: Report, path: Path, *, force: bool) -> None:
    try:
        from firmware.audit.report_chart import draw  # noqa: PLC0415 - an extra, not always there
    except ImportError:
        words = "a chart needs leather and resvg-py: pip install 'pos-terminal[report]'"
        raise Refused(words, code=FAILED) from None
    with writing_bytes(path, force=force) as file:
        file.write(draw(report))
