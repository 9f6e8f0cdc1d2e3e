"""What stands in a terminal's line to the acquirer: it sees records of TLS, and tells of each."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable

HEAD_BYTES = 5  # of a record: type, version, length. See RFC 8446, 5.1
Tell = Callable[[str], None]


class Proxy:
    """Hands records on, one after the other, between `port` and the acquirer's.

    `tell` is told of each twice: before it goes on, and after. Whatever it does meanwhile, the
    record waits.
    """

    def __init__(self, target: Callable[[], int], tell: Tell) -> None:
        self._target, self._tell = target, tell
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:  # closed
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target()), timeout=30)
            except OSError:  # nobody is there: as a terminal finds it
                near.close()
                continue
            for source, sink, way in ((near, far, "asked"), (far, near, "answered")):
                threading.Thread(
                    target=self._hand_on, args=(source, sink, way), daemon=True
                ).start()

    def _hand_on(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        source.settimeout(None)
        with contextlib.suppress(OSError):
            while record := _record(source):
                self._tell(f"{way}, on its way")
                sink.sendall(record)
                self._tell(f"{way}, there")
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def _record(line: socket.socket) -> bytes:
    """A whole record; nothing when the line ends."""
    got = b""
    while len(got) < HEAD_BYTES or len(got) < HEAD_BYTES + int.from_bytes(got[3:HEAD_BYTES], "big"):
        whole = (
            HEAD_BYTES if len(got) < HEAD_BYTES else HEAD_BYTES + int.from_bytes(got[3:5], "big")
        )
        piece = line.recv(whole - len(got))
        if not piece:
            return b""
        got += piece
    return got
