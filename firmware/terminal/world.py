"""What the runner needs to perform effects; those that take no time are performed here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct, field

from firmware.core.masked import SecretKey
from firmware.flows import effects
from firmware.iso8583.messages import HostAnswer, LineRequest
from firmware.journal.operators import OperatorRefused, Operators
from firmware.journal.records import IntentRecorded, Record, SettlementCompleted, SettlementStarted
from firmware.journal.store import Also
from firmware.journal.waiting import NO_BLOBS
from firmware.payments import effects as payment_effects
from firmware.payments.sealed_cards import keeping, unseal
from firmware.receipts.spool import Spool
from firmware.terminal.clock_watch import ClockWatch
from firmware.terminal.data_directory import DataDirectory
from firmware.terminal.till_inbox import Board
from firmware.ui.render import Frame, render
from firmware.ui.screens import (
    AmountCheck,
    Attract,
    CardPrompt,
    Idle,
    Original,
    Outcome,
    OutOfService,
    PinEntry,
    Screen,
)
from firmware.ui.texts import Language
from hw.events import KeyPressed
from hw.ports import Buzzer, CardReader, Clock, DeviceFault, Display, Printer, Worker

BEEP_MS, LONG_BEEP_MS = 60, 400
# before these screens the display is initialised again, and now and then under those that stay: a
# chip that lost its power for a moment is dark, takes whatever is sent, and does not report it
READ_BY_PEOPLE = (AmountCheck, Original, CardPrompt, PinEntry, Outcome)
STANDING = (Idle, Attract, OutOfService)
HEAL_MS = 50_000
DATED = (
    IntentRecorded,
    SettlementStarted,
    SettlementCompleted,
)  # not written while the clock is implausible


class Asks(Protocol):
    """Sends a request to the acquirer and blocks for its answer."""

    def ask(self, request: LineRequest, timeout_ms: int) -> HostAnswer: ...


@runtime_checkable
class KeepsKeys(Protocol):
    """Keeps the keys of an acquirer's line, where the acquirer is at the end of one."""

    def load_master(self, master: SecretKey) -> None: ...


class Devices(Struct, kw_only=True):
    """Drivers, and the threads for their blocking calls. `on_frame` gets each frame displayed.

    `on_key` gets each key as the terminal takes it, and of which masked entry it is. A key that a
    step leaves to the next one is taken twice.
    """

    clock: Clock
    display: Display
    reader: CardReader
    reader_worker: Worker
    printer: Printer
    printer_worker: Worker
    host_worker: Worker
    buzzer: Buzzer | None = None
    on_frame: Callable[[Frame], None] = lambda _frame: None
    on_key: Callable[[KeyPressed, effects.MaskedEntry | None], None] = lambda _key, _entry: None


class World(Devices, kw_only=True):
    """The devices, the journal and the acquirer."""

    host: Asks
    host_timeout_ms: int
    spool: Spool
    data: DataDirectory
    board: Board
    clock_watch: ClockWatch = field(default_factory=ClockWatch)


class Panel:
    """What is on the display; a screen that is there already is not sent again."""

    def __init__(self, display: Display, clock: Clock, on_frame: Callable[[Frame], None]) -> None:
        self._display = display
        self._clock = clock
        self._on_frame = on_frame
        self._frame: Frame | None = None
        self._since_ms = 0
        self._heal_at_ms = clock.monotonic_ms() + HEAL_MS
        self.screen: Screen | None = None
        self.language = Language.ZH
        self.fault: DeviceFault | None = None

    def show(self, screen: Screen, language: Language) -> effects.Shown:
        """Put a screen on the display. A lost display is remembered in `fault`, not raised.

        It is raised in the flow where that next waits for people: a display's fault must not
        interrupt a payment between its intent and its outcome.
        """
        frame = render(screen, language)
        before, self.screen, self.language = self.screen, screen, language
        changed = self._frame is None or frame.sha256 != self._frame.sha256
        to_read = isinstance(screen, READ_BY_PEOPLE) and type(before) is not type(screen)
        stands = isinstance(screen, STANDING) or not changed
        due = stands and self._clock.monotonic_ms() >= self._heal_at_ms
        if self.fault is None and (due or (changed and to_read)):
            self.reopen(frame)
        if due or changed:
            self._put(frame)
        return effects.Shown(self._since_ms, frame.sha256, frame.packed)

    def reopen(self, frame: Frame | None = None) -> None:
        """Build the display anew, with `frame` on it, or what it had after a fault.

        `fault` stays while it is lost.
        """
        self._heal_at_ms = self._clock.monotonic_ms() + HEAL_MS
        try:
            self._display.reopen(frame.image if frame else None)
        except DeviceFault as fault:
            self.fault = fault
        else:
            self.fault = None
            self._frame = None  # frames shown during the fault did not reach it

    def _put(self, frame: Frame) -> None:
        self._frame = frame
        self._since_ms = self._clock.monotonic_ms()
        if self.fault is not None:
            return
        try:
            self._display.show(frame.image)
        except DeviceFault as fault:
            self.fault = fault
            return
        self._since_ms = self._clock.monotonic_ms()  # when the bus has brought it there
        self._on_frame(frame)


def perform(effect: payment_effects.Effect[Any], world: World) -> Any:
    """Perform an effect of journal, spool, random bytes, clock or buzzer and give its answer.

    Raises JournalFault, and TypeError for an effect that nobody performs.
    """
    data = world.data
    match effect:
        case payment_effects.Append():
            return _record(effect, world)
        case payment_effects.Look():
            return effect.read(data.journal)
        case payment_effects.Unseal(batch=batch, stan=stan):
            sealed = data.journal.sealed(batch, stan)
            return unseal(sealed, batch, stan, data.journal.keys.card)
        case payment_effects.ReadClock():
            return payment_effects.Moment(world.clock.monotonic_ms(), world.clock.now())
        case effects.CheckPassword():
            return data.operators.verify(
                effect.operator, effect.password, world.clock.now(), purpose=effect.purpose
            )
        case effects.ChangeOperator():
            return _change_operator(effect, data.operators)
        case payment_effects.CheckSpace():
            data.check_space()
            return None
        case payment_effects.CheckClock(trust=trust):
            _check_clock(world, trust=trust)
            return None
        case effects.NoteClockMove():
            clock = world.clock
            world.clock_watch.check_ahead(clock.now(), clock.monotonic_ms())
            _append(world)
            return world.clock_watch.untold_s()
        case payment_effects.DrawRandom():
            return secrets.token_bytes(effect.count)
        case effects.Beep():
            if world.buzzer is not None:
                world.buzzer.beep(LONG_BEEP_MS if effect.long else BEEP_MS)
            return None
    return _of_spool(effect, world.spool)


def _record(effect: payment_effects.Append, world: World) -> None:
    if any(isinstance(record, DATED) for record in effect.records):
        _check_clock(world)
    if effect.may_wait:
        _append(world)  # the record of a clock that jumped goes first
        world.data.journal.append_with_next(*effect.records, blobs=effect.blobs)
        return
    keep = keeping(effect.records, effect.card, world.data.journal.keys.card)
    announced = world.spool.announced(effect.records, world.clock.monotonic_ms())
    _append(world, (*effect.records, *announced), blobs=effect.blobs, also=keep)
    world.spool.kick()
    if any(isinstance(record, IntentRecorded) for record in effect.records):
        world.spool.ask_ahead()


def _append(
    world: World,
    records: tuple[Record, ...] = (),
    *,
    blobs: Mapping[str, bytes] = NO_BLOBS,
    also: Also | None = None,
) -> None:
    """Write records, after one that the clock was moved, if it was."""
    clock, journal = world.clock, world.data.journal
    jumped = world.clock_watch.look(clock.now(), clock.monotonic_ms(), journal)
    if jumped or records:
        journal.append(*jumped, *records, blobs=blobs, also=also)
    world.clock_watch.written()
    if records:
        world.board.committed()


def _check_clock(world: World, *, trust: bool = False) -> None:
    clock = world.clock
    journal = world.data.journal
    world.clock_watch.check(clock.now(), clock.monotonic_ms(), journal, trust=trust)


def _of_spool(effect: payment_effects.Effect[Any], spool: Spool) -> Any:
    match effect:
        case effects.ReleasePaper(job=job):
            return spool.release(job)
        case effects.AskPaperStuck(job=job):
            return spool.is_stuck(job)
        case effects.CountStuckPapers():
            return spool.stuck
        case effects.ListDoubtfulPapers():
            return spool.doubtful
        case effects.AskPrinterState():
            return spool.state
    raise TypeError(f"nobody performs {effect!r}")


def _change_operator(
    effect: effects.ChangeOperator, operators: Operators
) -> OperatorRefused | None:
    match effect.change:
        case effects.OperatorChange.CHANGE:
            assert effect.password is not None
            return operators.set_password(effect.operator, effect.password, by=effect.by)
        case effects.OperatorChange.ADD:
            return operators.add(effect.operator, by=effect.by)
        case effects.OperatorChange.DELETE:
            return operators.delete(effect.operator, by=effect.by)
        case effects.OperatorChange.RESET:
            return operators.reset(effect.operator, by=effect.by)
