"""A till cancels in every state of a payment, whatever becomes of it: one end, and it sells on.

A state is where the terminal waits: what for, under which screen, and how the order stands. A stop
that comes while the terminal works is heard where it next waits, so these are all there are.
"""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from firmware.journal.order_records import OrderState
from firmware.lab.scenario.audit import unbalanced
from firmware.payments.tills import Done, OrderStopped
from tests.api.counter import CARD, PIN, Counter
from tests.crash.rig import Rig

DECLINED = 12_851
SEED, SHORT = 17, 3  # so many states of each outcome in the short form
FINAL = {
    OrderState.APPROVED,
    OrderState.DECLINED,
    OrderState.CANCELLED,
    OrderState.EXPIRED,
    OrderState.REVERSED,
    OrderState.FAILED,
}
PAY = f"press ENTER\ninsert {CARD}\npress {PIN} ENTER\nwait 1m\nremove\nwait 1m\n"
OUTCOMES = {
    "approve": ("", PAY),
    "decline": ("", PAY),
    "refused by the terminal": ("", PAY.replace(CARD, "blocked")),
    "silence": ("fault host silent", PAY),
    "card pulled": ("fault card pull-at 9", PAY),
    "card pulled late": ("fault card pull-at 15", PAY),
    "nobody": ("", "wait 3m"),
}


@dataclass
class Stopping:
    """Lets a stop come in the state of this number."""

    rig: Rig
    at: int
    states: list[str] = field(default_factory=list)
    stopped: str = ""  # the state that it came in

    def __post_init__(self) -> None:
        self.rig.on_step = self.note

    def note(self) -> None:
        """One more moment; the stop comes with the state that it is meant for."""
        terminal, flow = self.rig.terminal, self.rig.flow
        assert terminal is not None
        assert flow is not None
        found = terminal.data.journal.order("a")
        if found is None:
            return
        screen = type(self.rig.screen).__name__
        state = f"{type(flow.effect).__name__} under {screen}, {found.state.value}"
        if state in self.states:
            return
        self.states.append(state)
        if len(self.states) - 1 == self.at:
            self.stopped = state
            terminal.runner.step(OrderStopped("a"))


def played(directory: Path, outcome: str, at: int) -> tuple[Stopping, str]:
    """Play an order to an outcome, stopped in the state `at`; -1 never. Gives how it ended."""
    fault, lines = OUTCOMES[outcome]
    declines = outcome == "decline"  # the last two digits are the acquirer's answer then
    settings = {"host__test_amounts": "true"} if declines else {}
    counter = Counter(directory, Rig, **settings)
    try:
        counter.do(fault)
        rig = counter.stage
        assert isinstance(rig, Rig)
        stopping = Stopping(rig, at)
        assert counter.order("a", DECLINED if declines else 12_850) is Done.RECORDED
        stopping.note()
        counter.do(lines)
        counter.do("clear host\nclear card\nremove\nwait 5m")
        end = counter.state("a")
        hold(counter, end)
    finally:
        counter.close()
    return stopping, end.value


def hold(counter: Counter, end: OrderState) -> None:
    """The payment has one end, as its transaction does, and the next one works."""
    assert end in FINAL
    paid = [each for each in counter.sales() if each.state.value == "approved"]
    assert len(paid) == (end is OrderState.APPROVED)
    counter.stop("a")
    counter.do("wait 1m")
    assert counter.state("a") is end
    assert counter.order("b", 100) is Done.RECORDED
    counter.do(f'press ENTER\ninsert {CARD}\npress {PIN} ENTER\nexpect screen "交易成功"')
    assert counter.state("b") is OrderState.APPROVED
    assert counter.stage.terminal is not None
    assert unbalanced(counter.stage.terminal.data, counter.stage.keeps_books) == []


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_wherever_a_till_cancels_there_is_one_end_and_the_terminal_sells_on(
    outcome: str, tmp_path: Path, pytestconfig: pytest.Config, figure: Callable[[str], None]
) -> None:
    undisturbed, end = played(tmp_path / "undisturbed", outcome, -1)
    count = len(undisturbed.states)
    ends = Counted[str]()
    numbers = range(count)
    if not pytestconfig.getoption("--long"):
        numbers = sorted(Random(SEED).sample(numbers, min(SHORT, count)))
    for number in numbers:
        stopping, ended = played(tmp_path / f"{number}", outcome, number)
        assert stopping.stopped == undisturbed.states[number], "it came where it was meant to"
        if "taken" in stopping.stopped:
            assert ended == "cancelled", f"stopped in {stopping.stopped}"
        elif "authorising" in stopping.stopped:
            assert ended == end, "after the intent the payment decides"
        ends[ended] += 1
    words = ", ".join(f"{many} {state}" for state, many in sorted(ends.items()))
    figure(f"till cancels, {outcome} ({end}): {count} states, {len(numbers)} tried: {words}")
