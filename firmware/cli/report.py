"""`pos report`: days or batches as a table and as a chart: by hour, scheme and cashier.

Sales, voids and refunds stand side by side, voids and refunds below zero, so that each row adds up
to its net. Lessons count nowhere.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct, field

from firmware.cli.data import add_data_argument, reading
from firmware.cli.exits import DONE
from firmware.cli.export import money, moved_minor
from firmware.cli.output import add_force_argument, writing_bytes
from firmware.cli.spans import (
    DAY,
    Renamed,
    Span,
    add_span_arguments,
    dashed,
    day_of,
    span_of,
    transactions,
)
from firmware.host.responses import response_text
from firmware.journal.lookups import Lookups
from firmware.journal.records import Kind
from firmware.journal.transactions import State, Transaction
from firmware.voucher.columns import width

UNKNOWN = "-"  # a card that names no scheme
_NAMES = {Kind.SALE: "sales", Kind.VOID: "voids", Kind.REFUND: "refunds"}
_GROUPS = {"hours": "hour", "schemes": "scheme", "cashiers": "cashier"}


class Tally(Struct):
    """Approved transactions by kind: how many, and the minor units that they moved."""

    counts: Counter[Kind] = field(default_factory=Counter)
    minors: Counter[Kind] = field(default_factory=Counter)

    def add(self, one: Transaction) -> None:
        """Count an approved transaction."""
        self.counts[one.kind] += 1
        self.minors[one.kind] += moved_minor(one)

    @property
    def net_minor(self) -> int:
        """What is left of the sales."""
        return sum(self.minors.values())


class Report(Struct):
    """What the trade in one currency came to."""

    title: str
    currency: str
    whole: Tally = field(default_factory=Tally)
    hours: dict[str, Tally] = field(default_factory=dict)
    schemes: dict[str, Tally] = field(default_factory=dict)
    cashiers: dict[str, Tally] = field(default_factory=dict)
    declines: Counter[str] = field(default_factory=Counter)  # by what the cardholder was told

    def add(self, one: Transaction) -> None:
        """Count a transaction where it belongs."""
        if one.state is State.APPROVED:
            tallies = (
                self.whole,
                self.hours.setdefault(one.time[:2], Tally()),
                self.schemes.setdefault(one.card.scheme or UNKNOWN, Tally()),
                self.cashiers.setdefault(one.operator, Tally()),
            )
            for tally in tallies:
                tally.add(one)
        elif one.state is State.DECLINED:
            chinese, english = response_text(one.response_code)
            self.declines[f"{one.response_code} {chinese} {english}"] += 1
        elif one.state is not State.OPEN:
            self.declines["冲正 reversed"] += 1

    def every_hour(self) -> dict[str, Tally]:
        """From the first busy hour to the last, without a gap."""
        busy = sorted(self.hours)
        hours = range(int(busy[0]), int(busy[-1]) + 1) if busy else range(0)
        return {f"{hour:02d}": self.hours.get(f"{hour:02d}", Tally()) for hour in hours}


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
        from firmware.cli.report_chart import draw  # noqa: PLC0415 - asked for seldom

        with writing_bytes(options.png, force=options.force) as file:
            file.write(draw(reports))
        print(options.png)
    return DONE


def gathered(title: str, found: Iterable[Transaction]) -> list[Report]:
    """A report for each currency, in the order in which they were first taken."""
    reports: dict[str, Report] = {}
    for one in found:
        if not one.training:
            reports.setdefault(one.currency, Report(title, one.currency)).add(one)
    return list(reports.values()) or [Report(title, "")]


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


def table(report: Report) -> Iterator[str]:
    """The report as lines of text."""
    yield f"{report.title}  {report.currency}".rstrip()
    if not report.currency:
        yield "  no transactions"
        return
    for kind, name in _NAMES.items():
        tally = report.whole
        yield f"  {name:<8}{tally.counts[kind]:>6}  {_text(report, tally.minors[kind]):>14}"
    yield f"  {'net':<8}{'':>6}  {_text(report, report.whole.net_minor):>14}"
    for group, head in _GROUPS.items():
        tallies = report.every_hour() if group == "hours" else dict(sorted(_of(report, group)))
        if tallies:
            names = {f"{name}:00" if group == "hours" else name: tallies[name] for name in tallies}
            yield from _grouped(report, head, names)
    if report.declines:
        yield "declined"
        for reason, count in report.declines.most_common():
            yield f"{count:>6}  {reason}"


def _of(report: Report, group: str) -> Iterable[tuple[str, Tally]]:
    tallies: dict[str, Tally] = getattr(report, group)
    return tallies.items()


def _grouped(report: Report, head: str, tallies: dict[str, Tally]) -> Iterator[str]:
    """A line each: how many and how much of every kind, and the net."""
    column = max(8, *(width(name) for name in tallies))
    heads = "".join(f"  {name:>7}  {'sum':>12}" for name in _NAMES.values())
    yield f"{head:<{column}}{heads}  {'net':>12}"
    for name, tally in tallies.items():
        cells = "".join(
            f"  {tally.counts[kind]:>7}  {_text(report, tally.minors[kind]):>12}" for kind in _NAMES
        )
        blank = " " * (column - width(name))
        yield f"{name}{blank}{cells}  {_text(report, tally.net_minor):>12}"


def _text(report: Report, minor: int) -> str:
    return money(minor, report.currency)
