"""The chart of a report: sales and refunds by hour, and declines by reason, on one picture.

Drawn by leather as SVG and made a PNG by resvg, two small packages without system libraries
(`pos-terminal[report]`), in the face that vouchers are printed with.
"""

from __future__ import annotations

import re

import leather
import resvg_py

from firmware.audit.report import Report
from firmware.core.money import CURRENCIES
from hw.printer_font import FACES

WIDTH_PX, CHART_HEIGHT_PX = 900, 300
FACE = FACES / "paper-hanzi.ttf"
SALES, REFUNDS, DECLINES = "#2a6f97", "#bc4749", "#6c757d"
REASONS_MAX = 8
_FAMILY = re.compile(r'font-family="[^"]*"')


def draw(report: Report) -> bytes:
    """The chart as the bytes of a PNG file. Raises ImportError without `pos-terminal[report]`."""
    charts = [_hours(report, "消费 Sales", report.sales, SALES)]
    if report.refunds:
        charts.append(_hours(report, "退货 Refunds", report.refunds, REFUNDS))
    if report.declines:
        charts.append(_declines(report))
    parts, top_px = [], 0
    for chart in charts:
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


def _hours(report: Report, name: str, sums: dict[int, int], colour: str) -> leather.Chart:
    """Bars of major units by hour; a chart alone may round, and so uses floats."""
    exponent = CURRENCIES[report.currency].exponent
    hours = report.hours or range(9, 10)
    data = [(f"{hour:02d}", sums.get(hour, 0) / 10**exponent) for hour in hours]
    chart = leather.Chart(f"{report.title}  {name} ({report.currency})")
    chart.add_columns(data, fill_color=colour)
    return chart


def _declines(report: Report) -> leather.Chart:
    """Bars of how often, by reason, the most frequent at the top."""
    found = report.declines.most_common(REASONS_MAX)
    chart = leather.Chart(f"{report.title}  拒绝 Declined")
    chart.add_bars([(count, reason) for reason, count in found], fill_color=DECLINES)
    most = max((count for _, count in found), default=1)
    chart.add_x_axis(ticks=list(range(0, most + 1, -(-most // 5))))  # nobody is declined by halves
    return chart


def _family_name() -> str:
    from PIL import ImageFont  # noqa: PLC0415 - only to ask a face for its name

    name = ImageFont.truetype(str(FACE), 12).getname()[0]
    assert name is not None, "our own face has a name"
    return name
