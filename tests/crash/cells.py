"""Every fault in every state of every flow: the cells, made from the flows and the language.

A state is a slow effect under a screen: what the flow waits for, and what stands on the glass
meanwhile. The faults are those of the scenario language, a card that is taken out, and the power.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from firmware import effects
from firmware.journal.records import DeviceFailed, DeviceRecovered, Kind
from firmware.journal.transactions import State as Standing
from firmware.scenario.hands import Hands
from firmware.scenario.language import FAULTS, Step, parse
from firmware.scenario.player import Player, ScenarioFailed
from firmware.ui.screens import Outcome
from hw.sim.host_line import LineFault
from tests.crash.cuts import READY, Approval, Story, broken, copy
from tests.crash.rig import Rig

SLOW = (
    effects.Wait,
    effects.AwaitPaper,
    effects.PowerOn,
    effects.Exchange,
    effects.PowerOff,
    effects.Authorise,
)
ARGUMENTS = {"dies-after": ("300",), "pull-at": ("1",), "stuck": ("9",), "jump": ("+1d", "-1d")}
POWER_CUT, CARD_OUT = "power cut", "card out"
# what stands on the glass while trade is stopped; a display that is lost cannot say so
NAMED = {"reader": "读卡器故障", "key": "键盘故障", "disk": "存储故障", "display": ""}
IN_JOURNAL = {"reader": "reader", "key": "keypad", "disk": "journal", "display": "display"}
ALWAYS_NOTICED = ("reader", "key", "display")  # a full disk only by who wants to write
OUTCOME_STAYS = ("printer",)  # a printer's fault changes no outcome
STOPPED_MS = 90_000  # by then the clock on the glass has moved, and a key that sticks is known
PATIENCE_MS = 2 * 3_600_000
MINUTE_MS = 60_000
BEFORE = -1  # the number of the state in which a story begins
NEXT_SALE = (
    "press 3300 ENTER",
    "press ENTER",
    "insert unionpay-credit",
    "press 123456 ENTER",
    'expect screen "交易成功"',
    "press ENTER",
    "remove",
    "wait 1m",
)


class PowerIsCut(BaseException):
    """Unwinds whatever was under way, as no flow or driver may answer any more."""


@dataclass(frozen=True, slots=True)
class State:
    """A slow effect under a screen, and which one it was of all slow effects of the story."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault by its words in the language."""

    device: str
    kind: str
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return " ".join((self.device, self.kind, *self.arguments)).strip()


@dataclass(frozen=True, slots=True)
class Cell:
    """One fault in one state of one story."""

    story: Story
    state: State
    fault: Fault

    @property
    def name(self) -> str:
        return f"{self.fault.name} in {self.story.name} at {self.state.name}"


def all_faults() -> list[Fault]:
    """Every fault there is a word for, all that a line does, and the two that need no word."""
    found = []
    for device, kinds in FAULTS.items():
        for kind, count in kinds.items():
            arguments = [(each,) for each in ARGUMENTS[kind]] if count else [()]
            found += [Fault(device, kind, each) for each in arguments]
    on_the_line = [Fault("host", each.value) for each in LineFault]
    others = [Fault(CARD_OUT, ""), Fault(POWER_CUT, "")]
    return [*dict.fromkeys([*found, *on_the_line]), *others]


@dataclass
class Ground:
    """Where a story begins: disks after what comes before it, and its states and outcomes."""

    story: Story
    disks: Path
    at_ms: int = 0
    paper: str = ""  # that hangs out
    states: list[State] = field(default_factory=lambda: [State("the beginning", BEFORE)])
    effects: int = 0
    approved: Counter[tuple[Kind, int]] = field(default_factory=Counter)

    @classmethod
    def of(cls, story: Story, folder: Path) -> Ground:
        """Play what comes before, and then the story once without any fault."""
        folder.mkdir(parents=True, exist_ok=True)
        ground = cls(story, folder / "ground")
        rig = Rig(ground.disks, blank=story.blank)
        rig.power_on()
        rig.plays(story.before, folder)
        ground.at_ms = rig.bench.clock.monotonic_ms()
        ground.paper = rig.bench.paper_printer.paper.text
        rig.close()
        rig = ground.rig(folder / "clean")
        ground._find_states(rig, folder)
        rig.close()
        return ground

    def rig(self, directory: Path) -> Rig:
        """A terminal that is on and stands where the story begins."""
        copy(self.disks, directory)
        rig = Rig(directory, blank=self.story.blank, chance=Random(0))
        rig.bench.clock.advance_to(self.at_ms)
        terminal = rig.power_on()
        rig.bench.time.settle(terminal.runner)
        return rig

    def cells(self) -> list[Cell]:
        """Every fault in every state."""
        return [Cell(self.story, *pair) for pair in product(self.states, all_faults())]

    def _find_states(self, rig: Rig, folder: Path) -> None:
        seen: set[str] = set()
        screen = "Idle"

        def note(effect: effects.Effect[Any]) -> None:
            nonlocal screen
            self.effects += 1
            if isinstance(effect, effects.Show):
                screen = _screen_name(effect.screen)
            if isinstance(effect, SLOW):
                name = f"{_effect_name(effect)} under {screen}"
                if name not in seen:
                    seen.add(name)
                    self.states.append(State(name, self._slow))
                self._slow += 1

        self._slow = 0
        rig.on_asked = note
        rig.plays(self.story.lines, folder)
        rig.on_asked = lambda _effect: None
        self.approved = approved_in(rig)


def _screen_name(screen: object) -> str:
    """A screen, and what is under way if it says so."""
    words = getattr(screen, "text", None) or getattr(screen, "title", None)
    text = getattr(words, "text", None)
    return type(screen).__name__ + (f" {text.name}" if hasattr(text, "name") else "")


def _effect_name(effect: effects.Effect[Any]) -> str:
    match effect:
        case effects.Exchange(command=command):
            return f"Exchange {command[1]:02X}"
        case effects.Authorise(request=request):
            return f"Authorise {type(request).__name__}"
    return type(effect).__name__


def approved_in(rig: Rig) -> Counter[tuple[Kind, int]]:
    """Kinds and amounts of all that is approved in the journal."""
    assert rig.terminal is not None
    found = rig.terminal.ledger.journal.list_transactions(None, 0, 1_000)
    return Counter(
        (each.kind, each.amount_minor) for each in found if each.state is Standing.APPROVED
    )


class Trial:
    """One cell played: the fault comes in its state, people go on, the fault goes, all is well."""

    def __init__(self, ground: Ground, cell: Cell, directory: Path) -> None:
        self._cell = cell
        self._ground = ground
        self._folder = directory.parent
        self._rig = ground.rig(directory)
        self._hands = Hands(self._rig)
        self._player = Player(self._folder, self._folder)
        self._player._stage, self._player._hands = self._rig, self._hands
        self._shown: set[Approval] = set()
        self._to_go = cell.state.number

    def play(self) -> Iterator[str]:
        """Each expectation that does not hold, in words."""
        self._rig.on_asked = self._asked
        self._rig.on_answered = self._answered
        try:
            try:
                if self._cell.state.number == BEFORE:
                    self._strike()
                for step in parse("\n".join(self._cell.story.lines), self._cell.name):
                    yield from self._step(step)
                self._wait(STOPPED_MS)
            except PowerIsCut:
                self._power_again()
            if self._to_go >= 0:
                yield "its state was not reached"
            self._to_go = BEFORE
            yield from self._while_faulty()
            self._clear()
            yield from self._afterwards()
        finally:
            self._rig.close()

    def _step(self, step: Step) -> Iterator[str]:
        """People go on as if nothing had happened; what they expected is forgotten by the fault."""
        expected = step.verb.startswith("expect")
        if expected and self._to_go < 0:
            return
        try:
            self._player.play(step)
        except ScenarioFailed as failed:
            if not expected or self._to_go >= 0:
                yield str(failed).splitlines()[0]

    # --- watching ---

    def _asked(self, effect: effects.Effect[Any]) -> None:
        if isinstance(effect, SLOW) and self._to_go >= 0:
            self._to_go -= 1
            if self._to_go < 0:
                self._strike()

    def _answered(self, effect: effects.Effect[Any] | None) -> None:
        if isinstance(effect, effects.Show):
            screen = effect.screen
            if isinstance(screen, Outcome) and screen.approved:
                self._shown.add(Approval(screen.kind, screen.voucher, screen.amount.minor))

    # --- the fault ---

    def _strike(self) -> None:
        fault = self._cell.fault
        if fault.device == POWER_CUT:
            raise PowerIsCut
        if fault.device == CARD_OUT:
            self._hands.remove()
        else:
            self._hands.fault(fault.device, fault.kind, list(fault.arguments))

    def _clear(self) -> None:
        if self._cell.fault.device in FAULTS:
            self._hands.clear(self._cell.fault.device)
        self._hands.remove()

    def _power_again(self) -> None:
        self._hands.power_cut()
        self._rig.bench.clock.advance_to(self._now_ms + MINUTE_MS)
        self._rig.power_on()
        self._wait(STOPPED_MS)

    # --- time ---

    @property
    def _now_ms(self) -> int:
        return self._rig.bench.clock.monotonic_ms()

    def _wait(self, duration_ms: int) -> None:
        assert self._rig.terminal is not None
        self._rig.bench.time.run_until(self._rig.terminal.runner, self._now_ms + duration_ms)

    # --- what must hold ---

    def _while_faulty(self) -> Iterator[str]:
        device = self._cell.fault.device
        assert self._rig.terminal is not None
        stopped = self._rig.terminal.runner._in_outage
        glass = "".join(self._rig.glass_text.split())
        if device in ALWAYS_NOTICED and not stopped:
            yield f"trade goes on with its {device} gone: {glass}"
        if stopped and device not in NAMED:
            yield f"trade has stopped: {glass}"
        if stopped and NAMED.get(device, "") not in glass:
            yield f"trade has stopped, and the glass does not say why: {glass}"

    def _afterwards(self) -> Iterator[str]:
        terminal = self._rig.terminal
        assert terminal is not None
        journal = terminal.ledger
        end_ms = self._now_ms + PATIENCE_MS
        self._wait(3 * MINUTE_MS)
        while journal.journal.reversals() and self._now_ms < end_ms:
            self._wait(10 * MINUTE_MS)
        approved, clean = approved_in(self._rig), self._ground.approved
        if self._cell.fault.device in OUTCOME_STAYS and approved != clean:
            yield f"approved {_words(approved)} instead of {_words(clean)}"
        if self._cell.fault.device != "key" and approved - clean:
            yield f"approved {_words(approved - clean)}, which nobody asked for"
        yield from self._journaled()
        if READY[0] in self._rig.glass_text:
            try:
                self._rig.plays(NEXT_SALE, self._folder)
            except ScenarioFailed as failed:
                yield f"no further sale: {str(failed).splitlines()[0]}"
        paper = self._ground.paper + self._rig.bench.paper_printer.paper.text
        yield from broken(self._rig, self._shown, paper)

    def _journaled(self) -> Iterator[str]:
        """A device's fault and its end stand in the journal, if trade was stopped."""
        assert self._rig.terminal is not None
        records = [each.record for each in self._rig.terminal.ledger.journal.records()]
        name = IN_JOURNAL.get(self._cell.fault.device, "")
        failed = {each.device for each in records if isinstance(each, DeviceFailed)}
        back = {each.device for each in records if isinstance(each, DeviceRecovered)}
        if self._cell.fault.device in ALWAYS_NOTICED and name not in failed:
            yield f"the journal does not know that the {name} failed"
        if failed - back:
            yield f"the journal does not know that the {', '.join(failed - back)} is back"


def _words(approved: Counter[tuple[Kind, int]]) -> str:
    return ", ".join(f"{kind.value} {minor}" for kind, minor in approved.elements()) or "nothing"
