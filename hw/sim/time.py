"""Virtual time: the modelled devices and the terminal's runner on one thread, without waiting.

Time passes only here. Between two moments nothing happens by construction, so a day of idling
costs as little as the few wake-ups in it, and the same inputs give the same run every time.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from hw.events import DeviceEvent, JobDone
from hw.ports import CardReader, Keypad

COARSE_ABOVE_MS = 3_600_000
COARSE_STEPS = 300
LOOK_AGAIN_MS = 500


class VirtualClock:
    """A clock that stands still until it is moved. Keeps wall and monotonic time together."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._jumped = timedelta()
        self._now_ms = 0

    def monotonic_ms(self) -> int:
        return self._now_ms

    def now(self) -> datetime:
        return self._start + timedelta(milliseconds=self._now_ms) + self._jumped

    def advance_to(self, at_ms: int) -> None:
        """Move both clocks on. Raises ValueError for a moment that is past."""
        if at_ms < self._now_ms:
            raise ValueError(f"time does not go back from {self._now_ms} to {at_ms} ms")
        self._now_ms = at_ms

    def jump(self, by: timedelta) -> None:
        """Move the wall clock alone, as a wrong NTP server or a dead battery does."""
        self._jumped += by

    def jump_back(self) -> None:
        """Put the wall clock right again."""
        self._jumped = timedelta()


class Driven(Protocol):
    """What virtual time drives: the terminal's runner."""

    @property
    def deadline_ms(self) -> int: ...

    @property
    def settled(self) -> bool: ...

    def step(self, event: DeviceEvent | None) -> None: ...


class Polled(Protocol):
    """A model whose driver must be polled after each change."""

    @property
    def version(self) -> int: ...


class VirtualTime:
    """A calendar of what will happen, and the inbox that events wait in."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self._calendar: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._inbox: deque[DeviceEvent] = deque()
        self._watched: list[Callable[[], int | None]] = []

    def post(self, event: DeviceEvent) -> None:
        """Put an event into the inbox."""
        self._inbox.append(event)

    def after(self, delay_ms: int, happen: Callable[[], None]) -> None:
        """Let something happen `delay_ms` from now; in order of asking when at the same time."""
        self._count += 1
        at_ms = self.clock.monotonic_ms() + delay_ms
        heapq.heappush(self._calendar, (at_ms, self._count, happen))

    def watch(self, look: Callable[[], int | None]) -> None:
        """Call `look` at each moment; it says when it must be called again at the latest."""
        self._watched.append(look)

    def forget(self) -> None:
        """Drop what is planned and what is in the inbox: the power is gone."""
        self._calendar.clear()
        self._inbox.clear()
        self._watched.clear()

    def run_until(self, driven: Driven, until_ms: int) -> None:
        """Let time pass up to `until_ms`. Over an hour, wake-ups close together become one."""
        while True:
            wanted_ms = self._look()
            while self._inbox:
                driven.step(self._inbox.popleft())
                wanted_ms = self._look()
            next_ms = min(wanted_ms, driven.deadline_ms)
            now_ms = self.clock.monotonic_ms()
            left_ms = until_ms - now_ms
            if left_ms > COARSE_ABOVE_MS and not self._calendar:
                next_ms = max(next_ms, now_ms + left_ms // COARSE_STEPS)
            if next_ms > until_ms:
                self.clock.advance_to(until_ms)
                return
            self.clock.advance_to(max(next_ms, now_ms))
            if self._happen() or self._inbox:
                continue
            if driven.deadline_ms <= self.clock.monotonic_ms():
                driven.step(None)

    def settle(self, driven: Driven, limit_ms: int = 600_000) -> None:
        """Let time pass until the terminal waits for people. Raises TimeoutError at the limit."""
        end_ms = self.clock.monotonic_ms() + limit_ms
        self.run_until(driven, self.clock.monotonic_ms())
        while not driven.settled:
            next_ms = min(self._look(), driven.deadline_ms)
            if next_ms > end_ms:
                raise TimeoutError(f"not settled after {limit_ms} ms")
            self.run_until(driven, max(next_ms, self.clock.monotonic_ms()))

    def _look(self) -> int:
        """When something of the models is due."""
        due = [at for at in (look() for look in self._watched) if at is not None]
        if self._calendar:
            due.append(self._calendar[0][0])
        return min(due, default=1 << 62)

    def _happen(self) -> bool:
        """Let what is due by now happen; whether anything was."""
        now_ms = self.clock.monotonic_ms()
        happened = False
        while self._calendar and self._calendar[0][0] <= now_ms:
            _, _, happen = heapq.heappop(self._calendar)
            happen()
            happened = True
        return happened


class VirtualWorker:
    """Runs a job where it is submitted and posts its end after the time that it would take."""

    def __init__(self, time: VirtualTime, duration_ms: Callable[[], int]) -> None:
        """`duration_ms` is asked after each job: a printer's depends on its bytes."""
        self._time = time
        self._duration_ms = duration_ms

    def submit(self, token: int, job: Callable[[], object]) -> None:
        result: object
        try:
            result = job()
        except Exception as error:  # noqa: BLE001 - as the thread's worker: the runner decides
            result = error
        time = self._time

        def done() -> None:
            time.post(JobDone(token, result, time.clock.monotonic_ms()))

        time.after(self._duration_ms(), done)


def watch_keypad(time: VirtualTime, keypad: Keypad, matrix: Polled) -> None:
    """Scan at the keypad's period while a switch moves or the driver is not at rest."""
    scanned = {"version": -1, "at_ms": -keypad.scan_period_ms}

    def look() -> int | None:
        if keypad.at_rest and matrix.version == scanned["version"]:
            return None
        now_ms = time.clock.monotonic_ms()
        if now_ms >= scanned["at_ms"] + keypad.scan_period_ms:
            scanned["version"], scanned["at_ms"] = matrix.version, now_ms
            for event in keypad.scan(now_ms):
                time.post(event)
        return scanned["at_ms"] + keypad.scan_period_ms

    time.watch(look)


def watch_reader(time: VirtualTime, reader: CardReader, slot: Polled) -> None:
    """Poll the reader when the slot has changed, and again a little later for what follows."""
    polled = {"version": -1, "again_ms": 0}

    def look() -> int | None:
        now_ms = time.clock.monotonic_ms()
        changed = slot.version != polled["version"]
        if changed:
            polled["again_ms"] = now_ms + 2 * LOOK_AGAIN_MS
        if changed or (now_ms % LOOK_AGAIN_MS == 0 and now_ms <= polled["again_ms"]):
            polled["version"] = slot.version
            for event in reader.poll(0):
                time.post(event)
        next_ms = now_ms - now_ms % LOOK_AGAIN_MS + LOOK_AGAIN_MS
        return next_ms if next_ms <= polled["again_ms"] else None

    time.watch(look)
