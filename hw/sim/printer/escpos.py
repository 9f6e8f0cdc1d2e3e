"""A model of an ESC/POS thermal printer behind its wire.

The driver's transport plugs in where the cable would be: the model gets the bytes, chunked
anyhow, prints them on `paper`, and answers status requests.

Out of paper, or with its cover open, it stops printing as real ones do: what comes is kept in a
buffer of 4 kB and goes on printing when it can; with the buffer full it takes no more, which the
wire sees as a time-out. Status requests (DLE EOT) are answered as their bytes arrive, whatever
the state, even amid raster data; the bytes still count as data, as Epson's reference warns.
A pulled cable (`fail_offline`) or a wire that dies (`dies_after`) changes nothing within: a
printer left waiting for the rest of a raster band waits on, until `power_cycle`.
"""

from __future__ import annotations

import errno
import random
from collections import deque
from collections.abc import Callable

from hw.printer_encode import StatusQuery
from hw.printer_font import CELL_WIDTH_PX, PaperFont
from hw.sim.printer.commands import Interpreter
from hw.sim.printer.feed import Advance
from hw.sim.printer.kinds import GOOD, Kind
from hw.sim.printer.paper import Paper

BUFFER_BYTES = 4096
STATUS_REQUESTS = (1, 2, 3, 4)
LATE_MS = 700
ADVANCES_KEPT = 4096  # of some papers, to tell how long they took


class PrinterModel:
    """A printer of 32 or 48 columns with paper in it.

    `on_change` is called after each fault comes or goes, so that virtual time polls the driver.
    """

    def __init__(
        self,
        columns: int = 32,
        font: PaperFont | None = None,
        *,
        dots: int = 0,
        kind: Kind = GOOD,
    ) -> None:
        self.columns = columns
        self.kind = kind
        self.bytes_received = 0
        self.answers_given = 0
        self.used_in_vain = 0  # how often it let be known that it cannot print
        self.advanced = 0  # how often the paper was moved on
        self._advances: deque[Advance] = deque(maxlen=ADVANCES_KEPT)
        self.on_change: Callable[[], None] | None = None
        self._font = font or PaperFont()
        self.paper = Paper(dots or columns * CELL_WIDTH_PX, self._font)
        self._paper_out = self._near_end = self._cover_open = self._offline = False
        self._hangs = False
        self.late_ms = 0
        self._burst = 0  # bytes that came without a pause
        self._babbles, self._random = False, random.Random(columns)  # noqa: S311 - no secret
        self._dies_in: int | None = None
        self._paper_ends_in: int | None = None
        self.anomalies: list[str] = []
        self.transport = ModelTransport(self)
        self.power_cycle()

    # --- what a person or a fault does to it ---

    def fail_paper_out(self, on: bool = True) -> None:
        """The paper runs out, or a new roll is in."""
        self._paper_out = on
        self._changed()

    def fail_paper_near_end(self) -> None:
        """The roll gets thin."""
        self._near_end = True
        self._changed()

    def fail_cover_open(self) -> None:
        """The cover is opened."""
        self._cover_open = True
        self._changed()

    def fail_offline(self, on: bool = True) -> None:
        """The cable is pulled or put back: every use of the wire is an error meanwhile."""
        self._offline = on
        self._changed()

    def fail_babbling(self) -> None:
        """Whatever it answers arrives as other bytes."""
        self._babbles = True
        self._changed()

    def fail_hanging(self) -> None:
        """It takes every byte and neither prints nor answers; only switching it off helps."""
        self._hangs = True
        self._changed()

    def fail_late(self) -> None:
        """Each answer comes later than the driver usually waits."""
        self.late_ms = LATE_MS
        self._changed()

    def dies_after(self, byte_count: int | None) -> None:
        """The wire dies once so many more bytes were taken; None, or `clear`, mends it.

        Status requests, and NULs between commands, are not counted.
        """
        self._dies_in = byte_count
        self._changed()

    def paper_ends_after(self, byte_count: int) -> None:
        """The paper runs out within a job, once so many more bytes of it were taken."""
        self._paper_ends_in = byte_count

    def clear(self) -> None:
        """All is well again; what the interpreter was left in the middle of stays."""
        self._paper_out = self._near_end = self._cover_open = self._offline = False
        self._dies_in = self._paper_ends_in = None
        self._babbles = False
        self.late_ms = 0
        if self._hangs:
            self._hangs = False
            self.power_cycle()
        self._changed()

    def power_cycle(self) -> None:
        """Switched off and on: buffers and modes are gone, the paper stays."""
        self._buffer = bytearray()
        self._answers = bytearray()
        self._recent = b""
        self._interpreter = Interpreter(
            self.paper,
            self._font,
            answer=self._answer,
            anomalies=self.anomalies,
            kind=self.kind,
        )
        self._sense()

    def advances_since(self, advanced: int) -> list[Advance]:
        """How the paper moved since `advanced` stood so; the oldest may be forgotten."""
        newest = list(self._advances)
        return newest[len(newest) - min(self.advanced - advanced, len(newest)) :]

    # --- the wire, for the transport ---

    def receive(self, data: bytes, *, held: bool = True) -> int:
        """Take bytes; gives how many. Raises OSError when the wire is gone or the buffer full.

        On a line that cannot be `held` a printer that needs it loses what its buffer has no room
        for.
        """
        self.check_wire()
        self._burst += len(data)
        if self._hangs or (not held and not self.kind.holds and self._burst > BUFFER_BYTES):
            self.used_in_vain += self._hangs
            return len(data)
        taken = 0
        for byte in data:
            if self._dies_in == 0 or (self._halted and len(self._buffer) >= BUFFER_BYTES):
                break
            taken += 1
            self._receive_byte(byte)
        if data and not taken:
            self.check_wire()
            self.used_in_vain += 1
            raise TimeoutError(errno.ETIMEDOUT, "the printer takes no more")
        return taken

    def answers(self) -> bytes:
        """Bytes sent back since the last call. Raises OSError when the wire is gone."""
        self.check_wire()
        return self.take_answers()

    def pause(self) -> None:
        """The sender waits; what is buffered is printed meanwhile."""
        self._burst = 0

    def take_answers(self) -> bytes:
        """Bytes sent back since the last call, whatever the wire does."""
        sent = bytes(self._answers)
        self._answers.clear()
        return self._random.randbytes(len(sent)) if self._babbles else sent

    def check_wire(self) -> None:
        """Raises OSError when the wire is gone."""
        says_so = self._halted and not self._babbles
        self.used_in_vain += says_so or self._offline or self._dies_in == 0
        if self._offline or self._dies_in == 0:
            raise OSError(errno.ENODEV, "no printer on the wire")

    # --- within ---

    @property
    def _halted(self) -> bool:
        return self._paper_out or self._cover_open

    def _receive_byte(self, byte: int) -> None:
        self.bytes_received += 1
        self._recent = self._recent[-2:] + bytes((byte,))
        asked = self._recent[:2] == b"\x10\x04" and self._recent[2:] and byte in STATUS_REQUESTS
        if asked and StatusQuery.DLE_EOT in self.kind.answers:
            self._answer(bytes((self._status(byte),)))
        if self._counts(byte):
            self._count_down()
        if self._halted:
            self._buffer.append(byte)
        else:
            self._interpret(byte)

    def _answer(self, data: bytes) -> None:
        self.answers_given += len(data)
        self._answers += data

    def _interpret(self, byte: int) -> None:
        before_px = self.paper.height_px
        self._interpreter.feed(byte)
        if self.paper.height_px > before_px:
            self.advanced += 1
            self._advances.append(Advance(self.paper.height_px - before_px, self.bytes_received))

    def _count_down(self) -> None:
        if self._dies_in is not None:
            self._dies_in -= 1
        if self._paper_ends_in is not None:
            self._paper_ends_in -= 1
            if self._paper_ends_in < 0:
                self._paper_ends_in = None
                self.fail_paper_out()

    def _counts(self, byte: int) -> bool:
        """Whether a byte is of a job, and not a status request or padding between commands."""
        if self._interpreter.at_rest:
            return byte not in (0x00, 0x10)
        return not self._interpreter.in_realtime

    def _status(self, n: int) -> int:
        """One byte of DLE EOT n; bits 1 and 4 are always set."""
        offline = 0x08 if self._halted else 0
        cause = (0x04 if self._cover_open else 0) | (0x20 if self._paper_out else 0)
        paper = (0x60 if self._paper_out else 0) | (0x0C if self._near_or_out else 0)
        return 0x12 | {1: offline, 2: cause, 3: 0, 4: paper}[n]

    @property
    def _near_or_out(self) -> bool:
        return self._near_end or self._paper_out

    def _sense(self) -> None:
        near, out = 0x03 * self._near_or_out, 0x0C * self._paper_out
        self._interpreter.sensor_bits = near | out

    def _changed(self) -> None:
        """Sensors and switches have moved: print on what is buffered if that is possible now."""
        self._sense()
        if not self._halted:
            buffered, self._buffer = self._buffer, bytearray()
            for byte in buffered:
                self._interpret(byte)
        if self.on_change is not None:
            self.on_change()


class ModelTransport:
    """The printer's end of a cable; implements `hw.printer.Transport`.

    Never waits, but knows how long it would have: an answer that is late comes with the reading
    that would have waited for it. A line that is not `held` has no way to make the sender wait.
    """

    def __init__(self, printer: PrinterModel, *, held: bool = True) -> None:
        self._printer = printer
        self._held = held
        self._open = False
        self.now_ms = 0  # grows by what a reading waits
        self._under_way: list[tuple[int, bytes]] = []  # when each answer comes

    def reopen(self) -> None:
        self._printer.check_wire()
        self._open = True

    def write(self, data: bytes) -> int:
        self._check_open()
        taken = self._printer.receive(data, held=self._held)
        self._take_answers()
        return taken

    def read(self, timeout_ms: int) -> bytes:
        self._check_open()
        self._printer.check_wire()
        self._printer.pause()
        self._take_answers()
        due = [at_ms for at_ms, _ in self._under_way if at_ms <= self.now_ms + timeout_ms]
        if not due:
            self.now_ms += timeout_ms
            return b""
        self.now_ms = max(self.now_ms, due[0])
        come = [answer for at_ms, answer in self._under_way if at_ms <= self.now_ms]
        del self._under_way[: len(come)]
        return b"".join(come)

    def _take_answers(self) -> None:
        answers = self._printer.take_answers()
        if answers:
            self._under_way.append((self.now_ms + self._printer.late_ms, answers))

    def close(self) -> None:
        self._open = False

    def _check_open(self) -> None:
        if not self._open:
            raise OSError(errno.EBADF, "the wire is not open")
