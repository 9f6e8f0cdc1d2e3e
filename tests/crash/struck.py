"""A telling that is struck by a fault: people go on, the fault goes, and all has to be well.

What a fault could not touch it need not be noticed by: the models say whether they were used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.core.kinds import Kind
from firmware.flows import effects
from firmware.iso8583.messages import HostRequest
from firmware.journal.faults import JournalFault
from firmware.journal.paper_records import PrintQueued
from firmware.journal.store import Journal
from firmware.lab.scenario.language import FAULTS, ScenarioError, Step
from firmware.lab.scenario.player import ScenarioFailed
from firmware.payments import effects as payment_effects
from firmware.ui.screens import Idle, Outcome, Screen
from firmware.ui.texts import Text
from hw.sim.reader.pcsc import PcscModel
from tests.crash.cells import CARD_OUT, POWER_CUT, Cell, Fault
from tests.crash.cuts import Approval, broken
from tests.crash.expected import EXPECTED, SALE_IN_VAIN, Expected, in_vain, stands
from tests.crash.journaled import agreed_in, approved_in, untold
from tests.crash.rig import Rig
from tests.crash.telling import Cast, Reach, State, Telling
from tests.playing import sale

OUTCOME_STAYS = ("printer",)  # a printer's fault changes no outcome
MENDED_BY = {"power cut": ("key",)}  # besides what a line clears
STOPPED_MS = 90_000  # by then the clock on the display has moved, and a key that sticks is known
PATIENCE_MS = 2 * 3_600_000
MINUTE_MS = 60_000
TRUST_CLOCK = ("press ENTER", "press 246810 ENTER")
IDLE = "请输入金额"  # and so the next sale speaks Chinese
NEXT_SALE = sale(3_300, "unionpay-credit", "123456")


class PowerIsCut(BaseException):
    """Unwinds whatever was under way, as no flow or driver may answer any more."""


@dataclass
class Ground:
    """A telling played without a fault: its states, how it ends, and what it leaves undone."""

    telling: Telling
    states: list[State] = field(default_factory=list)
    reach: Reach = field(default_factory=Reach)
    approved: Counter[tuple[Kind, int]] = field(default_factory=Counter)
    sells_on: bool = True  # at its end the terminal takes another sale
    undone: frozenset[str] = frozenset()

    @classmethod
    def of(cls, telling: Telling, folder: Path, provisioned: Path) -> Ground:
        """Play it to its end."""
        ground = cls(telling)
        trial = Trial(ground, folder, provisioned)
        trial.cast.on_state = lambda name: ground.states.append(State(name, len(ground.states)))
        try:
            for step in telling.steps:
                trial.cast.player.play(step)
            trial.cast.on_state = lambda _name: None
            ground.reach = trial.cast.reach
            trial.clear()
            trial.come_to_rest()
            ground.approved = approved_in(_journal(trial.cast.rig))
            ground.undone = frozenset(trial.broken())
            ground.sells_on = not list(trial.sell())
        finally:
            trial.cast.close()
        return ground


@dataclass
class Use:
    """What the models tell of a part while it is broken; no `count`: it is noticed by itself.

    `under` tells what stands on the display.
    """

    count: Callable[[], int] | None = None
    under: Callable[[], Screen | None] = lambda: None
    began: int = 0
    lasts: bool = True  # until the telling itself mends it
    noticed: bool = True
    at_idle: bool = False  # the terminal was idle at the end of it

    def look(self) -> None:
        """See what there is to see of it so far."""
        self.noticed = self.lasts if self.count is None else self.count() > self.began
        self.at_idle = isinstance(self.under(), Idle)

    def end(self) -> None:
        """The telling mends it: what is used from now on works."""
        if self.lasts:
            self.lasts = False
            self.look()


class Trial:
    """One fault in one state: `play` gives each expectation that does not hold, in words."""

    def __init__(self, ground: Ground, folder: Path, provisioned: Path) -> None:
        folder.mkdir()
        self._ground = ground
        self._to_go = -1
        self._fault: Fault | None = None
        self._use = Use()
        self._shown: set[Approval] = set()
        self._astray = False
        self._own: set[str] = set()  # what the telling itself has spoiled
        self._unanswered: list[HostRequest] = []
        self._spoilt = 0
        self._stood = ""  # on the display when the fault came
        self._seen: list[str] = []  # and since then
        self._asked = Counter[type[payment_effects.Effect[Any]]]()
        self.cast = Cast(
            ground.telling,
            folder,
            provisioned,
            on_state=lambda _name: self._comes(),
            on_asked=lambda effect: self._asked.update([type(effect)]),
            on_answered=self._answered,
            on_frame=lambda frame: self._seen.append(frame.text),
        )

    def play(self, cell: Cell) -> Iterator[str]:
        """Play the telling, struck where the cell says."""
        self._fault, self._to_go = cell.fault, cell.state.number
        try:
            try:
                for step in cell.telling.steps:
                    yield from self._step(step)
                self._wait(STOPPED_MS)
            except PowerIsCut:
                self._power_again()
            if self._to_go >= 0:
                yield "its state was not reached"
            yield from self._while_faulty()
            self.clear()
            yield from self._afterwards()
        finally:
            self.cast.close()

    # --- the fault ---

    def _comes(self) -> None:
        """One more state; the fault comes with the one that it is meant for."""
        if self._to_go >= 0:
            self._to_go -= 1
            if self._to_go < 0:
                self._strike()

    def _strike(self) -> None:
        fault, rig, hands = self._fault, self.cast.rig, self.cast.player.hands
        assert fault is not None
        self._spoilt = rig.line.spoilt
        self._stood = rig.display_text
        self._seen.clear()
        self._use = self._use_of(fault)
        if fault.device == POWER_CUT:
            raise PowerIsCut
        if fault.device == CARD_OUT:
            hands.remove()
        else:
            hands.fault(fault.device, fault.kind, list(fault.arguments))

    def _use_of(self, fault: Fault) -> Use:
        bench, rig = self.cast.rig.bench, self.cast.rig
        slot = bench.slot
        assert isinstance(slot, PcscModel)
        restarts = any(step.verb == "power cut" for step in self._ground.telling.steps)
        # what was never looked at before, or is off meanwhile, may well be a day on
        unknown = "+1d" in fault.arguments and (restarts or not self._asked[payment_effects.Append])

        def wrote() -> int:
            return 0 if fault.kind == "full" else self._asked[payment_effects.Append]

        printer, out = bench.paper_printer, 0
        if fault.device == "printer":
            out = self._papers() - len(_journal(rig).print_jobs())
        before = printer.used_in_vain

        def paper_in_vain() -> int:
            # it is asked how it is before there is a paper: of that alone nothing has to be said
            return printer.used_in_vain - before if self._papers() > out else 0

        counts: dict[str, Callable[[], int]] = {
            "printer": paper_in_vain,
            "host": lambda: len(self._unanswered),
            "disk": lambda: rig.disk.used_in_vain + wrote(),
            "clock": lambda: 0 if unknown else self._asked[payment_effects.Append],
            "reader times-out": lambda: slot.timed_out,
            "card": lambda: sum(card.faults.met for card in bench.tray.values()),
        }
        count = counts.get(fault.name) or counts.get(fault.device)
        count = count if fault.kind != "gone" else None  # it is looked for
        return Use(count, lambda: rig.screen, count() if count else 0)

    def _step(self, step: Step) -> Iterator[str]:
        """People go on as if nothing had happened; what they expected is forgotten by the fault."""
        struck = self._fault is not None and self._to_go < 0
        if struck and step.verb.startswith("expect"):
            return
        if step.verb == "fault":
            self._own.add(step.words[0])
        if step.verb == "power on" and self.cast.rig.disk.is_gone:  # nothing starts without it
            self._use.end()
            self.cast.player.hands.clear("disk")
        mended = MENDED_BY.get(step.verb, step.words if step.verb == "clear" else ())
        if struck and self._fault is not None and self._fault.device in mended:
            self._use.end()
        # which number they read off the paper is chance: the one before may still lie there
        self._astray |= struck and step.verb == "remember"
        try:
            self.cast.player.play(step)
        except (ScenarioFailed, ScenarioError) as failed:
            self._astray = True  # no slip came whose number they would key
            if not struck and self._to_go >= 0:
                yield str(failed).splitlines()[0]
        except JournalFault:  # it does not start: whoever looks after it mends it and tries again
            self.cast.player.hands.clear("disk")
            self.cast.rig.power_on()

    def _answered(self, effect: payment_effects.Effect[Any] | None) -> None:
        match effect:
            case effects.Show(screen=Outcome() as screen):
                if screen.approved and not screen.training:
                    self._shown.add(Approval(screen.kind, screen.voucher, screen.amount.minor))
            case payment_effects.Authorise(request=request):
                before, self._spoilt = self._spoilt, self.cast.rig.line.spoilt
                if isinstance(request, HostRequest) and self._spoilt > before:
                    self._unanswered.append(request)

    def clear(self) -> None:
        """All is well again, and the slot is empty."""
        for device in FAULTS:
            self.cast.player.hands.clear(device)
        self.cast.player.hands.remove()
        if self.cast.rig.terminal is None:
            self.cast.rig.power_on()

    def _power_again(self) -> None:
        self.cast.player.hands.power_cut()
        self.cast.rig.bench.clock.advance_to(self._now_ms + MINUTE_MS)
        self.cast.rig.power_on()
        self._wait(STOPPED_MS)

    # --- time ---

    @property
    def _now_ms(self) -> int:
        return self.cast.rig.bench.clock.monotonic_ms()

    def _wait(self, duration_ms: int) -> None:
        rig = self.cast.rig
        if rig.terminal is None:
            rig.bench.clock.advance_to(self._now_ms + duration_ms)
        else:
            rig.bench.time.run_until(rig.terminal.runner, self._now_ms + duration_ms)

    def come_to_rest(self) -> None:
        """Wait until nothing is owed to the host, with patience.

        A clock that is right by now, and still behind the journal, waits for the supervisor.
        """
        end_ms = self._now_ms + PATIENCE_MS
        self._wait(3 * MINUTE_MS)
        if stands((Text.CLOCK_FAULT,), self.cast.rig.display_text):
            self.cast.rig.plays(TRUST_CLOCK, self.cast.folder)
            self._wait(MINUTE_MS)
        while self._owes() and self._now_ms < end_ms:
            self._wait(10 * MINUTE_MS)

    def _owes(self) -> bool:
        journal = _journal(self.cast.rig)
        return bool(journal.reversals() or journal.advices())

    # --- what must hold ---

    def broken(self) -> list[str]:
        """Every promise that is not kept once all is at rest."""
        return broken(self.cast.rig, self._shown, self.cast.player.printed)

    def _papers(self) -> int:
        """How many papers the journal ever owed."""
        records = _journal(self.cast.rig).records()
        return sum(isinstance(each.record, PrintQueued) for each in records)

    def sell(self) -> Iterator[str]:
        """Sell once more; who sees that an entry was broken off ends it first."""
        try:
            if stands((Text.ENTRY_LEFT_OPEN,), self.cast.rig.display_text):
                self.cast.rig.plays(("press CANCEL",), self.cast.folder)
            self.cast.rig.plays(NEXT_SALE, self.cast.folder)
        except ScenarioFailed as failed:
            yield f"no further sale: {str(failed).splitlines()[0]}"

    def _while_faulty(self) -> Iterator[str]:
        """It is named wherever it could be noticed, and trade stops where it has to."""
        rig, use = self.cast.rig, self._use
        assert rig.terminal is not None
        if use.lasts:
            use.look()
        if "display" in self._own:
            return  # dark, perhaps until another screen comes
        for expected in self._expected:
            yield from self._named(expected)

    def _named(self, expected: Expected) -> Iterator[str]:
        rig, use = self.cast.rig, self._use
        assert rig.terminal is not None
        panel = rig.display_text
        stopped = rig.terminal.runner.out_of_service
        quiet = expected.at_idle and not use.at_idle
        seen = [self._stood, *self._seen] if expected.stood else self._seen
        if expected.texts and not any(stands(expected.texts, each) for each in seen) and not quiet:
            yield f"nothing was said of it: {_folded(panel)}"
        if expected.slip not in self.cast.player.printed and "printer" not in self._own:
            yield "no slip says so"
        if not use.lasts or not expected.stops:
            return
        if not stopped:
            yield f"trade goes on: {_folded(panel)}"
        elif expected.texts and not stands(expected.texts, panel):
            yield f"trade has stopped, and the display does not say why: {_folded(panel)}"

    @property
    def _expected(self) -> list[Expected]:
        """What has to be seen, one for each kind of thing that the fault could touch."""
        assert self._fault is not None
        if not self._use.noticed:
            return []
        if self._fault.device != "host":
            return [EXPECTED.get(self._fault.name) or EXPECTED[self._fault.device]]
        return list(dict.fromkeys(map(in_vain, self._unanswered[self._use.began :])))

    def _afterwards(self) -> Iterator[str]:
        fault, ground = self._fault, self._ground
        assert fault is not None
        self.come_to_rest()
        journal = _journal(self.cast.rig)
        approved = approved_in(journal)
        unasked = approved - ground.approved - agreed_in(journal)
        if fault.device in OUTCOME_STAYS and not self._astray and approved != ground.approved:
            yield f"approved {_words(approved)} instead of {_words(ground.approved)}"
        if unasked:
            yield f"approved {_words(unasked)}, which nobody asked for"
        records = [each.record for each in journal.records()]
        unanswered = [
            each
            for each in self._unanswered
            # that a repeated one was tried in vain need not be known where it cannot be written
            if fault.device != "disk" or in_vain(each) is SALE_IN_VAIN
        ]
        yield from untold(records, self._expected, unanswered)
        panel = self.cast.rig.display_text
        if ground.sells_on and IDLE in panel and not stands((Text.SETTLE_SOON,), panel):
            yield from self.sell()
        yield from (each for each in self.broken() if each not in ground.undone)


def _journal(rig: Rig) -> Journal:
    assert rig.terminal is not None
    return rig.terminal.data.journal


def _words(approved: Counter[tuple[Kind, int]]) -> str:
    return ", ".join(f"{kind.value} {minor}" for kind, minor in approved.elements()) or "nothing"


def _folded(panel: str) -> str:
    return "".join(panel.split())
