"""`pos report`: days or batches as a table and as a chart."""

from __future__ import annotations

import argparse
from pathlib import Path

from firmware.audit.data import reading
from firmware.audit.day_report import gathered, table
from firmware.audit.output import writing_bytes
from firmware.audit.spans import DAY, Span, dashed, transactions
from firmware.cli.arguments import add_force_argument
from firmware.cli.journal_arguments import (
    Renamed,
    add_data_argument,
    add_span_arguments,
    day_of,
    span_of,
)
from firmware.core.exits import DONE
from firmware.journal.lookups import Lookups


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_span_arguments(parser, whole="the open batch")
    parser.add_argument(
        "--day", dest="date", type=day_of, action=Renamed, new=f"--date {DAY}", metavar=DAY
    )
    parser.add_argument("--png", type=Path, metavar="FILE", help="a chart of it as well")
    add_force_argument(parser)
    add_data_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print the table: 0. Raises Refused, also for a batch that is not there."""
    with reading(options.data) as journal:
        span = span_of(options)
        if span == Span():
            span = Span((journal.batch(), journal.batch()))
        reports = gathered(_title(journal, span), transactions(journal, span))
    for report in reports:
        print("\n".join(table(report)))
    if options.png is not None:
        from firmware.audit.report_chart import draw  # noqa: PLC0415 - asked for seldom

        with writing_bytes(options.png, force=options.force) as file:
            file.write(draw(reports))
        print(options.png)
    return DONE


def _title(journal: Lookups, span: Span) -> str:
    words = []
    if span.batches is not None:
        first, last = span.batches
        batches = f"{first:06d}" if first == last else f"{first:06d}-{last:06d}"
        words.append(f"批次 batch {batches}" + " 未结 open" * (last == journal.batch()))
    if span.since == span.until and span.since is not None:
        words.append(dashed(span.since))
    else:
        words += [f"自 from {dashed(span.since)}"] if span.since else []
        words += [f"至 to {dashed(span.until)}"] if span.until else []
    return "  ".join(words)
