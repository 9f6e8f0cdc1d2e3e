"""A stage that can be watched from within: who watches is told of every moment the power may go.

A moment is an answer about to be given to the flow, or a step in which a paper went on. What lies
on the disk then is copied as it is, terminal's and host's alike: that is what a power cut leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from firmware import __version__
from firmware.core.config import Config
from firmware.flows import effects, idle
from firmware.flows.desk import Desk
from firmware.flows.outage import outage
from firmware.lab.scenario.language import parse
from firmware.lab.scenario.player import Player
from firmware.lab.scenario.stage import STAGE_CONFIG, Stage
from firmware.payments import effects as payment_effects
from firmware.payments.tills import TillEvent
from firmware.terminal.runner import Flow, Runner
from firmware.terminal.terminal import Terminal
from firmware.ui.screens import Attract, Idle, Screen
from hw.events import DeviceEvent

SIGN_ON = "操作员号"  # nobody is
Asked = Callable[[payment_effects.Effect[Any]], None]
Told = Callable[[payment_effects.Effect[Any] | None], None]
own_flow = partial(idle.terminal, version=__version__)


@dataclass(eq=False)
class WatchedFlow:
    """A flow that tells a rig of its effects; `effect` is the one that it waits for."""

    flow: Flow
    rig: Rig
    effect: payment_effects.Effect[Any] | None = None

    def send(self, answer: object) -> payment_effects.Effect[Any]:
        if self.effect is not None:
            self.rig.on_answered(self.effect)
            self.rig.on_given(self.effect, answer)
        chance = self.rig.chance
        if chance is not None and isinstance(self.effect, payment_effects.DrawRandom):
            answer = chance.randbytes(self.effect.count)
        return self._asks(self.flow.send(answer))

    def throw(self, fault: BaseException) -> payment_effects.Effect[Any]:
        return self._asks(self.flow.throw(fault))

    def close(self) -> None:
        self.flow.close()

    def _asks(self, effect: payment_effects.Effect[Any]) -> payment_effects.Effect[Any]:
        self.effect = effect
        self.rig.asked(effect)
        return effect


class WatchedRunner(Runner):
    """The runner of a terminal whose flows tell a rig of their effects, as its steps do."""

    def __init__(self, built: Terminal, rig: Rig, first: Callable[[Desk], Flow]) -> None:
        desk = built.desk
        super().__init__(
            built.world,
            rig.follow(first(desk)),
            resume=lambda: rig.follow(own_flow(desk)),
            outage=lambda: rig.follow(outage(desk)),
        )
        self._rig, self._data = rig, built.data

    def step(self, event: DeviceEvent | TillEvent | None) -> None:
        if event is not None:
            self._rig.on_event(event)
        before = self._data.journal.durable_head
        super().step(event)
        if self._data.journal.durable_head != before:
            self._rig.on_answered(None)
        self._rig.on_step()


class Rig(Stage):
    """A stage whose terminal is watched from its first effect on.

    `on_asked` and `on_answered` are told of each effect, `on_given` of its answer, `on_event` of
    each event, `on_screen` of each screen, `on_frame` of each frame on the display, `on_step` when
    a step has ended; they may be set at any time. `on_answered` is told of None when a step wrote
    of paper.

    `flow` takes the place of the terminal's own, `chance` that of its random numbers; `stage` are
    further words for Stage.
    """

    def __init__(
        self,
        directory: Path,
        config: Config = STAGE_CONFIG,
        *,
        flow: Callable[[Desk], Flow] | None = None,
        chance: Random | None = None,
        **stage: Any,
    ) -> None:
        self.on_asked: Asked = lambda _effect: None
        self.on_answered: Told = lambda _effect: None
        self.on_given: Callable[[payment_effects.Effect[Any], object], None] = (
            lambda _effect, _answer: None
        )
        self.on_event: Callable[[DeviceEvent | TillEvent], None] = lambda _event: None
        self.on_screen: Callable[[Screen], None] = lambda _screen: None
        self.on_step: Callable[[], None] = lambda: None
        self.chance = chance
        self._first_flow = flow or own_flow
        self.flow: WatchedFlow | None = None  # that the terminal is in, or was in last
        self.screen: Screen | None = None  # that was shown last
        super().__init__(directory, config, on_built=self._watch, **stage)

    def _watch(self, built: Terminal) -> None:
        built.runner.close()
        built.runner = WatchedRunner(built, self, self._first_flow)

    def follow(self, flow: Flow) -> Flow:
        """For WatchedRunner: the terminal is in this flow from now on."""
        self.flow = WatchedFlow(flow, self)
        return self.flow  # type: ignore[return-value]

    @property
    def ready(self) -> bool:
        """Whether the display asks for the next sale, or for somebody to sign on."""
        idle = isinstance(self.screen, (Idle, Attract)) and self.display_text != ""
        return idle or SIGN_ON in self.display_text

    def asked(self, effect: payment_effects.Effect[Any]) -> None:
        """For WatchedFlow."""
        self.on_asked(effect)
        if isinstance(effect, effects.Show):
            self.screen = effect.screen
            self.on_screen(effect.screen)

    def plays(self, lines: Iterable[str], folder: Path) -> None:
        """Play lines of the scenario language on this stage. Raises ScenarioFailed."""
        player = Player(folder, folder, stage=self)
        for step in parse("\n".join(lines), "story"):
            player.play(step)
