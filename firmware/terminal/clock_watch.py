"""Notices that the wall clock was moved, and records it; records are ordered by number.

At start, and before anything that moves money, a clock that makes no sense stops trade: one before
this release, far before what the journal has seen, or so long after it that the year is likely
mistyped. While the terminal runs, time that passed since the clock was trusted does not count.
With such a clock only what people do to correct it is recorded.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from firmware.flows.outage import CLOCK
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.records import ClockJumped, DeviceRecovered, PasswordFailed
from firmware.journal.store import Journal

SECOND = timedelta(seconds=1)
TOLERANCE_S = 60  # a jump of up to this is a time server's correction, and not recorded
RELEASED = datetime(2026, 1, 1, tzinfo=UTC)  # a clock before it is certainly wrong
BEHIND_MAX = timedelta(hours=36)  # a date that is one day off is only recorded
DAYS_BEHIND_MAX = timedelta(days=1)  # of the day that transactions are counted to
AHEAD_MAX = timedelta(days=364)  # a year that is one too high shows even on the day after a sale
RECORDS_SEEN = 64  # how many of the last records are read for the latest time


class ClockWatch:
    """Compares the wall clock with the monotonic one, and at start with the last records."""

    def __init__(self) -> None:
        self._before: tuple[datetime, int] | None = None
        self._trusted: tuple[datetime, int] | None = None  # wall and monotonic time
        self._unwritten_s = self._untold_s = 0

    def check(
        self, wall: datetime, monotonic_ms: int, journal: Journal, *, trust: bool = False
    ) -> None:
        """Raise JournalFault while the clock makes no sense: at start, and before money moves.

        The clock is compared with the date of this release and of the last transactions; at first
        also with the last records, and once trusted with the time that passed since. With `trust`
        the supervisor has confirmed it, and only a date before this release is refused.
        """
        if wall < RELEASED:
            raise JournalFault(Trouble.CLOCK_UNSET, _words(wall, _latest(journal)))
        if trust:
            self._trusted = wall, monotonic_ms
            return
        self.check_ahead(wall, monotonic_ms)
        if self._trusted is None:
            latest = _latest(journal)
            if wall < latest - BEHIND_MAX:
                raise JournalFault(Trouble.CLOCK_BEHIND, _words(wall, latest))
            if wall > latest + AHEAD_MAX:
                raise JournalFault(Trouble.CLOCK_AHEAD, _words(wall, latest))
        day = journal.trading_day()
        if day and date.fromisoformat(day) - wall.date() > DAYS_BEHIND_MAX:
            said = f"{wall.isoformat(timespec='minutes')} after transactions of {day}"
            raise JournalFault(Trouble.CLOCK_BEHIND, said)
        self._trusted = self._trusted or (wall, monotonic_ms)

    def check_ahead(self, wall: datetime, monotonic_ms: int) -> None:
        """Raise JournalFault while it is over `AHEAD_MAX` ahead of where it should be by now."""
        if self._trusted is None:
            return
        then, then_ms = self._trusted
        expected = then + timedelta(milliseconds=monotonic_ms - then_ms)
        if wall > expected + AHEAD_MAX:
            raise JournalFault(Trouble.CLOCK_AHEAD, _words(wall, expected))

    def look(self, wall: datetime, monotonic_ms: int, journal: Journal) -> tuple[ClockJumped, ...]:
        """The record to write first when the clock has jumped; else none.

        At the first look only a clock that went back is known to be wrong.
        """
        before, self._before = self._before, (wall, monotonic_ms)
        if before is None:
            sequence, _ = journal.head()
            last = next(journal.records(sequence, sequence), None)
            by_s = min(0, (wall - last.moment) // SECOND) if last is not None else 0
        else:
            by_s = (wall - before[0]) // SECOND - (monotonic_ms - before[1]) // 1000
        if abs(by_s) > TOLERANCE_S:
            self._unwritten_s += by_s
            self._untold_s += by_s
        return (ClockJumped(by_s=self._unwritten_s),) if self._unwritten_s else ()

    def written(self) -> None:
        """To be called when the record of `look` is in the journal: `look` gives it until then."""
        self._unwritten_s = 0

    def untold_s(self) -> int:
        """By how many seconds the clock has jumped since the last call."""
        untold, self._untold_s = self._untold_s, 0
        return untold


def _words(wall: datetime, latest: datetime) -> str:
    return f"{wall.isoformat(timespec='minutes')} after {latest.isoformat(timespec='minutes')}"


def _latest(journal: Journal) -> datetime:
    """The latest time in the last records, counted anew from a correction of the clock."""
    head, _ = journal.head()
    latest = RELEASED
    for entry in journal.records(max(1, head - RECORDS_SEEN), head):
        record = entry.record
        if isinstance(record, PasswordFailed):
            continue  # perhaps keyed to confirm this very clock, which may be wrong
        put_right = isinstance(record, ClockJumped) or record == DeviceRecovered(device=CLOCK)
        latest = entry.moment if put_right else max(latest, entry.moment)
    return latest
