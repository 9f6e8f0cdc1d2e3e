"""Hosts blocking drivers on threads of their own and posts what happens into the inbox.

The only module of the project that starts threads for devices. Each worker owns its driver: no
other thread calls it, `CardReader.interrupt` apart.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from datetime import datetime

from hw.events import JobDone, Post
from hw.ports import CardReader, Clock, Keypad

POLL_MS = 1_000


class SystemClock:
    """The machine's clocks."""

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def now(self) -> datetime:
        return datetime.now().astimezone()


class JobWorker:
    """One thread that runs jobs in order. See hw.ports.Worker."""

    def __init__(self, name: str, post: Post, clock: Clock) -> None:
        self._post = post
        self._clock = clock
        self._jobs: queue.SimpleQueue[tuple[int, Callable[[], object]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread still runs: the watchdog is fed only then."""
        return self._thread.is_alive()

    def submit(self, token: int, job: Callable[[], object]) -> None:
        self._jobs.put((token, job))

    def stop(self) -> None:
        self._jobs.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while (item := self._jobs.get()) is not None:
            _perform(*item, self._post, self._clock)


class ReaderWorker:
    """One thread that owns the card reader: polls the slot, and between polls runs jobs."""

    def __init__(self, reader: CardReader, post: Post, clock: Clock) -> None:
        self._reader = reader
        self._post = post
        self._clock = clock
        self._jobs: queue.SimpleQueue[tuple[int, Callable[[], object]]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def submit(self, token: int, job: Callable[[], object]) -> None:
        self._jobs.put((token, job))
        self._reader.interrupt()

    def stop(self) -> None:
        self._stopping.set()
        self._reader.interrupt()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            # a session sends its next APDU within milliseconds: do not go back to polling at once
            try:
                item = self._jobs.get(timeout=0.02)
            except queue.Empty:
                if self._jobs.empty():
                    for event in self._reader.poll(POLL_MS):
                        self._post(event)
                continue
            _perform(*item, self._post, self._clock)
        self._reader.close()


class KeypadWorker:
    """One thread that scans the keypad at its period."""

    def __init__(self, keypad: Keypad, post: Post, clock: Clock) -> None:
        self._keypad = keypad
        self._post = post
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keypad", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=5)
        self._keypad.close()

    def _run(self) -> None:
        period_s = self._keypad.scan_period_ms / 1000
        while not self._stopping.wait(period_s):
            for event in self._keypad.scan(self._clock.monotonic_ms()):
                self._post(event)


def _perform(token: int, job: Callable[[], object], post: Post, clock: Clock) -> None:
    """Run one job; whatever it raises travels to the main loop as the job's result."""
    result: object
    try:
        result = job()
    except Exception as error:  # noqa: BLE001 - the runner decides what is a fault and what a bug
        result = error
    post(JobDone(token, result, clock.monotonic_ms()))
