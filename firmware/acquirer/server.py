"""Listens for terminals: frames in, answers out, all of it bounded.

A connection has a thread, and there are at most so many. One more takes the place of the one that
has waited longest without asking anything, strangers' first: who holds connections open keeps no
terminal away. A frame is to be whole within FRAME_S of its first byte, whoever sends byte by byte.
What is no frame ends its connection without an answer: after a wrong length nothing that follows
can be told apart.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable

from msgspec import Struct

from firmware.acquirer.counts import Counts
from firmware.core.log import fields as event
from firmware.iso8583.frame import FRAME_MAX, HEADER_BYTES, LENGTH_BYTES, TPDU_BYTES

FRAME_S = 10
IDLE_S = 60
PLACE_S = 1  # a connection that is ended for another leaves its place within this
CONNECTIONS_MAX = 256
BACKLOG = 128
PAUSE_S = 1  # before another is taken where none could be
FRAME_MIN = TPDU_BYTES + HEADER_BYTES + 2

_LOG = logging.getLogger(__name__)


class Reply(Struct, frozen=True):
    """What goes back for a frame: after `delay_ms` these frames; then it may end with `close`."""

    frames: tuple[bytes, ...] = ()
    delay_ms: int = 0
    close: bool = False


class Limits(Struct, frozen=True):
    """What one server takes on."""

    connections: int = CONNECTIONS_MAX
    frame_s: float = FRAME_S
    idle_s: float = IDLE_S


class _Line(Struct, eq=False):
    """A connection: since when it waits for a frame, 0 while one is coming or being answered."""

    socket: socket.socket
    waits_since_s: float
    has_asked: bool = False  # a whole frame came: a terminal, for all one can know


class Server:
    """Answers on `address`:`port` by `answer`, over TLS if a context is given.

    `answer` takes a whole frame, on the connection's thread. Raises OSError for a taken port.
    """

    def __init__(
        self,
        answer: Callable[[bytes], Reply],
        counts: Counts,
        *,
        address: str,
        port: int,
        tls: ssl.SSLContext | None = None,
        limits: Limits = Limits(),  # noqa: B008 - it is frozen
    ) -> None:
        self._answer, self._counts, self._tls, self._limits = answer, counts, tls, limits
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, port), family=family, backlog=BACKLOG)
        self.port = int(self._listener.getsockname()[1])
        self._free = threading.Semaphore(limits.connections)
        self._lines: set[_Line] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Take no more connections, and end those that wait; an answer being made still leaves."""
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            _end(line.socket, socket.SHUT_RD)
        until_s = time.monotonic() + self._limits.frame_s
        for _ in range(self._limits.connections):  # each has its place back when it has ended
            if not self._free.acquire(timeout=max(0, until_s - time.monotonic())):
                break

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                line, _ = self._listener.accept()
            except OSError as error:
                if self._ended.is_set():
                    return
                # out of descriptors or the like: those that are open will end
                _LOG.error("no connection taken", extra=event(detail=error.strerror))
                self._ended.wait(PAUSE_S)
                continue
            if not self._has_place():
                self._counts.refuse("too many connections")
                line.close()
                continue
            try:
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()
            except RuntimeError as error:  # no more threads
                _LOG.error("no connection taken", extra=event(detail=error))
                line.close()
                self._free.release()

    def _has_place(self) -> bool:
        """Take a place for one more connection, that of another if it must be."""
        if self._free.acquire(blocking=False):
            return True
        with self._lock:
            waiting = [line for line in self._lines if line.waits_since_s]
            if not waiting:
                return False
            longest = min(waiting, key=lambda line: (line.has_asked, line.waits_since_s))
            longest.waits_since_s = 0
        self._counts.refuse("ended for another")
        _end(longest.socket, socket.SHUT_RDWR)
        return self._free.acquire(timeout=PLACE_S)

    def _serve(self, plain: socket.socket) -> None:
        self._counts.connect(1)
        line = _Line(plain, time.monotonic())
        with self._lock:
            self._lines.add(line)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(self._limits.frame_s)
            if self._tls is not None:
                # not before it can be ended from outside: whoever connects may say nothing
                secured = self._tls.wrap_socket(
                    plain, server_side=True, do_handshake_on_connect=False
                )
                with self._lock:
                    line.socket = secured
                secured.do_handshake()
            while not self._ended.is_set() and self._exchange(line):
                pass
        except OSError:  # with ssl.SSLError and TimeoutError: the other side has gone, or dawdles
            self._counts.refuse("broken connection")
        finally:
            with self._lock:
                self._lines.discard(line)
            line.socket.close()
            self._free.release()
            self._counts.connect(-1)

    def _exchange(self, of: _Line) -> bool:
        """Take one frame and answer it; whether another may follow. Raises OSError."""
        line = of.socket
        line.settimeout(self._limits.idle_s)
        try:
            first = line.recv(1)
        except TimeoutError:
            return False
        if not first:
            return False
        deadline_s = time.monotonic() + self._limits.frame_s
        head = first + self._read(line, LENGTH_BYTES - 1, deadline_s)
        size = int.from_bytes(head, "big")
        if not FRAME_MIN <= size <= FRAME_MAX:
            self._counts.refuse("no frame")
            return False
        frame = head + self._read(line, size, deadline_s)
        if not self._begins(of):
            return False
        reply = self._answer(frame)
        if reply.delay_ms:
            self._ended.wait(reply.delay_ms / 1000)
        line.settimeout(self._limits.frame_s)
        for each in reply.frames:
            line.sendall(each)
        of.waits_since_s = time.monotonic()
        return not reply.close

    def _begins(self, line: _Line) -> bool:
        """From now on it is being answered, and kept; false if it was ended for another."""
        with self._lock:
            kept = bool(line.waits_since_s)
            line.waits_since_s, line.has_asked = 0, True
        return kept

    def _read(self, line: socket.socket, size: int, deadline_s: float) -> bytes:
        """Exactly `size` bytes before the deadline. Raises OSError."""
        gathered = bytearray()
        while len(gathered) < size:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            line.settimeout(left_s)
            piece = line.recv(size - len(gathered))
            if not piece:
                raise ConnectionError("closed within a frame")
            gathered += piece
        return bytes(gathered)


def _end(line: socket.socket, how: int) -> None:
    """End a connection that another thread has.

    Not by the method of a TLS socket: it forgets the keys, and an answer would leave in clear.
    """
    with contextlib.suppress(OSError):
        socket.socket.shutdown(line, how)
