"""A stage that can be watched from within: who watches is told of every moment the power may go.

A moment is an answer about to be given to the flow, or a step in which a paper went on. What lies
on the disk then is copied as it is, terminal's and host's alike: that is what a power cut leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware import effects
from firmware.config import Config
from firmware.flows.desk import Desk
from firmware.runner import Flow, Runner
from firmware.scenario.hands import Hands
from firmware.scenario.language import read
from firmware.scenario.player import Player
from firmware.scenario.stage import STAGE_CONFIG, Stage
from firmware.terminal import Terminal
from hw.events import Event

Told = Callable[[effects.Effect[Any] | None], None]


@dataclass(eq=False)
class WatchedFlow:
    """A flow that tells of each effect before it takes the answer."""

    flow: Flow
    told: Told
    asked: effects.Effect[Any] | None = None

    def send(self, answer: object) -> effects.Effect[Any]:
        if self.asked is not None:
            self.told(self.asked)
        self.asked = self.flow.send(answer)
        return self.asked

    def throw(self, fault: BaseException) -> effects.Effect[Any]:
        self.asked = self.flow.throw(fault)
        return self.asked

    def close(self) -> None:
        self.flow.close()


class WatchedRunner:
    """A runner that tells of each effect of its flows, and of each step that wrote of paper."""

    def __init__(self, terminal: Terminal, told: Told) -> None:
        runner = terminal.runner
        self._runner, self._told, self._ledger = runner, told, terminal.ledger
        self._watch(runner)

    def _watch(self, runner: Runner) -> None:
        resume, outage = runner._resume, runner._outage
        runner._flow = WatchedFlow(runner._flow, self._told)  # type: ignore[assignment]
        runner._resume = lambda: WatchedFlow(resume(), self._told)  # type: ignore[assignment,return-value]
        runner._outage = lambda: WatchedFlow(outage(), self._told)  # type: ignore[assignment,return-value]

    def step(self, event: Event | None) -> None:
        before = self._ledger.journal._head_seq
        self._runner.step(event)
        if self._ledger.journal._head_seq != before:
            self._told(None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)


class Rig(Stage):
    """A stage whose terminal is watched from its first effect on; `told` may be set at any time.

    With `blank` nobody is signed on and the passwords are the factory's; `flow` takes the place of
    the terminal's own.
    """

    def __init__(
        self,
        directory: Path,
        config: Config = STAGE_CONFIG,
        *,
        blank: bool = False,
        flow: Callable[[Desk], Flow] | None = None,
    ) -> None:
        self.told: Told = lambda _effect: None
        self._blank, self._other_flow = blank, flow
        self._built: Terminal | None = None
        super().__init__(directory, config)

    @property
    def terminal(self) -> Terminal | None:  # type: ignore[override]
        return self._built

    @terminal.setter
    def terminal(self, built: Terminal | None) -> None:
        """Stands between building a terminal and starting it."""
        self._built = built
        if built is None:
            return
        if self._other_flow is not None:
            built.runner._flow.close()
            built.runner._flow = self._other_flow(built.desk)
        built.runner = WatchedRunner(built, self._tell)  # type: ignore[assignment]

    def _tell(self, effect: effects.Effect[Any] | None) -> None:
        self.told(effect)  # who watches may have changed since

    def _provision(self) -> None:
        if not self._blank:
            super()._provision()

    def plays(self, lines: Iterable[str], folder: Path) -> None:
        """Play lines of the scenario language on this stage. Raises ScenarioFailed."""
        story = folder / "story.pos"
        story.write_text("\n".join(lines), encoding="utf-8")
        player = Player(folder, folder)
        player._stage, player._hands = self, Hands(self)  # it is on already
        for step in read(story):
            player.play(step)
