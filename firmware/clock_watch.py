"""Notices that the wall clock was moved: the journal keeps its order by number, and says so."""

from __future__ import annotations

from datetime import datetime, timedelta

from firmware.journal.records import ClockJumped
from firmware.journal.store import Journal

TOLERANCE_S = 60  # what a time server puts right without a word


class ClockWatch:
    """Holds the wall clock against the monotonic one, and at start against the last record."""

    def __init__(self) -> None:
        self._before: tuple[datetime, int] | None = None

    def look(self, wall: datetime, monotonic_ms: int, journal: Journal) -> tuple[ClockJumped, ...]:
        """The record to write first when the clock jumped since the last look; else none.

        At the first look only a clock that went back is known to be wrong.
        """
        before, self._before = self._before, (wall, monotonic_ms)
        if before is None:
            by_s = min(0, _seconds_since_last_record(wall, journal))
        else:
            by_s = _seconds(wall - before[0]) - (monotonic_ms - before[1]) // 1000
        return (ClockJumped(by_s=by_s),) if abs(by_s) > TOLERANCE_S else ()


def _seconds_since_last_record(wall: datetime, journal: Journal) -> int:
    sequence, _ = journal.head()
    for entry in journal.records(sequence, sequence):
        return _seconds(wall - datetime.fromisoformat(entry.at))
    return 0


def _seconds(span: timedelta) -> int:
    return span.days * 86_400 + span.seconds
