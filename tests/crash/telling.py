"""Stories as they are told, by hand and in scenario files, and the states that they go through.

A state is a slow effect under a screen in a flow: what is waited for, what stands on the display
meanwhile, and whose step it is. Nothing of it is listed: a new flow that some story tells of
brings its states along.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from random import Random
from types import CoroutineType
from typing import Any

from msgspec import Struct

from firmware.core.config import Config
from firmware.flows import effects
from firmware.lab.scenario.language import FRESH, Step, parse, read
from firmware.lab.scenario.player import Player
from firmware.payments import effects as payment_effects
from firmware.ui.render import Frame
from firmware.ui.screens import Menu, Screen
from tests.crash.cuts import Story, copy
from tests.crash.rig import Asked, Rig, Told
from tests.crash.stories import OTHER_STORIES, STORIES

SCENARIOS = Path(__file__).parents[1] / "scenarios"
FLOWS = "firmware.flows."
SLOW = (
    effects.Wait,
    effects.PowerOn,
    effects.Exchange,
    effects.PowerOff,
    payment_effects.Authorise,
)


@dataclass(frozen=True, slots=True)
class Telling:
    """The steps of a story from a fresh terminal on, settings first."""

    name: str
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, story: Story) -> Telling:
        """A story with what comes before it."""
        fresh = (f"set {FRESH} true",) if story.blank else ()
        lines = (*fresh, *story.before, *story.lines)
        return cls(story.name, tuple(parse("\n".join(lines), story.name)))

    @classmethod
    def read(cls, path: Path) -> Telling:
        """A scenario file with what it includes."""
        return cls(path.stem, tuple(read(path)))


def tellings() -> list[Telling]:
    """Every story there is: the hand-written ones, then one scenario of each kind, and the rest.

    Of the rest, first those whose lines say most that none before has said: what all of them
    reach is soon reached.
    """
    paths = sorted(SCENARIOS.glob("*.pos"))
    kinds = [list(each) for _, each in groupby(paths, lambda path: path.stem.split("-")[0])]
    first = [each[0] for each in kinds]
    told = [Telling.of(story) for story in (*STORIES, *OTHER_STORIES)]
    told += map(Telling.read, first)
    said = {step for each in told for step in _said_by(each)}
    rest = [Telling.read(path) for path in paths if path not in first]
    unsaid = {each: _said_by(each) - said for each in rest}
    while unsaid:
        telling = max(unsaid, key=lambda each: len(unsaid[each]))
        said = unsaid.pop(telling)
        told.append(telling)
        unsaid = {each: words - said for each, words in unsaid.items()}
    return told


def _said_by(telling: Telling) -> set[tuple[str, ...]]:
    return {(step.verb, *step.words) for step in telling.steps}


@dataclass(frozen=True, slots=True)
class State:
    """What is waited for, and as how-many-th of all slow effects of its telling."""

    name: str
    number: int


@dataclass
class Reach:
    """What the effects of stories have come by."""

    screens: set[str] = field(default_factory=set)
    effects: set[str] = field(default_factory=set)
    flows: set[str] = field(default_factory=set)

    def add(self, effect: payment_effects.Effect[Any], flows: list[str]) -> None:
        """One more effect, asked for within these modules of flows."""
        self.effects.add(type(effect).__name__)
        self.flows.update(flows)
        if isinstance(effect, effects.Show):
            self.screens.add(type(effect.screen).__name__)


@dataclass
class Cast:
    """A player on a watched stage. `provisioned` are disks as a fresh terminal has them.

    `on_state` is told of each state, `on_asked`, `on_answered` and `on_frame` are those of Rig.
    """

    telling: Telling
    folder: Path
    provisioned: Path
    on_state: Callable[[str], None] = lambda _name: None
    on_asked: Asked = lambda _effect: None
    on_answered: Told = lambda _effect: None
    on_frame: Callable[[Frame], None] = lambda _frame: None
    reach: Reach = field(default_factory=Reach)
    _rig: Rig | None = None

    def __post_init__(self) -> None:
        self.player = Player(self.folder, SCENARIOS, make_stage=self._make)

    @property
    def rig(self) -> Rig:
        """The stage, once there is something to play on it."""
        assert self.player.stage is self._rig
        return self._rig

    def close(self) -> None:
        """Clear the stage."""
        self.player.close()

    def _make(self, config: Config) -> Rig:
        directory = self.folder / "data"
        fresh = self.player.is_fresh
        if not fresh:
            copy(self.provisioned, directory)
        kind = self.player.printer_kind
        self._rig = Rig(directory, config, fresh=fresh, chance=Random(0), printer_kind=kind)
        self._rig.on_asked = self._asked
        self._rig.on_answered = self.on_answered
        self._rig.on_frame = self.on_frame
        return self._rig

    def _asked(self, effect: payment_effects.Effect[Any]) -> None:
        assert self._rig is not None
        flows = list(_flows_of(self._rig))
        self.reach.add(effect, flows)
        self.on_asked(effect)
        if isinstance(effect, SLOW):
            flow = flows[1] if len(flows) > 1 else "".join(flows)
            screen = _screen_name(self._rig.screen)
            self.on_state(f"{_effect_name(effect)} under {screen} in {flow}")


def provision(disks: Path) -> Path:
    """A terminal whose people have their passwords: made once, for that takes its time."""
    if not disks.exists():
        Rig(disks).close()
    return disks


def _flows_of(rig: Rig) -> Iterator[str]:
    """The modules of flows in which the terminal stands, outermost first."""
    assert rig.flow is not None
    standing: object = rig.flow.flow
    before = ""
    while isinstance(standing, CoroutineType) and standing.cr_frame is not None:
        module = standing.cr_frame.f_globals["__name__"]
        if module.startswith(FLOWS) and module != before:
            yield module.removeprefix(FLOWS)
        before = module
        standing = standing.cr_await


def _effect_name(effect: payment_effects.Effect[Any]) -> str:
    match effect:
        case effects.Exchange(command=command):
            return f"Exchange {command[1]:02X}"
        case payment_effects.Authorise(request=request):
            return f"Authorise {type(request).__name__}"
    return type(effect).__name__


def _screen_name(screen: Screen | None) -> str:
    """A screen with the texts of the catalogue that stand on it, and what else it names."""
    shown: object = screen.title if isinstance(screen, Menu) else screen
    return " ".join(dict.fromkeys((type(screen).__name__, *_words_of(shown))))


def _words_of(value: object) -> Iterator[str]:
    match value:
        case enum.Enum():
            yield value.name
        case Struct():
            if getattr(value, "training", False):
                yield "in training"
            for name in value.__struct_fields__:
                yield from _words_of(getattr(value, name))
        case tuple():
            for each in value:
                yield from _words_of(each)
