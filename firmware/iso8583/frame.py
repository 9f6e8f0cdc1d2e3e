"""What stands around a message on the line: length, TPDU, header.

length, 2 bytes big-endian of what follows | TPDU, 5 bytes | header, 6 bytes or none | message
"""

from __future__ import annotations

from msgspec import Struct

from firmware.iso8583.profile import FrameShape

LENGTH_BYTES, TPDU_BYTES, HEADER_BYTES = 2, 5, 6
FRAME_MAX = 4096
DEMAND_AT = 2
SIGN_ON_AGAIN = 3  # the processing demand of an answer's header


class FrameError(ValueError):
    """Bytes that are no frame; `at` is where reading stopped, counted from 0."""

    def __init__(self, words: str, at: int) -> None:
        super().__init__(words)
        self.at = at


class LineFrame(Struct, frozen=True):
    """A frame's parts."""

    tpdu: bytes
    header: bytes
    message: bytes

    @property
    def demand(self) -> int:
        """What the acquirer wants of the terminal: a nibble of the header, 0 is nothing.

        60 | software version 2 digits | terminal status 1 | demand 1 | software's own version 6.
        """
        return self.header[DEMAND_AT] & 0x0F if self.header else 0


def pack_frame(message: bytes, shape: FrameShape) -> bytes:
    """The bytes on the line. Raises FrameError for a message that is too long."""
    inner = bytes.fromhex(shape.tpdu) + bytes.fromhex(shape.header) + message
    if len(inner) > FRAME_MAX:
        raise FrameError(f"{len(inner)} bytes are more than {FRAME_MAX}", FRAME_MAX)
    return len(inner).to_bytes(LENGTH_BYTES, "big") + inner


def unpack_frame(frame: bytes, shape: FrameShape) -> LineFrame:
    """The parts of `frame`. Raises FrameError."""
    size = int.from_bytes(frame[:LENGTH_BYTES], "big")
    if len(frame) < LENGTH_BYTES or len(frame) - LENGTH_BYTES != size:
        have = max(len(frame) - LENGTH_BYTES, 0)
        raise FrameError(f"length says {size} bytes, {have} follow", 0)
    head = HEADER_BYTES if shape.header else 0
    start = LENGTH_BYTES + TPDU_BYTES + head
    if len(frame) <= start:
        raise FrameError("ends before the message", len(frame))
    tpdu = frame[LENGTH_BYTES : LENGTH_BYTES + TPDU_BYTES]
    return LineFrame(tpdu, frame[LENGTH_BYTES + TPDU_BYTES : start], frame[start:])


def answer_to(tpdu: bytes) -> bytes:
    """The TPDU of an answer: destination and origin exchanged."""
    return tpdu[:1] + tpdu[3:5] + tpdu[1:3]
