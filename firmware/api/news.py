"""Wakes requests that wait for the terminal, and sends the events of orders to their followers.

Each event is read once and packed once, however many streams there are: a stream that is behind
reads its own pages, one that has caught up gets the same bytes as the others. All methods but
`close` are called on the server's loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

import msgspec
from msgspec import Struct

from firmware.api.problems import Why, Wrong
from firmware.api.types import Changed, Event
from firmware.api.views import Door, journal_of
from firmware.journal.orders import OrderEvent

BEAT_S = 15
STREAMS_MAX = 64
RECENT_MAX = 256  # events that are kept for streams; one that is further behind reads the journal


class News:
    """Wakes the requests that wait, when the terminal has something new."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: set[asyncio.Event] = set()
        self._first: Callable[[], None] = lambda: None
        self._due = False  # a wake is scheduled: it covers all news until it runs
        self.over = False
        """Whether the server ends: requests that wait are answered at once."""

    def begin(self) -> None:
        """Listen from now on; call on the loop."""
        self._loop = asyncio.get_running_loop()
        self._door.board.listen(self._heard)

    def end(self) -> None:
        """Listen no more."""
        self._door.board.forget(self._heard)

    def close(self) -> None:
        """Wake all that wait, from any thread: a request that is cut off looks like an error."""
        self.over = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def before(self, look: Callable[[], None]) -> None:
        """Call `look` at each wake, before anybody who waits."""
        self._first = look

    def _heard(self) -> None:
        """On the terminal's thread: cheap, and never blocks."""
        if self._loop is not None and not self._due and not self._loop.is_closed():
            self._due = True
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._due = False  # before reading: news from here on needs another wake
        self._first()
        for event in self._waiting:
            event.set()

    def enter(self) -> asyncio.Event:
        """An event that is set whenever there is news, until `leave`."""
        event = asyncio.Event()
        self._waiting.add(event)
        return event

    def leave(self, event: asyncio.Event) -> None:
        """Wake it no more."""
        self._waiting.discard(event)


class Packed(Struct, frozen=True):
    """An event as it is sent, and its record's number."""

    version: int
    sent: bytes


class EventFeed:
    """The events of orders, for any number of streams."""

    def __init__(self, door: Door, news: News) -> None:
        self._door, self._news = door, news
        self.streams: set[asyncio.Event] = set()
        self._recent: deque[Packed] = deque()
        self._from = self._to = 0  # `_recent` has all events after record `_from`, up to `_to`
        self._stage = ""
        news.before(self._look)

    def stream(self, after: int | None) -> AsyncIterator[bytes]:
        """Server-sent events after a record, or from now on. Raises Wrong."""
        if len(self.streams) >= STREAMS_MAX:
            raise Wrong(Why.TOO_MANY)
        with journal_of(self._door) as journal:
            head = journal.head()[0]
        if not self.streams:
            self._recent.clear()
            self._from = self._to = head
        return self._tell(head if after is None else after)

    async def _tell(self, after: int) -> AsyncIterator[bytes]:
        news, stage = asyncio.Event(), ""
        self.streams.add(news)
        try:
            yield b"retry: 1000\n\n"
            while not self._news.over:
                news.clear()
                while page := self._page(after):
                    for packed in page:
                        after = packed.version
                        yield packed.sent
                if page is not None:  # all was read: there is none between
                    after = max(after, self._from)
                if stage != (stage := self._told()) and stage:
                    name, _, state = stage.partition(" ")
                    data = msgspec.json.encode(Changed(id=name, state=state))
                    yield b"event: stage\ndata: " + data + b"\n\n"
                try:
                    async with asyncio.timeout(BEAT_S):
                        await news.wait()
                except TimeoutError:
                    yield b": still here\n\n"
        finally:
            self.streams.discard(news)

    def _look(self) -> None:
        """Read what is new, once for all, and wake the streams if there is something."""
        if not self.streams:
            return
        found = False
        while page := self._read(self._to):
            found = True
            self._recent.extend(page)
            self._to = page[-1].version
            while len(self._recent) > RECENT_MAX:
                self._from = self._recent.popleft().version
        if found or self._stage != self._told() or self._news.over:
            self._stage = self._told()
            for event in self.streams:
                event.set()

    def _told(self) -> str:
        standing = self._door.board.standing
        return f"{standing.order_id} {standing.stage.value}" if standing.stage else ""

    def _page(self, after: int) -> list[Packed] | None:
        if after < self._from:
            return self._read(after)
        return [packed for packed in self._recent if packed.version > after]

    def _read(self, after: int) -> list[Packed] | None:
        """Some events after a record, oldest first; None while the journal cannot be read."""
        try:
            with journal_of(self._door) as journal:
                found = journal.order_events(after)
        except Wrong:
            return None
        return [
            _packed(version, found) for version in dict.fromkeys(each.version for each in found)
        ]


def _packed(version: int, found: list[OrderEvent]) -> Packed:
    those = [
        Changed(id=each.id, state=each.state.value) for each in found if each.version == version
    ]
    data = msgspec.json.encode(Event(version=version, payments=those))
    return Packed(version, f"id: {version}\nevent: payment\ndata: ".encode() + data + b"\n\n")
