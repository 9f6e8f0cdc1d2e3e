"""The chart of a report: sales, voids and refunds on one scale; schemes, cashiers, declines.

Drawn by leather as SVG and made a PNG by resvg, two small packages without system libraries, in the
typeface that receipts are printed with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import leather
import resvg_py

from firmware.audit.day_report import Report
from firmware.audit.export import Tally
from firmware.core.kinds import Kind
from firmware.core.money import CURRENCIES
from hw.printer_font import FACES

WIDTH_PX, CHART_HEIGHT_PX = 900, 300
FACE = FACES / "paper-hanzi.ttf"
KINDS = {
    Kind.SALE: ("消费 Sales", "#2a6f97"),
    Kind.VOID: ("撤销 Voids", "#c77f1a"),
    Kind.REFUND: ("退货 Refunds", "#bc4749"),
    Kind.COMPLETION: ("预授权完成 Completions", "#5b8e7d"),
    Kind.COMPLETION_VOID: ("完成撤销 Voids of them", "#8d6a9f"),
}
NET, DECLINES = "#40684b", "#6c757d"
ROWS_MAX = 8
_FAMILY = re.compile(r'font-family="[^"]*"')


def draw(reports: Sequence[Report]) -> bytes:
    """The charts of each currency, one below the other, as the bytes of a PNG file."""
    parts, top_px = [], 0
    for chart in (chart for report in reports for chart in _charts(report)):
        svg = chart.to_svg(width=WIDTH_PX, height=CHART_HEIGHT_PX)
        parts.append(f'<g transform="translate(0 {top_px})">{svg}</g>')
        top_px += CHART_HEIGHT_PX
    whole = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_PX}" height="{top_px}">'
        + "".join(parts)
        + "</svg>"
    )
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=_FAMILY.sub("", whole),
            background="#ffffff",
            skip_system_fonts=True,
            font_files=[str(FACE)],
            font_family=_family_name(),
        )
    )


def _charts(report: Report) -> Iterator[leather.Chart]:
    """A panel for whatever there was; sales are there always."""
    for kind in KINDS:
        if kind is Kind.SALE or report.whole.counts[kind]:
            yield _hours(report, kind)
    for name, tallies in (("卡组织 Schemes", report.schemes), ("操作员 Cashiers", report.cashiers)):
        if tallies:
            yield _net(report, name, tallies)
    if report.declines:
        yield _declines(report)


def scale_major(report: Report) -> float:
    """The top of every panel of hours: the busiest hour of any kind, in major units."""
    minors = (abs(minor) for tally in report.hours.values() for minor in tally.minors.values())
    return _major(report, max(minors, default=0)) or 1


def _hours(report: Report, kind: Kind) -> leather.Chart:
    """Columns of major units by hour. All kinds have one scale, so that they can be compared."""
    name, colour = KINDS[kind]
    hours = report.every_hour() or {"09": Tally()}
    data = [(hour, _major(report, abs(tally.minors[kind]))) for hour, tally in hours.items()]
    chart = leather.Chart(f"{report.title}  {name} ({report.currency})")
    chart.add_y_scale(0, scale_major(report))
    chart.add_columns(data, fill_color=colour)
    return chart


def _net(report: Report, name: str, tallies: dict[str, Tally]) -> leather.Chart:
    """Bars of what is left after voids and refunds, the largest at the top."""
    found = sorted(tallies.items(), key=lambda item: -item[1].net_minor)[:ROWS_MAX]
    data = [(_major(report, tally.net_minor), label) for label, tally in found]
    chart = leather.Chart(f"{report.title}  {name}, 净额 net ({report.currency})")
    sums = [major for major, _ in data]
    chart.add_x_scale(min(0, *sums), max(0, *sums) or 1)
    chart.add_bars(data, fill_color=NET)
    return chart


def _declines(report: Report) -> leather.Chart:
    """Bars of how often, by reason, the most frequent at the top."""
    found = report.declines.most_common(ROWS_MAX)
    chart = leather.Chart(f"{report.title}  拒绝 Declined")
    chart.add_bars([(count, reason) for reason, count in found], fill_color=DECLINES)
    most = max((count for _, count in found), default=1)
    chart.add_x_axis(ticks=list(range(0, most + 1, -(-most // 5))))  # a count has no halves
    return chart


def _major(report: Report, minor: int) -> float:
    """Major units for a chart, which alone may round, and so uses floats."""
    currency = CURRENCIES.get(report.currency)
    return float(minor / 10 ** (currency.exponent if currency else 0))


def _family_name() -> str:
    from PIL import ImageFont  # noqa: PLC0415 - only to ask a face for its name

    name = ImageFont.truetype(str(FACE), 12).getname()[0]
    assert name is not None, "our own face has a name"
    return name
