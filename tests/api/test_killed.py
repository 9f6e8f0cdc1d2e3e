"""kill -9 of the whole simulator, of the till, or of both, at any moment of a payment.

The till keeps nothing but the id and the body. After each death it asks the same again, until the
payment has ended: one charge, and the same answer for ever, however often either dies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.api.killed import GONE, Simulator, Struck

ROUNDS, ROUNDS_LONG, SEED, MOST_S = 4, 30, 17, 0.5
STEPS = (
    "press ENTER",
    "insert unionpay-debit",
    "press 123456 ENTER",
    "wait 1s",
    "wait 10s",
    "remove",
    "wait 30s",
)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    simulator = Simulator(tmp_path / "data")
    yield simulator
    simulator.kill()


def begin(simulator: Simulator, path: str, body: Any) -> None:
    """The payment up to wherever it is struck: till and cardholder each do their part."""
    try:
        simulator.ask("PUT", path, body)
        for lines in STEPS:
            simulator.play(lines)
    except GONE:
        pass


def ended(simulator: Simulator, path: str, body: Any) -> Any:
    """The same PUT until the payment has ended; it is paid if it had not begun."""
    simulator.play("remove\nwait 5m\ntear")
    status, payment = simulator.ask("PUT", path, body)
    assert status in (200, 201), payment
    if status == 201:
        for lines in STEPS:
            simulator.play(lines)
        _, payment = simulator.ask("GET", path)
    return payment


def test_whoever_is_killed_whenever_it_is_one_charge_and_one_answer(
    simulator: Simulator,
    pytestconfig: pytest.Config,
    figure: Callable[[str], None],
    progress: Callable[[str], None],
) -> None:
    rounds = ROUNDS_LONG if pytestconfig.getoption("--long") else ROUNDS
    chance, ends, told = Random(SEED), Counter[str](), {}
    paid = [0, 0]
    for number in range(rounds):
        path = f"/v1/payments/k{number}"
        body = {"amount_minor": 1_000 + number, "currency": "CNY", "reference": f"order {number}"}
        with Struck(simulator, chance, MOST_S):
            begin(simulator, path, body)
        simulator.start()
        told[path] = body, ended(simulator, path, body)
        end = told[path][1]
        assert end["final"], end
        ends[end["state"]] += 1
        if end["state"] == "approved":
            paid = [paid[0] + 1, paid[1] + end["amount_minor"]]
        done = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
        progress(f"killed: {number + 1} of {rounds} payments: {done}")
    for path, (body, end) in told.items():
        assert simulator.ask("PUT", path, body) == (200, end)
    status, held = simulator.play(f"expect books balanced\nexpect totals sales={paid[0]}/{paid[1]}")
    assert status == 200, held
    words = ", ".join(f"{count} {state}" for state, count in sorted(ends.items()))
    figure(
        f"till, kill -9: {rounds} payments, {simulator.lives - 1} kills within {MOST_S} s: {words};"
        " charged twice 0, answered differently 0"
    )
