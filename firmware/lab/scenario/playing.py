"""Plays one file of a scenario from its first line to its last."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from firmware.journal.faults import JournalFault
from firmware.lab.scenario.language import ScenarioError, Step, read
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import Stage


def play(
    path: Path,
    *,
    output: Path | None = None,
    on_step: Callable[[Step, Stage], None] = lambda _s, _t: None,
) -> None:
    """Play one file from a fresh terminal. Raises ScenarioError and ScenarioFailed.

    What it saves goes below `output`, by default below a folder that is thrown away.
    `on_step` is told of each step once it was played.
    """
    steps = read(path)
    with tempfile.TemporaryDirectory(prefix="pos-play-", ignore_cleanup_errors=True) as name:
        player = Player(Path(name, "terminal"), output or Path(name, "saved"))
        try:
            for step in steps:
                player.play(step)
                if step.verb != "set":  # the stage is not built before the last setting
                    on_step(step, player.stage)
        except JournalFault as fault:  # such as that of a terminal that does not start
            raise ScenarioError(step.place, str(fault)) from fault
        finally:
            player.close()
