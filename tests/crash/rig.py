"""A stage that can be watched from within: who watches is told of every moment the power may go.

A moment is an answer about to be given to the flow, or a step in which a paper went on. What lies
on the disk then is copied as it is, terminal's and host's alike: that is what a power cut leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

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


class Watcher(Protocol):
    """Is told of each effect twice: when it is asked for, and when its answer is about to go."""

    def asked(self, effect: effects.Effect[Any]) -> None: ...

    def answered(self, effect: effects.Effect[Any] | None) -> None: ...


@dataclass(eq=False)
class WatchedFlow:
    """A flow that tells a watcher of its effects."""

    flow: Flow
    watcher: Watcher
    effect: effects.Effect[Any] | None = None

    def send(self, answer: object) -> effects.Effect[Any]:
        if self.effect is not None:
            self.watcher.answered(self.effect)
        return self._asks(self.flow.send(answer))

    def throw(self, fault: BaseException) -> effects.Effect[Any]:
        return self._asks(self.flow.throw(fault))

    def close(self) -> None:
        self.flow.close()

    def _asks(self, effect: effects.Effect[Any]) -> effects.Effect[Any]:
        self.effect = effect
        self.watcher.asked(effect)
        return effect


class WatchedRunner:
    """A runner that tells of each effect of its flows, and of each step that wrote of paper."""

    def __init__(self, terminal: Terminal, watcher: Watcher) -> None:
        runner = terminal.runner
        self._runner, self._watcher, self._ledger = runner, watcher, terminal.ledger
        self._watch(runner)

    def _watch(self, runner: Runner) -> None:
        resume, outage = runner._resume, runner._outage
        runner._flow = WatchedFlow(runner._flow, self._watcher)  # type: ignore[assignment]
        runner._resume = lambda: WatchedFlow(resume(), self._watcher)  # type: ignore[assignment,return-value]
        runner._outage = lambda: WatchedFlow(outage(), self._watcher)  # type: ignore[assignment,return-value]

    def step(self, event: Event | None) -> None:
        before = self._ledger.journal._head_seq
        self._runner.step(event)
        if self._ledger.journal._head_seq != before:
            self._watcher.answered(None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)


class Rig(Stage):
    """A stage whose terminal is watched from its first effect on.

    `on_asked` and `on_answered` are told of each effect; they may be set at any time.

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
        self.on_asked: Callable[[effects.Effect[Any]], None] = lambda _effect: None
        self.on_answered: Told = lambda _effect: None
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
        built.runner = WatchedRunner(built, self)  # type: ignore[assignment]

    def asked(self, effect: effects.Effect[Any]) -> None:
        """For WatchedFlow."""
        self.on_asked(effect)

    def answered(self, effect: effects.Effect[Any] | None) -> None:
        """For WatchedFlow and WatchedRunner; None stands for a step of the printer."""
        self.on_answered(effect)

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
