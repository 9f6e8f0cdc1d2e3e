"""The thermal printer: one document at a time over an ESC/POS wire, and what became of it.

ESC/POS has no confirmed print. The driver takes what there is (`hw.printer_status`): the state
before and after, and a question behind the document, which the printer answers when it has
processed all that came before. Without a good answer the result is reported as unknown. A printer
that has never answered is assumed to print what the wire takes; its state is UNKNOWN. Of one that
has answered before and is silent now nothing is assumed: it may take every byte and print none.

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
from hw.printer_encode import BLOCK_BYTES_MAX, INITIALISE, Encoder, PrinterProfile
from hw.printer_font import PaperFont
from hw.printer_status import WRITE_BYTES, Questions, write_all

LENGTH_OF_A_BLOCK = bytes(16)  # the longest is the 6 bytes after GS v
CLEAN_SLATE = bytes(BLOCK_BYTES_MAX) + INITIALISE
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
        profile: PrinterProfile | None = None,
        font: PaperFont | None = None,
    ) -> None:
        profile = profile or PrinterProfile()
        self.columns = profile.columns
        self._transport = transport
        self._encoder = Encoder(profile, font or PaperFont())
        self._questions = Questions(transport, profile.status)
        self._open = False
        self._clean = False  # an earlier process may have left the printer within a command
        self._fences = False

    def status(self) -> PaperState:
        """Ask the printer; OFFLINE when it is gone, or silent though it has answered before.

        UNKNOWN is one that has never answered. Never raises; blocks for seconds at most.
        """
        for _ in range(2):  # a wire that broke while idle shows it at the first use
            with contextlib.suppress(OSError):
                self._connect()
                state = self._questions.state()
                hangs = self._questions.answered and self._questions.silent
                if state is not PaperState.UNKNOWN or not hangs:
                    return state
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
            write_all(self._transport, self._encoder.setup())
        except OSError:
            self._drop()
            return PrintReport(PrintResult.NOT_STARTED, PaperState.OFFLINE)
        self._clean = False
        sent, finished = self._sent(body)
        after = self.status()
        # one that answers only now was there before, and hung: what it printed is unknown
        well = after in (PaperState.READY, PaperState.NEAR_END) if answers else after is before
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
        if answers and self._questions.reached(polls=1, poll_ms=PROBE_TIMEOUT_MS):
            self._fences = True
            return
        write_all(self._transport, CLEAN_SLATE)
        self._fences = answers and self._questions.reached(polls=1, poll_ms=PROBE_TIMEOUT_MS)

    def _sent(self, body: bytes) -> tuple[int, bool]:
        """Bytes of `body` that left, and whether the printer is known to have come to its end.

        For a printer without GS r, or with no way to answer, it is enough that the wire took all.
        """
        sent = 0
        try:
            while sent < len(body):
                sent += self._transport.write(body[sent : sent + WRITE_BYTES])
            return sent, not self._fences or self._questions.reached(FENCE_POLLS, FENCE_POLL_MS)
        except OSError:
            self._drop()
            return sent, False

    # --- the wire ---

    def _connect(self) -> None:
        if not self._open:
            self._transport.reopen()
            self._open = True
            write_all(self._transport, LENGTH_OF_A_BLOCK)

    def _drop(self) -> None:
        """Forget the connection; nothing is known of the printer from here on."""
        self._transport.close()
        self._open = self._clean = False


class NoPrinter:
    """No printer at all: always offline, so papers stay owed and can be looked up."""

    def __init__(self, columns: int) -> None:
        self.columns = columns

    def status(self) -> PaperState:
        return PaperState.OFFLINE

    def print(self, document: Document) -> PrintReport:  # noqa: ARG002 - there is nothing to do
        return PrintReport(PrintResult.NOT_STARTED, PaperState.OFFLINE)

    def close(self) -> None:
        pass
