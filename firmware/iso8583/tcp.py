"""The line to an acquirer: whole frames over TCP, and over TLS where that is set."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from firmware.core.hosts import is_number
from firmware.iso8583.frame import FRAME_MAX, LENGTH_BYTES, TPDU_BYTES

Addresses = list[tuple[Any, ...]]  # as socket.getaddrinfo gives them


class TcpLink:
    """A HostLink of whole frames to `address`:`port`, over TLS if a context is given.

    It has one connection for each exchange, or one for all with `keep`. The time-out of an exchange
    is also that of the lookup of a name.
    """

    def __init__(
        self,
        address: str,
        port: int,
        *,
        monotonic_ms: Callable[[], int],
        tls: ssl.SSLContext | None = None,
        keep: bool = False,
    ) -> None:
        self._address, self._port = address, port
        self._monotonic_ms = monotonic_ms
        self._tls = tls
        self._keep = keep
        self._kept: socket.socket | None = None
        self._lookup: Future[Addresses] | None = None
        self.undelivered = False
        """Whether the last message has certainly not left: there was no connection."""

    def exchange(self, message: bytes, timeout_ms: int) -> bytes | None:
        """Send a frame and give the answer's; None when none came whole and in time."""
        deadline_ms = self._monotonic_ms() + timeout_ms
        self.undelivered = True
        line: socket.socket | None = None
        try:
            line = self._take() or self._connect(deadline_ms)
            answer = self._carry(line, message, deadline_ms)
        except OSError:  # with ssl.SSLError, TimeoutError and a name that is not found
            answer = None
        whole = answer is not None and len(answer) > LENGTH_BYTES
        if self._keep and whole:  # after a failure a late answer could come to the next request
            self._kept = line
        elif line is not None:
            _end(line)
        return answer

    def close(self) -> None:
        """End the connection that was kept."""
        line, self._kept = self._kept, None
        if line is not None:
            _end(line)

    def _take(self) -> socket.socket | None:
        """The kept connection, unless the other end has closed it or sent bytes unasked."""
        line, self._kept = self._kept, None
        if line is None:
            return None
        pending = isinstance(line, ssl.SSLSocket) and line.pending()
        if pending or select.select([line], [], [], 0)[0]:
            _end(line)
            return None
        return line

    def _connect(self, deadline_ms: int) -> socket.socket:
        """A connection, over TLS if that is set. Raises OSError."""
        try:
            line = self._dial(deadline_ms)
            if self._tls is None:
                return line
            try:
                line.settimeout(self._left_s(deadline_ms))
                return self._tls.wrap_socket(line, server_hostname=self._address)
            except BaseException:
                line.close()
                raise
        except ValueError:  # with UnicodeError: a part of the name is empty or too long
            raise OSError(errno.EINVAL, "is no name of a host", self._address) from None

    def _dial(self, deadline_ms: int) -> socket.socket:
        """A connection to one of the acquirer's addresses, tried in turn. Raises OSError.

        The deadline is for all of them together: each is given its share of the time that is
        left, so that a dead one neither holds the cardholder longer nor uses up the next one's.
        """
        found = self._addresses(deadline_ms)
        failed: OSError = OSError("no address")
        for tried, (family, kind, protocol, _, where) in enumerate(found):
            line = socket.socket(family, kind, protocol)
            try:
                line.settimeout(self._left_s(deadline_ms, shared_by=len(found) - tried))
                line.connect(where)
            except OSError as error:
                line.close()
                failed = error
            except BaseException:
                line.close()
                raise
            else:
                return line
        raise failed

    def _addresses(self, deadline_ms: int) -> Addresses:
        """Where the acquirer is. Raises OSError, ValueError for what can be no name.

        The system looks a name up in its own time, without a deadline: it does so in a thread. A
        lookup that was given up goes on, and the next exchange waits for that one, so that a name
        server that does not answer costs one thread and no more.
        """
        if is_number(self._address):
            return _look_up(self._address, self._port)
        if self._lookup is None:
            self._lookup = Future()
            work = (self._lookup, self._address, self._port)
            threading.Thread(target=_look_up_for, args=work, name="lookup", daemon=True).start()
        self._lookup.exception(self._left_s(deadline_ms))  # raises TimeoutError
        ended, self._lookup = self._lookup, None
        return ended.result()

    def _carry(self, line: socket.socket, frame: bytes, deadline_ms: int) -> bytes:
        """One frame out, one answer back. Raises OSError."""
        line.settimeout(self._left_s(deadline_ms))
        # from the first byte on the acquirer may have it all, whatever is reported
        self.undelivered = False
        line.sendall(frame)
        return self._frame(line, deadline_ms)

    def _frame(self, line: socket.socket, deadline_ms: int) -> bytes:
        """A frame with its length; the length alone where no frame is of that. Raises OSError."""
        head = self._read(line, LENGTH_BYTES, deadline_ms)
        size = int.from_bytes(head, "big")
        if not TPDU_BYTES < size <= FRAME_MAX:
            # bytes came, but no frame: given back, to be reported as garbled and not as silence
            return head
        return head + self._read(line, size, deadline_ms)

    def _read(self, line: socket.socket, size: int, deadline_ms: int) -> bytes:
        """Exactly `size` bytes. Raises OSError."""
        gathered = b""
        while len(gathered) < size:
            line.settimeout(self._left_s(deadline_ms))
            piece = line.recv(size - len(gathered))
            if not piece:
                raise ConnectionError("closed before the answer was whole")
            gathered += piece
        return gathered

    def _left_s(self, deadline_ms: int, *, shared_by: int = 1) -> float:
        """Seconds until the deadline, an equal share. Raises TimeoutError when it has passed."""
        left_ms = (deadline_ms - self._monotonic_ms()) // shared_by
        if left_ms <= 0:
            raise TimeoutError
        return left_ms / 1000


def _look_up(address: str, port: int) -> Addresses:
    return list(socket.getaddrinfo(address, port, type=socket.SOCK_STREAM))


def _look_up_for(lookup: Future[Addresses], address: str, port: int) -> None:
    try:
        lookup.set_result(_look_up(address, port))
    except (OSError, ValueError) as error:
        lookup.set_exception(error)


def _end(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.close()
