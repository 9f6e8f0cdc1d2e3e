"""Asks an acquirer at the end of a real line while the page goes on.

The bench does not decide how long an answer takes, so virtual time keeps to the wall clock until
it is there.
"""

from __future__ import annotations

import queue
from collections.abc import Callable

from firmware.lab.page.pace import PacedTime
from hw.events import DeviceEvent
from hw.worker import JobWorker

LOOK_MS = 20  # so soon what has come is seen


class LineWorker:
    """A thread for the line, which lasts until `end`. See hw.ports.Worker."""

    def __init__(self, time: PacedTime) -> None:
        self._time = time
        self._came: queue.SimpleQueue[DeviceEvent] = queue.SimpleQueue()
        self._jobs = JobWorker("line", self._came.put, time.clock)
        self._jobs.thread.start()
        time.watch(self._look)

    def submit(self, token: int, job: Callable[[], object]) -> None:
        self._time.begin_asking()
        self._jobs.submit(token, job)

    def end(self) -> None:
        """Let the thread end after the jobs that wait; their results are discarded."""
        self._jobs.end()

    def _look(self) -> int | None:
        """Hand on what has come, on the thread on which time passes; when to look again."""
        while not self._came.empty():
            self._time.end_asking()
            self._time.post(self._came.get())
        return self._time.clock.monotonic_ms() + LOOK_MS if self._time.is_asking else None
