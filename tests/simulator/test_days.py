"""Random merchants' days with random faults; what must hold is looked at after every line."""

from __future__ import annotations

import ast
import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.moved import python_path
from tests.simulator.hunt import hunt
from tests.simulator.play import DAYS_OF_A_MERCHANT, Simulator

ROOT = Path(__file__).parents[2]
FAILURES = Path("out/simulator")
DAYS, LONG_DAYS = 5, 10_000


def live(days: int, processes: int, figure: Callable[[str], None]) -> list[str]:
    """Live so many days, say their figures; what was never tried in them. Fails when broken."""
    first = int(os.environ.get("SIMULATOR_SEED", "0"))
    began = time.monotonic()
    figures, found = hunt(range(first, first + days // DAYS_OF_A_MERCHANT), FAILURES, processes)
    figure(figures.words(time.monotonic() - began))
    assert not found, found
    assert figures.days == days
    return figures.never()


def test_every_promise_holds_after_every_line_of_some_days(figure: Callable[[str], None]) -> None:
    live(DAYS, 1, figure)


@pytest.mark.long
def test_every_promise_holds_after_every_line_of_ten_thousand_days(
    figure: Callable[[str], None],
) -> None:
    """An hour and more; every card, fault and outcome that there is a word for comes in them."""
    assert live(LONG_DAYS, os.cpu_count() or 1, figure) == []


def test_same_seed_lives_the_same_day(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path)
    first, second = simulator.live(3, days=1), simulator.live(3, days=1)
    assert first == second
    assert simulator.again(first.lines, 3).timed == first.timed


def test_planted_defect_is_found_and_told_in_a_few_lines(tmp_path: Path) -> None:
    """The control: the simulator finds it, `pos play` shows it, and it is the defect that shows."""
    planted = tmp_path / "planted"
    for top in ("firmware", "hw", "tests"):
        shutil.copytree(ROOT / top, planted / top, copy_function=os.symlink)
    transact = planted / "firmware" / "payments" / "transact.py"
    swapped = host_before_intent(transact.read_text(encoding="utf-8"))
    transact.unlink()
    transact.write_text(swapped, encoding="utf-8")
    where = ("--failures", str(tmp_path))
    assert run(planted, "tests.simulator", "--processes", "1", "--days", "50", *where) == 1
    (told,) = tmp_path.glob("seed-*.pos")
    lines = [line for line in told.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert len(lines) <= 25, lines
    assert run(planted, "firmware", "play", str(told)) == 1
    assert run(ROOT, "firmware", "play", str(told)) == 0


def host_before_intent(source: str) -> str:
    """The module with its one record just before an authorisation put after it.

    What no reversal can make good: the host is asked before the journal says that it will be.
    """
    tree = ast.parse(source)
    swaps = 0
    for body in (node.body for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)):
        for at, (record, asks) in enumerate(itertools.pairwise(list(body))):
            if awaits(record) == "Append" and awaits(asks) == "Authorise":
                body[at : at + 2] = [asks, record]
                swaps += 1
    assert swaps == 1, "one place asks the host, and the intent is recorded right before it"
    return ast.unparse(tree)


def awaits(statement: ast.stmt) -> str:
    """The effect that a statement awaits, or nothing."""
    if not isinstance(statement, ast.Expr | ast.Assign):
        return ""
    awaited = statement.value.value if isinstance(statement.value, ast.Await) else None
    if not isinstance(awaited, ast.Call):
        return ""
    return ast.unparse(awaited.func).partition(".")[0]


def run(root: Path, module: str, *options: str) -> int:
    """Run a module of the tree at `root` by itself; its exit code."""
    command = (sys.executable, "-m", module, *options)
    environment = os.environ | {"PYTHONPATH": python_path(root)}  # its modules, on any day
    done = subprocess.run(
        command, cwd=root, env=environment, check=False, capture_output=True, text=True
    )
    print(done.stdout + done.stderr)
    return done.returncode
