"""The host at the far end of a real socket: whatever becomes of a terminal, its books stay."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from firmware.acquirer.embedded import LocalHost
from firmware.core.clock import SystemClock
from firmware.core.masked import SecretKey
from firmware.iso8583.frame import LENGTH_BYTES
from firmware.iso8583.key_store import ACQUIRER_KEYS, KeyStore
from firmware.iso8583.keys import SessionKeys
from firmware.iso8583.working_keys import DeliveredKeys
from firmware.journal.keys import TerminalKeys
from firmware.lab.issuers import tray_books
from firmware.lab.scenario.stage import STAGE_CONFIG, START
from firmware.terminal.assembly import embedded_host

SESSION = SessionKeys(mac=SecretKey(bytes(range(16))), pin=SecretKey(bytes(range(16, 32))))
"""The keys of both processes: an embedded host gives its own to nobody in another one."""


def signed_on(data: Path) -> None:
    """Leave a terminal's data directory as after today's sign-on: it asks for no keys any more."""
    keys = KeyStore(data / ACQUIRER_KEYS, TerminalKeys.load_or_create(data).card)
    keys.load_master(SecretKey(bytes(range(1, 17))))
    keys.sign_on(DeliveredKeys(SESSION.pin, SESSION.mac), f"{SystemClock().now():%Y%m%d}")


class FarHost:
    """Answers one connection after another on the loopback, from the books it was last given.

    Its clock is the terminals', as a day without a year is told on the line.
    """

    def __init__(self, clock_now: Callable[[], datetime] = lambda: START) -> None:
        self._clock_now = clock_now
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.books: LocalHost | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def open(self, directory: Path) -> LocalHost:
        """Answer from the books in `directory` from now on."""
        if self.books is not None:
            self.books.close()
        self.books = embedded_host(STAGE_CONFIG, directory, tray_books(), self._clock_now)
        self.books.session = SESSION
        return self.books

    def come_to_rest(self) -> None:
        """Return when everything sent so far is decided on: lines are served in their order."""
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.shutdown(socket.SHUT_WR)
            line.recv(1)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        if self.books is not None:
            self.books.close()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:  # closed
                return
            with line, contextlib.suppress(OSError):  # who was killed does not hear the answer
                frame = _read(line)
                assert self.books is not None
                answer = self.books.exchange(frame, 0) if frame else None
                if answer is not None:
                    line.sendall(answer)


def _read(line: socket.socket) -> bytes:
    """A whole frame; nothing when the line ends before."""
    gathered = b""
    while len(gathered) < LENGTH_BYTES or len(gathered) < LENGTH_BYTES + int.from_bytes(
        gathered[:LENGTH_BYTES], "big"
    ):
        piece = line.recv(4096)
        if not piece:
            return b""
        gathered += piece
    return gathered
