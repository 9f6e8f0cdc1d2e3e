"""A measured figure with its aim, and figures as a table or as JSON."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from firmware import __version__

NAME_COLUMNS, VALUE_COLUMNS = 44, 12


class Figure(Struct, frozen=True):
    """One figure. `aim` is what it should be at most; `why_not` says why it was not measured.

    `also` are figures that belong to it, each with its unit or what it counts.
    """

    name: str
    value: float | None
    unit: str
    aim: float | None = None
    note: str = ""
    why_not: str = ""
    also: tuple[tuple[str, float], ...] = ()

    @property
    def holds(self) -> bool | None:
        """Whether it keeps its aim; None without one."""
        if self.aim is None or self.value is None:
            return None
        return self.value <= self.aim


def unmeasured(name: str, unit: str, why_not: str) -> Figure:
    """A figure that could not be had here."""
    return Figure(name, None, unit, why_not=why_not)


def p99(values: Sequence[float]) -> float:
    """What 99 of 100 stay within; the highest where fewer than 100 were measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * 99 // 100) - 1)]


def line(figure: Figure) -> str:
    """One row of the table."""
    if figure.value is None:
        return f"  {figure.name:<{NAME_COLUMNS}} {'—':>{VALUE_COLUMNS}} {figure.why_not}"
    row = f"  {figure.name:<{NAME_COLUMNS}} {_number(figure.value):>{VALUE_COLUMNS}} {figure.unit}"
    if figure.aim is not None:
        verdict = "held" if figure.holds else "MISSED"
        row += f"   aim ≤ {_number(figure.aim)}: {verdict}"
    for what, value in figure.also:
        row += f" · {_number(value)} {what}"
    return f"{row}   ({figure.note})" if figure.note else row


def as_json(groups: dict[str, list[Figure]]) -> str:
    """Every figure with its group, and what it was measured on."""
    figures: list[dict[str, Any]] = [
        {"group": group, **_plain(figure)} for group, found in groups.items() for figure in found
    ]
    return json.dumps({"measured_on": machine(), "figures": figures}, indent=1, ensure_ascii=False)


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    return {
        "version": __version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": _processor(),
        "system": platform.platform(),
    }


def _plain(figure: Figure) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": figure.name, "value": figure.value, "unit": figure.unit}
    if figure.aim is not None:
        plain |= {"aim": figure.aim, "holds": figure.holds}
    if figure.also:
        plain["also"] = dict(figure.also)
    if figure.note:
        plain["note"] = figure.note
    if figure.why_not:
        plain["why_not"] = figure.why_not
    return plain


def _number(value: float) -> str:
    """Whole if it is or is large, else three significant digits."""
    if value == int(value) or abs(value) >= 100:
        return f"{round(value):,}"
    return f"{value:.3g}"


def _processor() -> str:
    """The processor's name; on a Pi the board's is more telling."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    for key in ("Model\t", "model name\t"):
        for line in lines:
            if line.startswith(key):
                return line.partition(":")[2].strip()
    return platform.processor()
