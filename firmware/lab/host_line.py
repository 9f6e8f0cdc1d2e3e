"""A line to a host that fails on demand: what a cable, a modem or the other side does to bytes.

It knows nothing of what the messages mean but where two of their fields lie, so that an answer can
come back with a wrong amount or from a wrong terminal.
"""

from __future__ import annotations

import enum
import random

from firmware.iso8583.client import KnowsDelivery
from firmware.iso8583.frame import LENGTH_BYTES, TPDU_BYTES
from hw.ports import HostLink

_HEAD_BYTES = 2 + 8  # message type and bitmap
AMOUNT, TERMINAL = 4, 41
# bytes of the fields that an answer may hold up to the terminal's number. See ISO 8583:1987
_FIELD_BYTES = {3: 3, 4: 6, 11: 3, 12: 3, 13: 2, 15: 2, 25: 1, 37: 12, 38: 6, 39: 2, 41: 8}


class LineFault(enum.Enum):
    """What the line does; the values are the words of scenarios (`fault host silent`)."""

    SILENT = "silent"  # the request is taken, its answer is lost
    DOWN = "down"  # nothing is delivered
    GARBAGE = "garbage"  # taken, answered by random bytes
    TRUNCATED = "truncated"  # taken, half of the answer comes
    WRONG_AMOUNT = "wrong-amount"  # taken, the answer names another amount
    WRONG_TERMINAL = "wrong-terminal"  # taken, the answer names another terminal
    DUPLICATE = "duplicate"  # taken, the answer before this one comes again
    LATE = "late"  # taken, the answer comes to the next request


class HostLine:
    """A HostLink of frames over `inner`, which may be changed; `fault` spoils it, None mends it.

    `delivered` counts the messages that reached the other side, `spoilt` those whose answer did
    not come back as it was given. A frame has a header of `header_bytes`.
    """

    def __init__(self, inner: HostLink, *, header_bytes: int = 0) -> None:
        self.inner = inner
        self._start = LENGTH_BYTES + TPDU_BYTES + header_bytes  # of the message
        self._random = random.Random(0)  # noqa: S311 - garbage is no secret
        self._previous: bytes | None = None
        self._held: bytes | None = None
        self.fault: LineFault | None = None
        self.undelivered = self.unanswered = False  # the last message
        self.delivered = self.spoilt = 0

    def exchange(self, message: bytes, timeout_ms: int) -> bytes | None:
        """One message through the line as it now is; None at once when no answer comes."""
        self.undelivered = self.fault is LineFault.DOWN
        self.unanswered = False
        if self.undelivered:
            self.spoilt += 1
            return None
        self.delivered += 1
        inner = self.inner
        answer = inner.exchange(message, timeout_ms)
        if answer is None and isinstance(inner, KnowsDelivery):
            self.undelivered = inner.undelivered
        came = self._carried(answer)
        self.spoilt += came != answer
        self.unanswered = came is None
        return came

    def close(self) -> None:
        self.inner.close()

    def _carried(self, answer: bytes | None) -> bytes | None:
        """What comes back of an answer."""
        previous, self._previous = self._previous, answer
        held, self._held = self._held, answer if self.fault is LineFault.LATE else None
        match self.fault:
            case LineFault.SILENT:
                return None
            case LineFault.LATE:
                return held
            case LineFault.DUPLICATE:
                return previous
        return answer if answer is None else self._spoilt(answer)

    def _spoilt(self, answer: bytes) -> bytes:
        match self.fault:
            case LineFault.GARBAGE:
                return self._random.randbytes(self._random.randint(1, 200))
            case LineFault.TRUNCATED:
                return answer[: len(answer) // 2]
            case LineFault.WRONG_AMOUNT:
                return _with_other_digit(answer, self._start, AMOUNT)
            case LineFault.WRONG_TERMINAL:
                return _with_other_digit(answer, self._start, TERMINAL)
        return answer


def _with_other_digit(frame: bytes, start: int, number: int) -> bytes:
    """The frame with the last digit of a field changed; as it is if it lacks that field.

    Its message begins at `start`.
    """
    end = start + _HEAD_BYTES
    bitmap = int.from_bytes(frame[start + 2 : end], "big")
    for field in range(1, number + 1):
        if bitmap >> (64 - field) & 1:
            if field not in _FIELD_BYTES:
                return frame
            end += _FIELD_BYTES[field]
    if not bitmap >> (64 - number) & 1 or end > len(frame):
        return frame
    # BCD and ASCII digits alike have the digit in the low half of the byte
    last = frame[end - 1]
    other = (last & 0xF0) | ((last & 0x0F) + 1) % 10
    return frame[: end - 1] + bytes([other]) + frame[end:]
