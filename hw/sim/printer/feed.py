"""When paper comes out of a printer: not before its bytes have come, not faster than the motor.

The model prints the moment it has the bytes; this says how long the same takes on a counter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DOTS_PER_MM = 8  # 203 dpi, the heads of nearly all receipt printers
# of a mechanism by its paper: the slow end of the 58 mm ones, and Epson's TM-T20
NARROW_COLUMNS_MOST = 36
NARROW_MM_S, WIDE_MM_S = 50, 150
BITS_PER_BYTE = 10  # a start bit, eight of data, a stop bit


@dataclass(frozen=True, slots=True)
class Advance:
    """The paper moved on by `rows` dots, when so many bytes had been received in all."""

    rows: int
    bytes_received: int


@dataclass(frozen=True, slots=True)
class Mechanism:
    """The motor's speed, and the line's where it is serial: nobody waits for USB."""

    rows_per_s: int
    baud: int | None = None

    @classmethod
    def of(cls, columns: int, baud: int | None) -> Mechanism:
        """The usual one of a printer with so many columns."""
        return cls(
            (NARROW_MM_S if columns <= NARROW_COLUMNS_MOST else WIDE_MM_S) * DOTS_PER_MM, baud
        )

    def paces_ms(self, advances: Sequence[Advance], bytes_before: int) -> list[float]:
        """How long after the one before it each advance is out.

        The line begins to carry bytes when `bytes_before` have been received.
        """
        paces: list[float] = []
        out_ms = 0.0
        for each in advances:
            begins_ms = max(out_ms, self.line_ms(each.bytes_received - bytes_before))
            paces.append(begins_ms - out_ms + each.rows * 1000 / self.rows_per_s)
            out_ms += paces[-1]
        return paces

    def line_ms(self, byte_count: int) -> float:
        """How long so many bytes take on the line."""
        return max(0, byte_count) * BITS_PER_BYTE * 1000 / self.baud if self.baud else 0.0
