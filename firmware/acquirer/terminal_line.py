"""One connection of a terminal to a server: its frames one after the other, and its time limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from msgspec import Struct

from firmware.iso8583.frame import FRAME_MAX, HEADER_BYTES, LENGTH_BYTES, TPDU_BYTES

FRAME_MIN = TPDU_BYTES + HEADER_BYTES + 2
UNSENT_MAX = 4 * FRAME_MAX  # bytes that wait for a peer who does not read; then nothing is taken


class Limits(Struct, frozen=True):
    """What one server takes on: connections, a frame's time, and the time between two."""

    connections: int = 256
    frame_s: float = 10
    idle_s: float = 60


class Reply(Struct, frozen=True):
    """What goes back for a frame: after `delay_ms` these frames; then it may end with `close`."""

    frames: tuple[bytes, ...] = ()
    delay_ms: int = 0
    close: bool = False


class Left(Protocol):
    """Called when a connection ends; `broken` if a frame was cut off, or it failed."""

    def __call__(self, line: TerminalLine, *, broken: bool) -> None: ...


class TerminalLine(asyncio.Protocol):
    """Used on the loop's thread alone. `ask` gets each whole frame, None for what is none.

    The next frame is looked at when `reply` has been called for the one before.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        limits: Limits,
        ask: Callable[[TerminalLine, bytes | None], None],
        left: Left,
    ) -> None:
        self._loop, self._limits, self._ask, self._has_left = loop, limits, ask, left
        self._gathered = bytearray()
        self._is_asking = self._is_ending = self._is_full = self._is_paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._due_s: float = 0
        self._delayed: tuple[asyncio.TimerHandle, Reply] | None = None
        self.opening: asyncio.Task[None] | None = None
        self.transport: asyncio.Transport | None = None
        self.waits_since_s = loop.time()
        self.has_asked = False  # a whole frame came, so it is probably a terminal

    @property
    def is_waiting(self) -> bool:
        """Whether none of its frames is being answered."""
        return not self._is_asking

    # -- what the loop tells -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=UNSENT_MAX)
        self._wait()
        if self._is_ending:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        was_empty = not self._gathered
        self._gathered += data
        if self._is_asking or self._is_full:
            if len(self._gathered) > LENGTH_BYTES + FRAME_MAX and not self._is_paused:
                self._is_paused = True
                self._transport.pause_reading()
            return
        if was_empty:
            self._due_in(self._limits.frame_s)
        self._next()

    def eof_received(self) -> bool:
        """Whether it stays open: an answer that is being made still leaves."""
        self._is_ending = True
        is_plain = self._transport.get_extra_info("ssl_object") is None
        return self._is_asking and is_plain  # TLS cannot end one direction alone

    def pause_writing(self) -> None:
        self._is_full = True
        self._due_in(self._limits.frame_s)

    def resume_writing(self) -> None:
        self._is_full = False
        if not self._is_asking:
            self._wait()
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        broken = exc is not None or (bool(self._gathered) and not self._is_asking)
        self._has_left(self, broken=broken)

    # -- what the server tells -----------------------------------------------------------------

    def reply(self, reply: Reply) -> None:
        """Answer the frame that was handed on last."""
        if reply.delay_ms and not self._is_ending:
            later = self._loop.call_later(reply.delay_ms / 1000, self._send, reply)
            self._delayed = later, reply
        else:
            self._send(reply)

    def end(self) -> None:
        """End it, after an answer that is being made has left; a delayed one leaves now."""
        self._is_ending = True
        if self._delayed is not None:
            later, reply = self._delayed
            later.cancel()
            self._send(reply)
        elif not self._is_asking:
            self._close()

    def abort(self) -> None:
        """End it at once."""
        if self.transport is not None:
            self.transport.abort()
        elif self.opening is not None:
            self.opening.cancel()

    # -- its own -------------------------------------------------------------------------------

    @property
    def _transport(self) -> asyncio.Transport:
        assert self.transport is not None
        return self.transport

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.close()
        else:
            self.abort()

    def _next(self) -> None:
        """Hand on the frame that has come, if it is whole."""
        if self._is_asking or self._is_full or len(self._gathered) < LENGTH_BYTES:
            return
        size = int.from_bytes(self._gathered[:LENGTH_BYTES], "big")
        if not FRAME_MIN <= size <= FRAME_MAX:
            self._gathered.clear()
            self._ask(self, None)
            self._transport.close()
            return
        if len(self._gathered) < LENGTH_BYTES + size:
            return
        frame = bytes(self._gathered[: LENGTH_BYTES + size])
        del self._gathered[: LENGTH_BYTES + size]
        self._is_asking = self.has_asked = True
        self._due_s = 0
        self._ask(self, frame)

    def _send(self, reply: Reply) -> None:
        self._is_asking, self._delayed = False, None
        transport = self._transport
        if transport.is_closing():
            return
        transport.write(b"".join(reply.frames))
        if reply.close or (self._is_ending and not self._gathered):
            transport.close()
            return
        self._wait()
        if self._is_paused:
            self._is_paused = False
            transport.resume_reading()
        self._next()

    def _wait(self) -> None:
        """For the next frame, or for the rest of one that has begun to come."""
        self.waits_since_s = self._loop.time()
        self._due_in(self._limits.frame_s if self._gathered else self._limits.idle_s)

    def _due_in(self, seconds: float) -> None:
        """End the connection after `seconds`, unless this is called again before."""
        self._due_s = self._loop.time() + seconds
        if self._timer is None or self._timer.when() > self._due_s:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(self._due_s, self._is_due)

    def _is_due(self) -> None:
        self._timer = None
        if not self._due_s:  # it is being answered
            return
        if self._loop.time() < self._due_s:
            self._timer = self._loop.call_at(self._due_s, self._is_due)
        elif self._gathered or self._is_full:
            self._has_left(self, broken=True)
            self._gathered.clear()
            self._transport.abort()
        else:
            self._transport.close()
