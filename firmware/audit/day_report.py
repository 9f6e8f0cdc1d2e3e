"""Totals of days or batches by hour, scheme and cashier, in numbers and as lines of text.

Sales, voids and refunds stand side by side, voids and refunds below zero, so that each row adds up
to its net; behind them completions of pre-authorisations and their voids, where there are any.
Training transactions count nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from firmware.audit.export import Tally, money
from firmware.core.kinds import TOLD_ALWAYS, Kind
from firmware.iso8583.responses import response_text
from firmware.journal.transactions import State, Transaction
from firmware.receipts.columns import width

UNKNOWN = "-"  # a card that names no scheme
_NAMES = {  # of the columns
    Kind.SALE: "sales",
    Kind.VOID: "voids",
    Kind.REFUND: "refunds",
    Kind.COMPLETION: "compl.",
    Kind.COMPLETION_VOID: "c-voids",
}


class Report(Struct):
    """The totals in one currency."""

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
        elif one.state not in (State.OPEN, State.PENDING):
            self.declines["冲正 reversed"] += 1

    def every_hour(self) -> dict[str, Tally]:
        """From the first busy hour to the last, without a gap."""
        busy = sorted(self.hours)
        hours = range(int(busy[0]), int(busy[-1]) + 1) if busy else range(0)
        return {f"{hour:02d}": self.hours.get(f"{hour:02d}", Tally()) for hour in hours}


def gathered(title: str, found: Iterable[Transaction]) -> list[Report]:
    """A report for each currency, in the order in which they were first taken."""
    reports: dict[str, Report] = {}
    for one in found:
        if not one.training:
            reports.setdefault(one.currency, Report(title, one.currency)).add(one)
    return list(reports.values()) or [Report(title, "")]


def table(report: Report) -> Iterator[str]:
    """The report as lines of text."""
    yield f"{report.title}  {report.currency}".rstrip()
    if not report.currency:
        yield "  no transactions"
        return
    for kind, name in _names(report).items():
        tally = report.whole
        yield f"  {name:<8}{tally.counts[kind]:>6}  {_text(report, tally.minors[kind]):>14}"
    yield f"  {'net':<8}{'':>6}  {_text(report, report.whole.net_minor):>14}"
    hours = {f"{hour}:00": tally for hour, tally in report.every_hour().items()}
    yield from _grouped(report, "hour", hours)
    yield from _grouped(report, "scheme", dict(sorted(report.schemes.items())))
    yield from _grouped(report, "cashier", dict(sorted(report.cashiers.items())))
    if report.declines:
        yield "declined"
        for reason, count in report.declines.most_common():
            yield f"{count:>6}  {reason}"


def _grouped(report: Report, head: str, tallies: dict[str, Tally]) -> Iterator[str]:
    """A line each: how many and how much of every kind, and the net; nothing for no lines."""
    if not tallies:
        return
    column = max(8, *(width(name) for name in tallies))
    names = _names(report)
    heads = "".join(f"  {name:>7}  {'sum':>12}" for name in names.values())
    yield f"{head:<{column}}{heads}  {'net':>12}"
    for name, tally in tallies.items():
        cells = "".join(
            f"  {tally.counts[kind]:>7}  {_text(report, tally.minors[kind]):>12}" for kind in names
        )
        blank = " " * (column - width(name))
        yield f"{name}{blank}{cells}  {_text(report, tally.net_minor):>12}"


def _names(report: Report) -> dict[Kind, str]:
    """The kinds that a report has columns of; completions where there are any."""
    counts = report.whole.counts
    return {k: name for k, name in _NAMES.items() if k in TOLD_ALWAYS or counts[k]}


def _text(report: Report, minor: int) -> str:
    return money(minor, report.currency)
