"""The soak in its short form. `python -m tests.soak --minutes 5` has the long one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.soak.days import Soak

SECONDS = 30
SEED = 20261129


@pytest.mark.long
def test_a_terminals_process_through_half_a_minute_of_all_that_goes_wrong(
    figure: Callable[[str], None],
) -> None:
    soak = Soak(SEED, lambda _words: None)
    soak.run(SECONDS)
    figure(f"soak: {soak.figures()}")
