"""Runs blocking drivers on threads of their own and posts what happens into the inbox.

The only module of the project that has threads for devices; the maker of a worker starts its
`thread`. Each worker owns its driver: no other thread calls it, `CardReader.interrupt` apart.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from hw.events import JobDone, Post
from hw.keypad import REST_PERIOD_MS
from hw.ports import CardReader, Clock, Keypad

POLL_MS = 1_000
JOIN_MS = 5_000
JOIN_STEP_MS = 50  # so soon it is seen that there is no time left after all
KEYPAD_STUCK_MS = 5_000  # a scan takes a millisecond
READER_STUCK_MS = 60_000  # a card may take seconds for a command, and pcscd as long to restart


class WorkerThread:
    """A thread that loops, and can be asked whether it still does.

    `body` calls `beat` once a round; `stuck_ms` without a beat is a stuck thread.
    """

    def __init__(
        self, name: str, body: Callable[[], None], clock: Clock, stuck_ms: int | None = None
    ) -> None:
        self.name = name
        self.failure: Exception | None = None
        self._body = body
        self._clock = clock
        self._stuck_ms = stuck_ms
        self._beat_ms = clock.monotonic_ms()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it runs and is not stuck: the watchdog is fed only then."""
        if not self._thread.is_alive():
            return False
        since_ms = self._clock.monotonic_ms() - self._beat_ms
        return self._stuck_ms is None or since_ms < self._stuck_ms

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def beat(self) -> None:
        """Note that the body begins a round."""
        self._beat_ms = self._clock.monotonic_ms()

    def join(self, left_ms: Callable[[], int] = lambda: JOIN_MS) -> bool:
        """Wait for the end, as long as `left_ms` says: a driver may hang in the kernel.

        One that was never started does its last round now. False when it has not ended.
        """
        if self._thread.ident is None:
            self.start()
        until_ms = self._clock.monotonic_ms() + JOIN_MS
        while self._thread.is_alive():
            wait_ms = min(left_ms(), until_ms - self._clock.monotonic_ms(), JOIN_STEP_MS)
            if wait_ms <= 0:
                return False
            self._thread.join(timeout=wait_ms / 1000)
        return True

    def _run(self) -> None:
        try:
            self._body()
        except Exception as error:  # noqa: BLE001 - a bug; the main loop raises it
            self.failure = error


class JobWorker:
    """One thread that runs jobs in order. See hw.ports.Worker."""

    def __init__(self, name: str, post: Post, clock: Clock) -> None:
        self._post = post
        self._clock = clock
        self._jobs: queue.SimpleQueue[tuple[int, Callable[[], object]] | None] = queue.SimpleQueue()
        self.thread = WorkerThread(name, self._run, clock)  # a job may take its time

    def submit(self, token: int, job: Callable[[], object]) -> None:
        self._jobs.put((token, job))

    def end(self) -> None:
        """Let the thread end after the jobs that wait."""
        self._jobs.put(None)

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
        self.thread = WorkerThread("reader", self._run, clock, READER_STUCK_MS)

    def submit(self, token: int, job: Callable[[], object]) -> None:
        self._jobs.put((token, job))
        self._reader.interrupt()

    def end(self) -> None:
        """Let the thread end, and give the reader back there."""
        self._stopping.set()
        self._reader.interrupt()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.thread.beat()
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
        self.thread = WorkerThread("keypad", self._run, clock, KEYPAD_STUCK_MS)

    def end(self) -> None:
        """Let the thread end, and give the keypad back there."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(self._period_s()):
            self.thread.beat()
            for event in self._keypad.scan(self._clock.monotonic_ms()):
                self._post(event)
        self._keypad.close()

    def _period_s(self) -> float:
        resting = self._keypad.at_rest
        return (REST_PERIOD_MS if resting else self._keypad.scan_period_ms) / 1000


def _perform(token: int, job: Callable[[], object], post: Post, clock: Clock) -> None:
    """Run one job; whatever it raises travels to the main loop as the job's result."""
    result: object
    try:
        result = job()
    except Exception as error:  # noqa: BLE001 - the runner decides what is a fault and what a bug
        result = error
    post(JobDone(token, result, clock.monotonic_ms()))
