"""Drives a flow: performs its effects one at a time, on one thread, fed by one inbox of events.

The runner is a state machine without a loop of its own: `step` takes one event (or none, when a
deadline has come) and goes as far as it can. On the Pi a loop over a queue calls it; in tests and
on the bench page virtual time does. So what is tried there is what runs on the Pi.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from firmware.flows import effects
from firmware.iso8583.messages import subject_of
from firmware.journal.faults import JournalFault, Trouble
from firmware.payments import effects as payment_effects
from firmware.payments.tills import (
    AnswerTill,
    EndCancelling,
    OrderStopped,
    TellStage,
    TillAsked,
    TillEvent,
)
from firmware.payments.training import training_answer
from firmware.terminal.entry_guard import EntryGuard
from firmware.terminal.reader_slot import ReaderSlot
from firmware.terminal.slow_effects import ForHost, Pending, SlowEffects
from firmware.terminal.till_inbox import TerminalStanding, Tills
from firmware.terminal.world import Panel, World, perform
from firmware.ui.screens import Processing
from hw.events import (
    CardInserted,
    CardRemoved,
    Device,
    DeviceBack,
    DeviceEvent,
    DeviceLost,
    JobDone,
    KeyPressed,
    SlotEvent,
    SlotFoundEmpty,
)
from hw.ports import DeviceFault

SPINNER_MS = 250
REOPEN_MS = 2_000  # the wait before a failed journal is reopened; the display says so
LOOK_MS = 1_000  # the least time between two looks at the data directory's place
KEYS_MAX = 64  # typed ahead; keys after them are dropped

# the journal is whole and its disk is there: it stays open, for what can still be read or written
_KEPT_OPEN = frozenset(
    {
        Trouble.FULL,
        Trouble.RULE,
        Trouble.CLOCK_UNSET,
        Trouble.CLOCK_BEHIND,
        Trouble.CLOCK_AHEAD,
    }
)
Flow = Coroutine[payment_effects.Effect[Any], Any, None]


class _Send(Struct, frozen=True):
    """The answer to give the flow."""

    answer: Any


class _Throw(Struct, frozen=True):
    """The fault to raise in the flow, where it waits."""

    fault: DeviceFault | JournalFault


class Runner:
    """Drives `flow`, then for ever what `resume` makes; in a fault, what `outage` makes."""

    def __init__(
        self,
        world: World,
        flow: Flow,
        resume: Callable[[], Flow],
        outage: Callable[[], Flow],
    ) -> None:
        self._world = world
        self._panel = Panel(world.display, world.clock, world.on_frame)
        self._flow = flow
        self._resume = resume
        self._outage = outage
        self._in_outage = False
        self._pending: Pending | None = None
        # events for the flow, each with whether the slot was then known to be empty
        self._happened: deque[tuple[KeyPressed | SlotEvent, bool]] = deque()
        self._results: dict[int, object] = {}
        self._lost: dict[Device, DeviceLost] = {}
        self._journal_fault: JournalFault | None = None
        self._reopen_at_ms = 0
        self._look_at_ms = 0
        self._slot = ReaderSlot()
        self._entry = EntryGuard(world.data.directory)
        self._tills = Tills(world.board)
        self._slow = SlowEffects(world)
        self._spin_at_ms = 0

    @property
    def settled(self) -> bool:
        """Whether the flow waits for people or time, not for a device at work."""
        return self._pending is not None and isinstance(self._pending.effect, effects.Wait)

    @property
    def out_of_service(self) -> bool:
        """Whether trade has stopped, and waits for a device or the disk to be back."""
        return self._in_outage

    @property
    def deadline_ms(self) -> int:
        """When to call `step(None)` if no event comes before (monotonic)."""
        assert self._pending is not None, "step was never called"
        deadlines = [self._pending.deadline_ms, self._world.spool.deadline_ms]
        if self._spinning:
            deadlines.append(self._spin_at_ms)
        return min(deadlines)

    def start(self) -> None:
        """Begin the flow; it goes on until it first waits."""
        self._go_on(_Send(None))
        self._tell_board()

    def step(self, event: DeviceEvent | TillEvent | None) -> None:
        """Take one event and go on until the flow waits again. A bug in a flow is raised."""
        if event is not None:
            self._take(event)
        if self._now_ms >= self._look_at_ms:
            self._look()
        try:
            self._world.spool.step(self._now_ms)
        except JournalFault as fault:
            self._note(fault)
        if self._pending is not None and (came := self._await(self._pending)) is not None:
            self._go_on(came)
        self._spin()
        self._tell_board()

    def look(self) -> None:
        """Check that the data are in their place, when no event has come."""
        if self._look():
            self.step(None)

    def close(self) -> None:
        """End the flow where it stands, as a power cut would."""
        self._flow.close()

    @property
    def _now_ms(self) -> int:
        return self._world.clock.monotonic_ms()

    # --- events -----------------------------------------------------------------------------

    def _take(self, event: DeviceEvent | TillEvent) -> None:
        match event:
            case TillAsked() | OrderStopped():
                self._tills.take(event, ready=self._ready, out_of_service=self._in_outage)
            case KeyPressed():
                if len(self._happened) < KEYS_MAX:
                    self._happened.append((event, self._slot.empty))
            case CardInserted() | CardRemoved() | SlotFoundEmpty():
                self._slot.take(event)
                self._happened.append((event, self._slot.empty))
            case DeviceLost():
                self._lost[event.device] = event
                self._slot.take(event)
            case DeviceBack():
                self._lost.pop(event.device, None)
                self._slot.take(event)
            case JobDone():
                awaited = self._pending.token if self._pending is not None else 0
                if not self._world.spool.take(event) and event.token == awaited:
                    self._results[event.token] = event.result  # else nothing waits for it now

    def _fault(self) -> DeviceFault | JournalFault | None:
        """The fault that stops trade, if there is one. A printer's does not: papers wait."""
        for device, lost in self._lost.items():
            if device is not Device.PRINTER:
                return DeviceFault(device, lost.detail)
        return self._journal_fault or self._panel.fault

    def _note(self, fault: JournalFault) -> None:
        """Keep the journal's first fault: later ones only follow from it.

        Its files are given back at once: a disk that is to be unmounted must not be held.
        """
        if self._journal_fault is None:
            self._journal_fault = fault
            self._reopen_at_ms = self._now_ms + REOPEN_MS
            self._give_back(fault)

    def _give_back(self, fault: JournalFault) -> None:
        if fault.trouble not in _KEPT_OPEN:
            self._world.data.release()

    def _look(self) -> bool:
        """Check that the data are in their place; True where they are now found missing."""
        self._look_at_ms = self._now_ms + LOOK_MS
        if self._journal_fault is not None:
            return False
        try:
            self._world.data.check_place()
        except JournalFault as fault:
            self._note(fault)
            return True
        return False

    # --- the flow ---------------------------------------------------------------------------

    def _go_on(self, given: _Send | _Throw) -> None:
        """Give the flow its answer, perform what it asks next, and so on until it has to wait."""
        while True:
            try:
                if isinstance(given, _Throw):
                    if isinstance(given.fault, JournalFault):
                        self._note(given.fault)
                    effect = self._flow.throw(given.fault)
                else:
                    effect = self._flow.send(given.answer)
            except StopIteration:
                self._tills.broken_off()
                self._flow, self._in_outage = self._resume(), False
                given = _Send(None)
            except (DeviceFault, JournalFault):
                self._tills.broken_off()
                self._flow, self._in_outage = self._outage(), True
                given = _Send(None)
            else:
                answered = self._perform(effect)
                if answered is None:
                    return
                given = answered

    def _perform(self, effect: payment_effects.Effect[Any]) -> _Send | _Throw | None:
        """Perform an effect; None when its answer takes time, and is `_pending`."""
        match effect:
            case effects.Wait(timeout_ms=timeout_ms, masked=masked):
                if masked is not None:
                    self._entry.begin(masked)
                return self._await(Pending(effect, self._now_ms + timeout_ms, effects.TimedOut))
            case effects.PowerOn() | effects.Exchange() | effects.PowerOff():
                self._tills.perform(effect)
                return self._await(self._slow.ask_card(effect, self._now_ms))
            case payment_effects.Authorise() | effects.LoadMasterKey():
                return self._ask_host(effect)
            case AnswerTill() | TellStage() | EndCancelling() | effects.AskFingerprint():
                return _Send(self._tills.perform(effect))
            case effects.Show():
                return _Send(self._panel.show(effect.screen, effect.language))
            case effects.AskCardPresent():
                return _Send(self._slot.present and (effect.used or not self._slot.used))
            case effects.AskEntryOpen():
                return _Send(self._entry.is_left_open(card_out=self._slot.empty))
            case effects.UseUpCard():
                self._slot.used = self._slot.present
                return _Send(None)
            case effects.PutBack():
                self._happened.appendleft((effect.pressed, self._slot.empty))
                return _Send(None)
            case effects.RetryFaults():
                return _Send(self._retry_faults())
        try:
            return _Send(perform(effect, self._world))
        except JournalFault as fault:
            return _Throw(fault)

    def _ask_host(self, effect: ForHost) -> _Send | _Throw | None:
        if isinstance(effect, payment_effects.Authorise) and subject_of(effect.request).training:
            return _Send(training_answer(effect.request))
        return self._await(self._slow.ask_host(effect, self._now_ms))

    def _await(self, pending: Pending) -> _Send | _Throw | None:
        try:
            came = self._came(pending)
        except JournalFault as fault:
            came = _Throw(fault)
        self._pending = pending if came is None else None
        return came

    def _came(self, pending: Pending) -> _Send | _Throw | None:
        """What the flow waits for, if it has come. Raises JournalFault."""
        if pending.token in self._results:
            answer = pending.convert(self._results.pop(pending.token))
            return _Send(self._tills.heard(answer))
        wait = pending.effect
        if isinstance(wait, effects.Wait):
            fault = self._fault()
            if fault is not None and not self._in_outage:
                return _Throw(fault)
            asked = self._tills.came(wait, self._now_ms)
            if asked is not None:
                return _Send(asked)
            while self._happened:
                left_open, (happened, slot_empty) = self._entry.open, self._happened.popleft()
                if self._may_see(happened, wait, slot_empty=slot_empty):
                    return _Send(happened)
                redraws = wait.orders or wait.entry_open
                if redraws and left_open and self._entry.open is None:
                    return _Send(effects.TimedOut(self._now_ms))  # the screen is drawn anew
        if self._now_ms >= pending.deadline_ms:
            return _Send(pending.at_deadline(self._now_ms))
        return None

    def _may_see(
        self, happened: KeyPressed | SlotEvent, wait: effects.Wait, *, slot_empty: bool
    ) -> bool:
        """Whether the flow gets this event; a key of a broken-off masked entry only beeps."""
        if not isinstance(happened, KeyPressed):
            self._entry.slot_told(happened)
            return wait.card and not isinstance(happened, SlotFoundEmpty)
        key, masked = happened.key, wait.masked is not None
        self._world.on_key(happened, self._entry.hides(key, masked=masked, card_out=slot_empty))
        if self._entry.takes(key, masked=masked, card_out=slot_empty):
            return True
        perform(effects.Beep(), self._world)
        return False

    @property
    def _ready(self) -> bool:
        """Whether the flow waits for tills, and nobody has just pressed a key or still keys."""
        keyed = self._happened or self._entry.is_left_open(card_out=self._slot.empty)
        effect = self._pending.effect if self._pending is not None else None
        return isinstance(effect, effects.Wait) and effect.orders and not keyed

    def _tell_board(self) -> None:
        faults = tuple(device.value for device in self._lost)
        if self._panel.fault is not None:
            faults += (Device.DISPLAY.value,)
        if self._journal_fault is not None:
            faults += (f"journal: {self._journal_fault.trouble.value}",)
        standing = TerminalStanding(
            ready=self._ready,
            out_of_service=self._in_outage,
            faults=tuple(dict.fromkeys(faults)),
            paper=self._world.spool.state.value,
            papers_out=self._world.spool.papers_out,
            card=self._slot.present,
        )
        self._tills.tell(standing)

    # --- faults and the spinner -------------------------------------------------------------

    def _retry_faults(self) -> tuple[effects.Fault, ...]:
        """Try to bring back what failed; readers and keypads report their return themselves."""
        if self._panel.fault is not None:
            self._panel.reopen()
        if self._journal_fault is not None and self._now_ms >= self._reopen_at_ms:
            try:
                self._world.data.reopen()
                self._world.data.check_space()
                perform(payment_effects.CheckClock(), self._world)
            except JournalFault as fault:
                self._journal_fault = fault
                self._give_back(fault)
            else:
                self._journal_fault = None
        found = [
            effects.Fault(device, lost.detail, stuck=lost.stuck)
            for device, lost in self._lost.items()
        ]
        if self._panel.fault is not None:
            found.append(effects.Fault(Device.DISPLAY, self._panel.fault.detail))
        if self._journal_fault is not None:
            broken = self._journal_fault
            found.append(effects.Fault(None, str(broken), broken.trouble))
        return tuple(fault for fault in found if fault.device is not Device.PRINTER)

    @property
    def _spinning(self) -> bool:
        waiting = self._pending is not None and self._pending.token != 0
        return waiting and isinstance(self._panel.screen, Processing)

    def _spin(self) -> None:
        """Turn the spinner of a screen that says something is under way."""
        screen = self._panel.screen
        if not self._spinning or not isinstance(screen, Processing):
            self._spin_at_ms = self._now_ms + SPINNER_MS
        elif self._now_ms >= self._spin_at_ms:
            self._spin_at_ms = self._now_ms + SPINNER_MS
            turned = replace(screen, spinner=screen.spinner + 1)
            self._panel.show(turned, self._panel.language)
