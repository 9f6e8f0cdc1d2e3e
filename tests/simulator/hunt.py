"""Hunts for a broken promise in many merchants' days, on as many processors as there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests import machine
from tests.simulator.figures import Figures
from tests.simulator.play import Simulator
from tests.simulator.shorten import report

AT_A_TIME = 4  # merchants that share a provisioned disk


def hunt(
    seeds: range,
    failures: Path,
    processes: int = 1,
    tell: Callable[[Figures], None] = lambda _: None,
    enough: Callable[[], bool] = lambda: False,
) -> tuple[Figures, str]:
    """Live the days of each seed's merchant, up to the first broken promise: figures, and it.

    Its scenario file is written to `failures`; `tell` hears the figures as they grow. `enough` is
    asked after every few merchants whether to go on.
    """
    figures = Figures()
    few = [seeds[at : at + AT_A_TIME] for at in range(0, len(seeds), AT_A_TIME)]
    with _mapped(processes) as mapped:
        for lived, found in mapped(partial(_live, failures), few):
            figures.add(lived)
            tell(figures)
            if found or enough():
                return figures, found
    return figures, ""


def _live(failures: Path, seeds: range) -> tuple[Figures, str]:
    figures = Figures()
    with machine.room("pos-simulator-") as folder:  # days that nobody keeps wear no disk out
        simulator = Simulator(folder)
        for seed in seeds:
            lived = simulator.live(seed)
            figures.add(lived.figures)
            if lived.broken:
                return figures, report(simulator, lived, seed, failures)
    return figures, ""


@contextmanager
def _mapped(processes: int) -> Iterator[Callable[..., Iterator[tuple[Figures, str]]]]:
    """`map`, over processes of their own if there are several; what was not begun is dropped."""
    if processes == 1:
        yield map
        return
    pool = machine.processes(processes)
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)
