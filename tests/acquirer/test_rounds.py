"""Which batch a number names, when numbers have begun anew."""

from __future__ import annotations

import pytest

from firmware.core.payment import BATCH_MAX
from firmware.iso8583.rounds import number_of, serial_before, serial_of


@pytest.mark.parametrize(
    ("number", "last_settled", "serial"),
    [
        (1, 0, 1),
        (7, 0, 7),
        (999_999, 0, 999_999),  # books that begin with a terminal that is older than they are
        (8, 7, 8),
        (7, 7, 7),  # a settlement that is asked for again
        (6, 7, 6),
        (900, 7, 900),  # a terminal that went on from a backup
        (1, 999_999, 1_000_000),
        (999_999, 1_000_000, 999_999),
        (2, 1_000_000, 1_000_001),
        (3, 2_000_000, 2_000_001),
    ],
)
def test_a_number_names_the_batch_nearest_to_what_was_settled(
    number: int, last_settled: int, serial: int
) -> None:
    assert serial_of(number, last_settled) == serial
    assert number_of(serial) == number


@pytest.mark.parametrize(
    ("number", "serial", "before"),
    [
        (0, 9, 0),
        (9, 9, 9),
        (3, 9, 3),
        (10, 9, 10),  # none like it: nothing is found there
        (1, 1_000_000, 1_000_000),
        (2, 1_000_000, 2),
        (999_999, 1_000_000, BATCH_MAX),
    ],
)
def test_an_original_is_none_of_a_later_batch(number: int, serial: int, before: int) -> None:
    assert serial_before(number, serial) == before
