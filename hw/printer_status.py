"""How a printer's status is asked for, and what its answers mean.

There are three ways. `DLE EOT` is answered at once, whatever the printer does. `GS r` and `ESC v`
are answered in their turn, behind what was sent before: the only ways of printers without
`DLE EOT`, and for all others the proof that a job has been printed. Answers carry no number, so
one that comes late would stand for the next question: after an answer that did not come the wire
has to be quiet before anything is asked again. A printer that was silent in all three ways may only
have been hanging: from then on each question takes the next way, so that it is heard whichever it
answers, and none costs more time than one way does. See Epson's ESC/POS reference, DLE EOT, GS r.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hw.ports import PaperState
from hw.printer_encode import INITIALISE, StatusQuery

if TYPE_CHECKING:
    from hw.printer import Transport

WRITE_BYTES = 1024  # at most at once
PATIENCE_MS = 500
LATE_PATIENCE_MS = 2_000  # for a printer that was seen to answer later than that
QUIET_MS = 500
QUIET_TRIES = 8  # readings at most until a wire is taken as quiet
GS_R = b"\x1dr\x01"
ESC_V = b"\x1bv\x00"  # where it takes no parameter, NUL is ignored
_IN_TURN = {StatusQuery.GS_R: GS_R, StatusQuery.ESC_V: ESC_V}
_WAYS = (StatusQuery.DLE_EOT, StatusQuery.GS_R, StatusQuery.ESC_V)


def write_all(wire: Transport, data: bytes) -> None:
    """Send all of `data`. Raises OSError."""
    sent = 0
    while sent < len(data):
        sent += wire.write(data[sent : sent + WRITE_BYTES])


class Questions:
    """What one printer is asked, and which way it was seen to answer; `wanted` may say which."""

    def __init__(self, wire: Transport, wanted: StatusQuery = StatusQuery.AUTO) -> None:
        self._wire = wire
        self._ways = (
            () if wanted is StatusQuery.NONE else _WAYS if wanted is StatusQuery.AUTO else (wanted,)
        )
        self._way: StatusQuery | None = None  # that it has answered
        self._turn: int | None = None  # which way is next, once all were tried in vain
        self._patience_ms = PATIENCE_MS
        self._owed = False  # an answer that did not come in time may yet come
        self._in_turn: int | None = None
        self.silent = False  # not a byte came since it was last asked for its state

    @property
    def answered(self) -> bool:
        """Whether it has ever answered: from then on silence means that something is wrong."""
        return self._way is not None

    def state(self) -> PaperState:
        """The printer's state, UNKNOWN when it does not answer. Raises OSError.

        Blocks half a second for a way that is not answered, four times as long for a slow printer.
        """
        self._settle()
        self.silent = True
        for way in self._to_try():
            state = self._real_time() if way is StatusQuery.DLE_EOT else self._ask_in_turn(way)
            if state is not PaperState.UNKNOWN:
                return state
        self._turn = 0 if self._turn is None else self._turn + 1
        return PaperState.UNKNOWN

    def reached(self, polls: int, poll_ms: int) -> bool:
        """Whether the printer comes to a question sent behind all that went before.

        Raises OSError; blocks `polls` times `poll_ms` at least when it does not.
        """
        self._settle()
        self._in_turn = None
        write_all(self._wire, _IN_TURN.get(self._way or StatusQuery.GS_R, GS_R))
        for _ in range(polls):
            self._read(poll_ms)
            waits = self._noted() is None and self._way is StatusQuery.DLE_EOT
            if waits and not self._real_time().can_print:
                return False  # out of paper on the way: it will not come to it
            if self._noted() is not None:
                return True
        self._owed = True
        return False

    # --- the ways ---

    def _to_try(self) -> tuple[StatusQuery, ...]:
        if self._way is not None:
            return (self._way,)
        if self._turn is None or not self._ways:
            return self._ways
        return (self._ways[self._turn % len(self._ways)],)

    def _real_time(self) -> PaperState:
        """The state by DLE EOT 1, 2, 3 and 4."""
        answers = []
        for question in (1, 2, 3, 4):
            write_all(self._wire, b"\x10\x04%c" % question)
            answer = self._real_time_answer()
            if answer is None:
                self._owed = True
                return PaperState.UNKNOWN
            answers.append(answer)
        self._way = StatusQuery.DLE_EOT
        return state_of(*answers)

    def _real_time_answer(self) -> int | None:
        for _ in range(4):  # what is no answer at all does not count as one, but not for ever
            received = self._read(self._patience_ms)
            if received is None:
                return None
            if received:
                return received[-1]
        return None

    def _ask_in_turn(self, way: StatusQuery) -> PaperState:
        """The state by the paper sensors alone: bits 2 and 3 end, 0 and 1 near end."""
        self._in_turn = None
        write_all(self._wire, _IN_TURN[way])
        for _ in range(2):
            received = self._read(self._patience_ms)
            noted = self._noted()
            if noted is not None:
                self._way = way
                return sensed(noted)
            if received is None:
                break
            # an answer to the DLE EOT that was asked before
            if received and StatusQuery.DLE_EOT in self._ways:
                self._patience_ms = LATE_PATIENCE_MS
                self._owed = True
                self._settle()
                return self._real_time()
        self._owed = True
        if self._way is None:  # it may not know the question, and hold it for text
            write_all(self._wire, INITIALISE)
        return PaperState.UNKNOWN

    # --- the wire ---

    def _noted(self) -> int | None:
        """The answer in its turn that a reading has noted."""
        return self._in_turn

    def _settle(self) -> None:
        """Throw away answers that nobody waits for, those still on their way too.

        Dots that look like DLE EOT are answered as if they were.
        """
        owed, self._owed = self._owed, False
        for _ in range(QUIET_TRIES):
            received = self._read(QUIET_MS if owed else 0)
            if received is None:
                return
            if owed and received:
                self._patience_ms = LATE_PATIENCE_MS

    def _read(self, timeout_ms: int) -> list[int] | None:
        """Answers to DLE EOT among what arrived, None for nothing; notes one given in turn."""
        data = self._wire.read(timeout_ms)
        if not data:
            return None
        self.silent = False
        # DLE EOT has bits 1 and 4 set, 0 and 7 clear; GS r and ESC v have bits 4 and 7 clear
        for byte in data:
            if byte & 0x90 == 0x00:
                self._in_turn = byte
        return [byte for byte in data if byte & 0x93 == 0x12]


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


def sensed(sensors: int) -> PaperState:
    """The state that an answer to GS r 1 or ESC v describes."""
    if sensors & 0x0C:
        return PaperState.PAPER_OUT
    return PaperState.NEAR_END if sensors & 0x03 else PaperState.READY
