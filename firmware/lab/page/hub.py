"""Where the terminal's thread leaves what pages show, and pages' connections pick it up.

Nothing here waits and nothing grows: of a state only the latest value is kept, of a log the last
entries. A slow page misses frames in between. A message is encoded once, however many pages there
are.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

from msgspec import Struct, field, json

LOGS = {"trace": 400, "records": 400, "paper": 60}  # entries kept of each log


class Seen(Struct):
    """What one page has been sent so far."""

    states: dict[str, int] = field(default_factory=dict)
    logs: dict[str, int] = field(default_factory=dict)


class Hub:
    """The latest of every state and the last entries of every log, from one thread to others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._versions = count(1)
        self._states: dict[str, tuple[int, Any, bytes]] = {}
        self._logs: dict[str, deque[tuple[int, bytes]]] = {
            name: deque(maxlen=size) for name, size in LOGS.items()
        }
        self._wakers: dict[int, Callable[[], None]] = {}

    def put(self, name: str, value: Any) -> None:
        """Say how something stands now; nothing happens when it stood so before."""
        with self._lock:
            if name in self._states and self._states[name][1] == value:
                return
            packed = json.encode({"state": name, "value": value})
            self._states[name] = next(self._versions), value, packed
        self._wake()

    def add(self, name: str, entry: Any) -> None:
        """Add to a log."""
        with self._lock:
            self._logs[name].append((next(self._versions), json.encode(entry)))
        self._wake()

    def clear(self, name: str) -> None:
        """Begin a log anew; pages drop what they have of it."""
        with self._lock:
            self._logs[name].clear()
            self._logs[name].append((next(self._versions), json.encode(None)))
        self._wake()

    def state(self, name: str) -> Any:
        """The latest value of a state; None when there was none."""
        with self._lock:
            return self._states.get(name, (0, None, b""))[1]

    def news(self, seen: Seen) -> bytes:
        """What a page lacks, as a JSON array of messages; `seen` is brought up to date."""
        found: list[bytes] = []
        with self._lock:
            for name, (version, _, packed) in self._states.items():
                if seen.states.get(name) != version:
                    seen.states[name] = version
                    found.append(packed)
            for name, log in self._logs.items():
                known = seen.logs.get(name, 0)
                entries = [entry for version, entry in log if version > known]
                if entries:
                    seen.logs[name] = log[-1][0]
                    found.append(
                        b'{"log":"%b","entries":[%b]}' % (name.encode(), b",".join(entries))
                    )
        return b"[%b]" % b",".join(found)

    def listen(self, wake: Callable[[], None]) -> int:
        """Have `wake` called, on the terminal's thread, when there is news; gives its number."""
        with self._lock:
            number = next(self._versions)
            self._wakers[number] = wake
        return number

    def leave(self, number: int) -> None:
        """Stop listening."""
        with self._lock:
            self._wakers.pop(number, None)

    @property
    def listeners(self) -> int:
        """How many are told of news."""
        return len(self._wakers)

    def _wake(self) -> None:
        with self._lock:
            wakers = list(self._wakers.values())
        for wake in wakers:
            wake()
