"""Batch numbers begin anew at 1 after 999,999: which batch of a terminal a number names.

The books count on: their batch 1,000,000 is the second with the number 1. Up to 999,999 the count
and the number are the same.
"""

from __future__ import annotations

from firmware.core.payment import BATCH_MAX


def number_of(serial: int) -> int:
    """The number that a terminal and its receipts call a batch by."""
    return (serial - 1) % BATCH_MAX + 1


def serial_of(number: int, last_settled: int) -> int:
    """The batch that a request of today names: the one nearest to what was settled last.

    Ahead is the open batch, or one further on where a terminal went on from a backup; behind are
    settlements and reversals that are asked for again.
    """
    ahead = (number - last_settled) % BATCH_MAX
    if ahead > BATCH_MAX // 2 and last_settled + ahead > BATCH_MAX:
        ahead -= BATCH_MAX
    return last_settled + ahead or BATCH_MAX  # where none was settled 0 stands for no batch


def serial_before(number: int, serial: int) -> int:
    """The latest batch of this number that is not after `serial`; 0 for none named."""
    if not number:
        return 0
    before = serial - (serial - number) % BATCH_MAX
    return before if before > 0 else number
