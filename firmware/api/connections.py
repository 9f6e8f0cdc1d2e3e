"""Limits connections: how many there are, and how long one may take for a whole request.

The API runs in the terminal's process: too many connections would use up the file descriptors that
the journal needs. See RFC 9112, 9.8, for connections that a server closes.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

CONNECTIONS_MAX = 128
HEAD_S = 10  # for the head of a request, from the connection or its first byte


class BoundedConnection(H11Protocol):
    """A connection that, if it is one too many, closes the one that has been idle longest."""

    _head_due: asyncio.TimerHandle | None = None
    since_s = 0.0  # when it was made, or has ended its last answer

    @property
    def is_idle(self) -> bool:
        """Whether no request of it is being answered."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, and close another where there are too many."""
        super().connection_made(transport)
        self.since_s = self.loop.time()
        self._wait_for_head()
        if len(self.connections) > CONNECTIONS_MAX:
            others = [each for each in self.connections if isinstance(each, BoundedConnection)]
            idle = [each for each in others if each.is_idle]  # at least this one
            longest = min(idle, key=lambda each: each.since_s)
            self.connections.discard(longest)  # it may be lost only after the next one has come
            longest.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take some bytes; a head that is begun must end in time."""
        super().data_received(data)
        if self.is_idle:
            self._wait_for_head()
        else:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Begin to be idle, but for a request that has begun already."""
        self.since_s = self.loop.time()
        super().on_response_complete()
        if self.is_idle and self.conn.trailing_data[0]:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        if self._head_due is None:
            self._head_due = self.loop.call_later(HEAD_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None
