"""The thermal printer: one document at a time over an ESC/POS wire, and what became of it.

ESC/POS has no confirmed print. What there is, is used: real-time status before and after
(DLE EOT), and a question that the printer answers only when it has come to it in its buffer
(GS r), sent behind the document. Everything short of a good answer is reported as doubt.

A job that broke off leaves the printer waiting for the rest of a raster band, a symbol or a
character, and it would swallow what comes next. If it waits for the length of a block, anything
but zeros could make that length 4 GB, so a few NULs are the first thing on every new connection:
they complete a length with zeros, and printers ignore them between commands. Then, unless the
last job ended well, a job begins with GS r: an answer proves that the printer is listening for
commands. Without one, more NULs are sent than any block that a job may hold; inside a block they
are blank dots. Only then comes ESC @, which clears what was half a line.
See Epson's ESC/POS reference, DLE EOT, GS r, ESC @.
"""

from __future__ import annotations

import contextlib
from typing import Protocol

from hw.ports import Document, PaperState, PrintReport, PrintResult
from hw.printer_encode import BAND_BYTES_MAX, QR_BYTES_MAX, Encoder, Mode, Profile
from hw.printer_font import PaperFont

WRITE_BYTES = 1024
BLOCK_BYTES_MAX = max(BAND_BYTES_MAX, QR_BYTES_MAX + 8)
LENGTH_OF_A_BLOCK = bytes(16)  # the longest is the 6 bytes after GS v
CLEAN_SLATE = bytes(BLOCK_BYTES_MAX) + b"\x1b@"
STATUS_TIMEOUT_MS = 500
FENCE = b"\x1dr\x01"
PROBE_TIMEOUT_MS = 1_000
FENCE_POLL_MS = 1_000
FENCE_POLLS = 20  # a full buffer of 4 kB is some 10 s of paper


class Transport(Protocol):
    """The wire to a printer: bytes, and OSError for whatever goes wrong with it."""

    def reopen(self) -> None:
        """Connect, from any state. Blocks for seconds at most. Raises OSError."""
        ...

    def write(self, data: bytes) -> int:
        """Send from `data`; gives the bytes taken, at least one. Raises OSError, also in time."""
        ...

    def read(self, timeout_ms: int) -> bytes:
        """What has arrived, waiting up to `timeout_ms` for a first byte; empty for none.

        Raises OSError.
        """
        ...

    def close(self) -> None:
        """Release the wire. Never raises."""
        ...


class EscposPrinter:
    """An ESC/POS thermal printer; implements `hw.ports.Printer`.

    Nothing is opened before first use, so a terminal starts with its printer unplugged; after
    any error the wire is opened anew.
    """

    def __init__(
        self,
        transport: Transport,
        profile: Profile | None = None,
        mode: Mode = Mode.NATIVE,
        font: PaperFont | None = None,
    ) -> None:
        profile = profile or Profile()
        self.columns = profile.columns
        self._transport = transport
        self._encoder = Encoder(profile, mode, font or PaperFont())
        self._open = False
        self._clean = False  # the printer may have been left in the middle by who went before
        self._fences = False
        self._fence_answered = False

    def status(self) -> PaperState:
        """Ask the printer; OFFLINE when it is gone. Never raises; blocks two seconds at most."""
        for _ in range(2):  # a wire that broke while idle shows it at the first use
            with contextlib.suppress(OSError):
                self._connect()
                return self._asked()
            self._drop()
        return PaperState.OFFLINE

    def print(self, document: Document) -> PrintReport:
        """Print one document; blocks until the printer is through with it. Never raises.

        NOT_STARTED is promised only while nothing that leaves a mark was sent.
        """
        body = self._encoder.body(document)
        before = self.status()
        if not before.can_print:
            return PrintReport(PrintResult.NOT_STARTED, before)
        answers = before is not PaperState.UNKNOWN
        try:
            if not self._clean:
                self._clean_slate(answers=answers)
            self._write(self._encoder.setup())
        except OSError:
            self._drop()
            return PrintReport(PrintResult.NOT_STARTED, PaperState.OFFLINE)
        self._clean = False
        sent, finished = self._sent(body)
        after = self.status()
        well = after in (PaperState.READY, PaperState.NEAR_END) or not answers
        if not (finished and well and after.can_print):
            self._clean = False
            return PrintReport(PrintResult.UNKNOWN, after, sent)
        self._clean = True
        return PrintReport(PrintResult.SENT, after, sent)

    def close(self) -> None:
        """Release the wire. Never raises."""
        self._drop()

    # --- a job ---

    def _clean_slate(self, *, answers: bool) -> None:
        """Bring the printer to where it listens for commands. Raises OSError."""
        if answers and self._reached(polls=1, poll_ms=PROBE_TIMEOUT_MS):
            self._fences = True
            return
        self._write(CLEAN_SLATE)
        self._fences = answers and self._reached(polls=1, poll_ms=PROBE_TIMEOUT_MS)

    def _sent(self, body: bytes) -> tuple[int, bool]:
        """Bytes of `body` that left, and whether the printer is known to have come to its end.

        A printer that has no GS r, or no way to answer, is taken at the wire's word.
        """
        sent = 0
        try:
            while sent < len(body):
                sent += self._transport.write(body[sent : sent + WRITE_BYTES])
            return sent, not self._fences or self._reached(FENCE_POLLS, FENCE_POLL_MS)
        except OSError:
            self._drop()
            return sent, False

    def _write(self, data: bytes) -> None:
        sent = 0
        while sent < len(data):
            sent += self._transport.write(data[sent : sent + WRITE_BYTES])

    # --- questions ---

    def _reached(self, polls: int, poll_ms: int) -> bool:
        """Whether the printer comes to a question sent behind all that went before."""
        self._drain()
        self._fence_answered = False
        self._write(FENCE)
        for _ in range(polls):
            self._read(poll_ms)
            if not self._fence_answered and not self._asked(drained=True).can_print:
                return False  # out of paper on the way: it will not come to it
            if self._fence_answered:
                return True
        return False

    def _asked(self, *, drained: bool = False) -> PaperState:
        """The state by DLE EOT 1, 2, 3 and 4. Raises OSError."""
        if not drained:
            self._drain()
        answers = []
        for question in (1, 2, 3, 4):
            answer = self._ask(question)
            if answer is None:
                return PaperState.UNKNOWN
            answers.append(answer)
        return state_of(*answers)

    def _ask(self, question: int) -> int | None:
        """One answer to DLE EOT, or None when none came. Raises OSError."""
        self._write(b"\x10\x04%c" % question)
        for _ in range(4):  # what is no answer at all does not count as one, but not for ever
            received = self._read(STATUS_TIMEOUT_MS)
            if received is None:
                return None
            if received:
                return received[-1]
        return None

    def _drain(self) -> None:
        """Throw away old answers: dots that look like DLE EOT are answered as if it were one."""
        for _ in range(16):
            if self._read(0) is None:
                return

    def _read(self, timeout_ms: int) -> list[int] | None:
        """Answers to DLE EOT among what arrived, None for nothing at all; notes one to GS r."""
        data = self._transport.read(timeout_ms)
        if not data:
            return None
        # DLE EOT has bits 1 and 4 set, 0 and 7 clear; GS r has bits 4 and 7 clear
        self._fence_answered |= any(byte & 0x90 == 0x00 for byte in data)
        return [byte for byte in data if byte & 0x93 == 0x12]

    # --- the wire ---

    def _connect(self) -> None:
        if not self._open:
            self._transport.reopen()
            self._open = True
            self._write(LENGTH_OF_A_BLOCK)

    def _drop(self) -> None:
        """Forget the connection; nothing is known of the printer from here on."""
        self._transport.close()
        self._open = self._clean = False


def state_of(printer: int, offline: int, error: int, paper: int) -> PaperState:
    """The state that the answers to DLE EOT 1, 2, 3 and 4 describe.

    See Epson's ESC/POS reference, DLE EOT: printer bit 3 offline; offline bit 2 cover, 5 paper
    end, 6 error; error bits 3 cutter, 5 unrecoverable, 6 recovers by itself; paper bits 2 and 3
    near end, 5 and 6 end.
    """
    if offline & 0x04:
        return PaperState.COVER_OPEN
    if offline & 0x20 or paper & 0x60:
        return PaperState.PAPER_OUT
    if printer & 0x08 or offline & 0x40 or error & 0x68:
        return PaperState.OFFLINE
    return PaperState.NEAR_END if paper & 0x0C else PaperState.READY
