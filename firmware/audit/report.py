"""What a day or a batch came to, in numbers and as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct, field

from firmware.core.kinds import Kind
from firmware.core.money import currency_of, major_text
from firmware.iso8583.responses import response_text
from firmware.journal.transactions import State, Transaction


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
        return major_text(minor, currency_of(self.currency))


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
