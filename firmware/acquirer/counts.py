"""What a serving acquirer counts, for its metrics and its log: nothing of a card or an amount."""

from __future__ import annotations

import threading
from collections import Counter

BUCKETS_MS = (2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
LONGER_MS = 1 << 40


class Counts:
    """Counters since the start. Used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.answered: Counter[tuple[str, str]] = Counter()  # message type and response code
        self.refused: Counter[str] = Counter()  # frames and connections, by reason
        self.followed: Counter[str] = Counter()  # rules of the tester, by deed
        self.failed = 0  # requests that the books could not take
        self.connections = 0  # open now
        self.times: Counter[int] = Counter()  # answers by the least bucket that holds them
        self.time_sum_us = 0

    def seen(self) -> Counts:
        """The counters as they stand at this moment."""
        copy = Counts()
        with self._lock:
            copy.answered, copy.refused = Counter(self.answered), Counter(self.refused)
            copy.followed, copy.times = Counter(self.followed), Counter(self.times)
            copy.failed, copy.connections = self.failed, self.connections
            copy.time_sum_us = self.time_sum_us
        return copy

    def answer(self, kind: str, code: str, took_us: int) -> None:
        """An answer has been made."""
        bucket = next((each for each in BUCKETS_MS if took_us <= each * 1_000), LONGER_MS)
        with self._lock:
            self.answered[kind, code] += 1
            self.times[bucket] += 1
            self.time_sum_us += took_us

    def refuse(self, reason: str) -> None:
        """A frame or a connection was turned away."""
        with self._lock:
            self.refused[reason] += 1

    def follow(self, deed: str) -> None:
        """A rule of the tester was followed."""
        with self._lock:
            self.followed[deed] += 1

    def fail(self) -> None:
        """The books could not take a request: it has no answer."""
        with self._lock:
            self.failed += 1

    def connect(self, change: int) -> None:
        """A connection came (1) or went (-1)."""
        with self._lock:
            self.connections += change
