"""Listens for terminals: frames in, answers out, all of it bounded.

One thread reads and writes all lines, another one answers. Frames that come while it answers are
answered together afterwards. What has to be taken alone goes to one of a few more threads.

The number of connections is limited. One too many closes another: first one that has never asked
anything, else the one that has been silent longest. So nobody can keep terminals away by holding
connections open. A frame must be whole within `Limits.frame_s` of its first byte. Bytes that are
no frame end their connection without an answer: after a wrong length no frame can be found.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from msgspec import Struct

from firmware.acquirer.counts import Counts
from firmware.acquirer.terminal_line import Limits, Reply, TerminalLine
from firmware.core.log import fields as event

PAUSE_S = 1  # before another is taken where none could be
CONNECTIONS_MAX = Limits().connections
BACKLOG = 128
TOGETHER_MAX = 64  # frames by one commit
ALONE = 4  # threads

Alone = Callable[[], Reply]
"""Gives a reply of its own, on a thread of its own."""
Answer = Callable[[Sequence[bytes]], list[Reply | Alone]]

_LOG = logging.getLogger(__name__)


class _Asked(Struct, frozen=True):
    """A frame that is to be answered, and the line that it came by."""

    line: TerminalLine
    frame: bytes


class Server:
    """Answers on `address`:`port` by `answer`, over TLS if a context is given.

    `answer` takes whole frames that have come together, on the one thread that calls it. Raises
    OSError for a taken port.
    """

    def __init__(
        self,
        answer: Answer,
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
        self._listener.setblocking(False)  # noqa: FBT003 - the library's
        self.port = int(self._listener.getsockname()[1])
        self._lines: set[TerminalLine] = set()
        self._none_left = asyncio.Event()  # once it ends
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._alone = ThreadPoolExecutor(ALONE, "alone")
        self._loop = asyncio.new_event_loop()
        self._reading = threading.Thread(target=self._run, daemon=True)
        self._answering = threading.Thread(target=self._answer_all, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._accepting = self._loop.create_task(self._accept())
        self._reading.start()
        self._answering.start()

    def close(self) -> None:
        """Take no more connections, and end those that wait; an answer being made still leaves."""
        self._loop.call_soon_threadsafe(self._accepting.cancel)
        self._reading.join()
        self._asked.put(None)
        self._answering.join()
        self._alone.shutdown(cancel_futures=True)

    # -- the thread of all lines -----------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._accepting)
        self._listener.close()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _accept(self) -> None:
        opening: set[asyncio.Task[None]] = set()
        while True:
            try:
                plain, _ = await self._loop.sock_accept(self._listener)
            except OSError as error:
                # out of descriptors or the like: those that are open will end
                _LOG.error("no connection taken", extra=event(detail=error.strerror))
                await asyncio.sleep(PAUSE_S)
                continue
            if not self._has_place():
                self._counts.refuse("too many connections")
                plain.close()
                continue
            line = TerminalLine(self._loop, self._limits, self._ask, self._left)
            self._lines.add(line)
            self._counts.connect(1)
            line.opening = self._loop.create_task(self._open(line, plain))
            opening.add(line.opening)  # the loop itself keeps no task alive
            line.opening.add_done_callback(partial(self._opened, opening, line, plain))

    async def _open(self, line: TerminalLine, plain: socket.socket) -> None:
        """Have the loop read a connection, and shake hands over TLS."""
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(
                lambda: line,
                plain,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else self._limits.frame_s,
            )
        except OSError:  # with ssl.SSLError and TimeoutError
            self._counts.refuse("broken connection")

    def _opened(
        self,
        opening: set[asyncio.Task[None]],
        line: TerminalLine,
        plain: socket.socket,
        task: asyncio.Task[None],
    ) -> None:
        """Close a connection that could not be opened, or was ended before it was."""
        opening.discard(task)
        if line.transport is None:
            plain.close()
            self._left(line, broken=False)

    def _has_place(self) -> bool:
        """Whether there is a place for one more connection; an idle one may be ended for it."""
        if len(self._lines) < self._limits.connections:
            return True
        waiting = [line for line in self._lines if line.is_waiting]
        if not waiting:
            return False
        longest = min(waiting, key=lambda line: (line.has_asked, line.waits_since_s))
        self._counts.refuse("ended for another")
        self._left(longest, broken=False)
        longest.abort()
        return True

    def _left(self, line: TerminalLine, *, broken: bool) -> None:
        """A connection has ended, or is being ended; may be called twice for one."""
        if broken:
            self._counts.refuse("broken connection")
        if line in self._lines:
            self._lines.discard(line)
            self._counts.connect(-1)
            if not self._lines:
                self._none_left.set()

    def _ask(self, line: TerminalLine, frame: bytes | None) -> None:
        """A whole frame has come; None where there was none."""
        if frame is None:
            self._counts.refuse("no frame")
        else:
            self._asked.put(_Asked(line, frame))

    async def _end(self) -> None:
        """End all lines, each when its answer has left."""
        self._none_left.clear()
        for line in list(self._lines):
            line.end()
        with contextlib.suppress(TimeoutError):
            if self._lines:
                await asyncio.wait_for(self._none_left.wait(), self._limits.frame_s)
        for line in list(self._lines):
            line.abort()
        await asyncio.sleep(0)

    # -- the thread that answers -------------------------------------------------------------

    def _answer_all(self) -> None:
        while True:
            asked = [self._asked.get()]
            with contextlib.suppress(queue.Empty):
                while len(asked) < TOGETHER_MAX:
                    asked.append(self._asked.get_nowait())
            lines = [each for each in asked if each is not None]
            if lines:
                self._answer_some(lines)
            if len(lines) < len(asked):
                return

    def _answer_some(self, asked: Sequence[_Asked]) -> None:
        ready: list[tuple[TerminalLine, Reply]] = []
        for each, reply in zip(asked, self._answer([one.frame for one in asked]), strict=True):
            if isinstance(reply, Reply):
                ready.append((each.line, reply))
            else:
                self._alone.submit(self._answer_alone, each.line, reply)
        self._send(ready)

    def _answer_alone(self, line: TerminalLine, alone: Alone) -> None:
        self._send([(line, alone())])

    def _send(self, replies: list[tuple[TerminalLine, Reply]]) -> None:
        def send() -> None:
            for line, reply in replies:
                line.reply(reply)

        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it all lines
            self._loop.call_soon_threadsafe(send)
