"""A stage that can be watched from within: who watches is told of every moment the power may go.

A moment is an answer about to be given to the flow, or a step in which a paper went on. What lies
on the disk then is copied as it is, terminal's and host's alike: that is what a power cut leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol

from firmware.core.config import Config
from firmware.flows import effects
from firmware.flows.desk import Desk
from firmware.lab.scenario.language import parse
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import STAGE_CONFIG, Stage
from firmware.payments import effects as payment_effects
from firmware.terminal.runner import Flow, Runner
from firmware.terminal.terminal import Terminal
from firmware.ui.screens import Attract, Idle, Screen
from hw.events import DeviceEvent

SIGN_ON = "操作员号"  # nobody is
Told = Callable[[payment_effects.Effect[Any] | None], None]


class Watcher(Protocol):
    """Is told of events, and of effects twice: when asked for and when the answer is to go."""

    def came(self, event: DeviceEvent) -> None: ...

    def asked(self, effect: payment_effects.Effect[Any]) -> None: ...

    def answered(self, effect: payment_effects.Effect[Any] | None) -> None: ...

    def given(self, effect: payment_effects.Effect[Any], answer: object) -> None: ...


@dataclass(eq=False)
class WatchedFlow:
    """A flow that tells a watcher of its effects."""

    flow: Flow
    watcher: Watcher
    chance: Random | None = None  # in place of chance itself, for runs that can be repeated
    effect: payment_effects.Effect[Any] | None = None

    def send(self, answer: object) -> payment_effects.Effect[Any]:
        if self.effect is not None:
            self.watcher.answered(self.effect)
            self.watcher.given(self.effect, answer)
        if self.chance is not None and isinstance(self.effect, payment_effects.RandomBytes):
            answer = self.chance.randbytes(self.effect.count)
        return self._asks(self.flow.send(answer))

    def throw(self, fault: BaseException) -> payment_effects.Effect[Any]:
        return self._asks(self.flow.throw(fault))

    def close(self) -> None:
        self.flow.close()

    def _asks(self, effect: payment_effects.Effect[Any]) -> payment_effects.Effect[Any]:
        self.effect = effect
        self.watcher.asked(effect)
        return effect


class WatchedRunner:
    """A runner that tells of each effect of its flows, and of each step that wrote of paper."""

    def __init__(self, terminal: Terminal, watcher: Watcher, chance: Random | None) -> None:
        runner = terminal.runner
        self._runner, self._watcher, self._data = runner, watcher, terminal.data
        self._chance = chance
        self._watch(runner)

    def _watch(self, runner: Runner) -> None:
        resume, outage = runner._resume, runner._outage
        runner._flow = self._watched(runner._flow)
        runner._resume = lambda: self._watched(resume())
        runner._outage = lambda: self._watched(outage())

    def _watched(self, flow: Flow) -> Flow:
        return WatchedFlow(flow, self._watcher, self._chance)  # type: ignore[return-value]

    def step(self, event: DeviceEvent | None) -> None:
        if event is not None:
            self._watcher.came(event)
        before = self._data.journal.durable_head
        self._runner.step(event)
        if self._data.journal.durable_head != before:
            self._watcher.answered(None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)


class Rig(Stage):
    """A stage whose terminal is watched from its first effect on.

    `on_asked` and `on_answered` are told of each effect, `on_given` of its answer, `on_event` of
    each event, `on_screen` of each screen; they may be set at any time. `space_asked` counts how
    often the terminal looked whether there is room on a disk that is full or broken.

    With `blank` nobody is signed on and the passwords are the factory's; `flow` takes the place of
    the terminal's own, `chance` that of its random numbers; `stage` are further words for Stage.
    """

    def __init__(
        self,
        directory: Path,
        config: Config = STAGE_CONFIG,
        *,
        blank: bool = False,
        flow: Callable[[Desk], Flow] | None = None,
        chance: Random | None = None,
        **stage: Any,
    ) -> None:
        self.on_asked: Callable[[payment_effects.Effect[Any]], None] = lambda _effect: None
        self.on_answered: Told = lambda _effect: None
        self.on_given: Callable[[payment_effects.Effect[Any], object], None] = (
            lambda _effect, _answer: None
        )
        self.on_event: Callable[[DeviceEvent], None] = lambda _event: None
        self.on_screen: Callable[[object], None] = lambda _screen: None
        self._blank, self._other_flow, self._chance = blank, flow, chance
        self._built: Terminal | None = None
        self.screen: Screen | None = None  # that was shown last
        self.space_asked = 0
        super().__init__(directory, config, **stage)

    @property
    def terminal(self) -> Terminal | None:
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
        built.runner = WatchedRunner(built, self, self._chance)  # type: ignore[assignment]

    @property
    def ready(self) -> bool:
        """Whether the display asks for the next sale, or for somebody to sign on."""
        idle = isinstance(self.screen, (Idle, Attract)) and self.display_text != ""
        return idle or SIGN_ON in self.display_text

    def came(self, event: DeviceEvent) -> None:
        """For WatchedRunner."""
        self.on_event(event)

    def asked(self, effect: payment_effects.Effect[Any]) -> None:
        """For WatchedFlow."""
        self.on_asked(effect)
        if isinstance(effect, effects.Show):
            self.screen = effect.screen
            self.on_screen(effect.screen)

    def answered(self, effect: payment_effects.Effect[Any] | None) -> None:
        """For WatchedFlow and WatchedRunner; None stands for a step of the printer."""
        self.on_answered(effect)

    def given(self, effect: payment_effects.Effect[Any], answer: object) -> None:
        """For WatchedFlow: what its effect is answered."""
        self.on_given(effect, answer)

    def _free_bytes(self, directory: Path) -> int:
        free = 0
        try:
            free = super()._free_bytes(directory)
        finally:
            self.space_asked += not free
        return free

    def _provision(self) -> None:
        if not self._blank:
            super()._provision()

    def plays(self, lines: Iterable[str], folder: Path) -> None:
        """Play lines of the scenario language on this stage. Raises ScenarioFailed."""
        player = Player(folder, folder, stage=self)
        for step in parse("\n".join(lines), "story"):
            player.play(step)
