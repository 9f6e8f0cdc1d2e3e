"""`pos report`: a day or a batch as a table, and with `pos-terminal[report]` as a chart."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from firmware.cli.data import add_data_argument, reading
from firmware.cli.exits import DONE, FAILED, Refused
from firmware.cli.spans import batch_number, day_of
from firmware.cli.spans import batch_numbers as batches
from firmware.host.responses import response_text
from firmware.journal.lookups import Lookups
from firmware.journal.records import Kind
from firmware.journal.transactions import State, Transaction
from firmware.voucher.sheet import currency_of, digits_text

HOURS = 24
_BATCH_ROWS_MAX = 2_000_000


class Report(Struct):
    """What a day or a batch came to; sums in minor units of `currency`. Lessons count nowhere."""

    title: str
    currency: str = "CNY"
    sales: Counter[int] = field(default_factory=Counter)  # minor units by hour of the day
    sale_counts: Counter[int] = field(default_factory=Counter)
    refunds: Counter[int] = field(default_factory=Counter)
    counts: Counter[Kind] = field(default_factory=Counter)
    sums: Counter[Kind] = field(default_factory=Counter)
    declines: Counter[str] = field(default_factory=Counter)  # by what the cardholder was told

    def add(self, one: Transaction) -> None:
        """Count a transaction where it belongs."""
        hour = int(one.time[:2])
        self.currency = one.currency
        if one.state is State.APPROVED:
            self.counts[one.kind] += 1
            self.sums[one.kind] += one.amount_minor
            if one.kind is Kind.SALE:
                self.sales[hour] += one.amount_minor
                self.sale_counts[hour] += 1
            elif one.kind is Kind.REFUND:
                self.refunds[hour] += one.amount_minor
        elif one.state is State.DECLINED:
            chinese, english = response_text(one.response_code)
            self.declines[f"{one.response_code} {chinese} {english}"] += 1
        elif one.state is not State.OPEN:
            self.declines["冲正 reversed"] += 1

    @property
    def hours(self) -> range:
        """From the first busy hour to the last."""
        busy = sorted({*self.sales, *self.refunds})
        return range(busy[0], busy[-1] + 1) if busy else range(0)

    def text(self, minor: int) -> str:
        """A sum in major units."""
        return digits_text(minor, currency_of(self.currency))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--day", type=day_of, metavar="YYYYMMDD")
    which.add_argument("--batch", type=batch_number, metavar="N")
    parser.add_argument("--png", type=Path, metavar="FILE", help="a chart of it as well")
    add_data_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Print the table: 0, or 1 where there is nothing to report. Raises Refused."""
    with reading(options.data) as journal:
        report = _gathered(journal, options)
    for line in table(report):
        print(line)
    if options.png is not None:
        _draw(report, options.png)
        print(options.png)
    return DONE


def _gathered(journal: Lookups, options: argparse.Namespace) -> Report:
    day: str | None = options.day
    if day is None:
        if options.batch > journal.batch():
            raise Refused(f"there is no batch {options.batch:06d}", code=FAILED)
        report, numbers = Report(f"批次 batch {options.batch:06d}"), [options.batch]
    else:
        report, numbers = Report(f"{day[:4]}-{day[4:6]}-{day[6:]}"), list(batches(journal))
    for number in numbers:
        for one in journal.list_transactions(number, 0, _BATCH_ROWS_MAX, date=day):
            report.add(one)
    return report


def table(report: Report) -> Iterator[str]:
    """The report as lines of text."""
    yield f"{report.title}  {report.currency}"
    for kind, name in ((Kind.SALE, "sales"), (Kind.VOID, "voids"), (Kind.REFUND, "refunds")):
        yield f"  {name:<8}{report.counts[kind]:>6}  {report.text(report.sums[kind]):>14}"
    net_minor = report.sums[Kind.SALE] - report.sums[Kind.VOID] - report.sums[Kind.REFUND]
    yield f"  {'net':<8}{'':>6}  {report.text(net_minor):>14}"
    if report.hours:
        yield "hour    sales           sum       refunded"
        for hour in report.hours:
            sold, back = report.text(report.sales[hour]), report.text(report.refunds[hour])
            yield f"{hour:02d}:00  {report.sale_counts[hour]:>6}  {sold:>12}  {back:>12}"
    if report.declines:
        yield "declined"
        for reason, count in report.declines.most_common():
            yield f"{count:>6}  {reason}"


def _draw(report: Report, path: Path) -> None:
    try:
        from firmware.cli.report_chart import draw  # noqa: PLC0415 - an extra, not always there
    except ImportError:
        words = "a chart needs leather and resvg-py: pip install 'pos-terminal[report]'"
        raise Refused(words, code=FAILED) from None
    try:
        path.write_bytes(draw(report))
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from error
