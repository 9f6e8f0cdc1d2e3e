"""Runs the tests on another day: `pytest --on-date 2032-02-29`, or `--on-date +15m` from today.

The date is moved within the process, and within each Python that a test starts: `sitecustomize.py`
here is imported by it. Clocks of others stay: the file system's, OpenSSL's, other programs'.
"""

from __future__ import annotations

import argparse
import calendar
import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

MOVED_S = "POS_TESTS_MOVED_S"  # by how many seconds, for processes that tests start


def on_date(text: str) -> str:
    """The option's value as it stands, when it can be one; else raises ArgumentTypeError."""
    try:
        moved(datetime(2000, 1, 1, tzinfo=UTC), text)
    except ValueError:
        words = f"YYYY-MM-DD, or +15m for months from today, not {text!r}"
        raise argparse.ArgumentTypeError(words) from None
    return text


def moved(now: datetime, text: str) -> datetime:
    """The moment that `text` names, at the time of day that it is. Raises ValueError."""
    months = re.fullmatch(r"\+(\d{1,3})m", text)
    day = _later(now.date(), int(months[1])) if months else _iso(text)
    return now.replace(year=day.year, month=day.month, day=day.day)


def _iso(text: str) -> date:
    return date.fromisoformat(text)


def _later(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def python_path(first: Path) -> str:
    """PYTHONPATH of a process that is to be on this run's day, and finds modules in `first`."""
    return os.pathsep.join([os.fspath(first), *filter(None, [os.environ.get("PYTHONPATH")])])


def move(text: str) -> None:
    """Move this process, and those that it starts, for the rest of their lives."""
    from firmware.core.clock import SystemClock  # noqa: PLC0415 - also imported where nothing is moved

    now = SystemClock().now().astimezone(UTC)
    by_s = round((moved(now, text) - now).total_seconds())
    os.environ[MOVED_S] = str(by_s)
    os.environ["PYTHONPATH"] = python_path(Path(__file__).parent)
    move_by(by_s)


def move_by(by_s: int) -> None:
    """Move this process. Raises ModuleNotFoundError without time-machine."""
    import time_machine  # noqa: PLC0415 - for runs on another day alone

    from firmware.core.clock import SystemClock  # noqa: PLC0415

    then = SystemClock().now().astimezone(UTC) + timedelta(seconds=by_s)
    time_machine.travel(then, tick=True).start()
