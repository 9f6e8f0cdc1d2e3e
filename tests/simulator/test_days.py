"""Random merchants' days with random faults; what must hold is looked at after every line."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.crash.stories import naive_terminal
from tests.simulator.play import DAYS_OF_A_MERCHANT, Simulator, report

DAYS, LONG_DAYS = 20, 10_000
SHARDS = 100  # of the long form, for xdist to spread over its workers
FAILURES = Path("simulator-failures")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One run in the short form; in the long one as many as make up its days."""
    if "merchants" in metafunc.fixturenames:
        long = metafunc.config.getoption("--long")
        days, shards = (LONG_DAYS, SHARDS) if long else (DAYS, 1)
        each = days // DAYS_OF_A_MERCHANT // shards
        first = int(os.environ.get("SIMULATOR_SEED", "0"))
        starts = range(first, first + each * shards, each)
        metafunc.parametrize("merchants", [range(start, start + each) for start in starts], ids=str)


def test_every_promise_holds_after_every_step_of_every_day(
    merchants: range, tmp_path: Path
) -> None:
    simulator = Simulator(tmp_path)
    began = time.monotonic()
    steps = approved = 0
    for seed in merchants:
        lived = simulator.live(seed)
        steps, approved = steps + lived.steps, approved + lived.approved
        if lived.broken:
            FAILURES.mkdir(exist_ok=True)
            path = FAILURES / f"seed-{seed}.pos"
            report(simulator.shortened(lived, seed), lived, seed, path)
            pytest.fail(f"seed {seed}: {lived.broken}; see {path}", pytrace=False)
    print(
        f"\n{len(merchants) * DAYS_OF_A_MERCHANT} days, {steps} steps, {approved} approvals,"
        f" {time.monotonic() - began:.0f} s: 0 broken promises"
    )


def test_same_seed_lives_the_same_day(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path)
    first, second = simulator.live(3, days=1), simulator.live(3, days=1)
    assert first == second
    assert simulator.again(first.lines, 3) == ""


def test_terminal_that_loses_money_is_found_and_told_in_a_few_lines(tmp_path: Path) -> None:
    """The control: a terminal without intents, and the shortest story that shows it."""
    simulator = Simulator(tmp_path, naive_terminal, shrink_tries=60)
    for seed in range(50):
        lived = simulator.live(seed, days=1)
        if "the host holds" in lived.broken:
            break
    else:
        pytest.fail("50 days without a broken promise")
    lines = simulator.shortened(lived, seed)
    assert _says(simulator, lines, seed, "the host holds")
    assert len(lines) <= 12, lines


def _says(simulator: Simulator, lines: list[str], seed: int, words: str) -> bool:
    return words in simulator.again(lines, seed)
