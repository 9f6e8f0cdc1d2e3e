"""Cutting the power at every moment of a story, and what must hold when it is back.

The disks at a moment are copied as they are: nothing is closed in order, nothing is flushed that
was not. A terminal that is started on the copy is the terminal after the power cut. Moments between
which no byte changed on any disk lead to the same terminal, so one start stands for all of them.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware.core.kinds import Kind
from firmware.flows import effects
from firmware.flows.desk import Desk
from firmware.journal.lookups import Lookups
from firmware.journal.order_records import OrderState
from firmware.journal.transactions import State
from firmware.lab.host_line import LineFault
from firmware.lab.scenario.audit import unbalanced
from firmware.payments import effects as payment_effects
from firmware.terminal.runner import Flow
from firmware.ui.screens import Outcome
from tests.crash.rig import SIGN_ON, Rig

OFF_MS = 5_000  # how long the power is off
SETTLED_MS = 120_000  # by then the terminal has gone through its notices back to idle
RETRIED_MS = 600_000  # by then a reversal that is owed has been tried again
SLIP_TITLE = "POS签购单"
NOT_VALID = "交易无效"  # a reprint of what came to nothing
COPY_TITLES = ("MERCHANT COPY", "CARDHOLDER COPY")
READY = ("请输入金额", "主管已签到", SIGN_ON)  # idle, or nobody is signed on
_VOUCHER = re.compile(r"VOUCHER NO:\s*(\d{6})")
_AMOUNT = re.compile(r"AMOUNT:\s*RMB -?(\d+\.\d\d)")


@dataclass(frozen=True, slots=True)
class Story:
    """A flow to cut: lines that set its stage, then lines that are cut at every effect."""

    name: str
    lines: tuple[str, ...]
    before: tuple[str, ...] = ()
    blank: bool = False  # from the factory: nobody has signed on, the passwords are the defaults
    flow: Callable[[Desk], Flow] | None = None  # in place of the terminal's own


@dataclass(frozen=True, slots=True)
class Approval:
    """What the people at the counter saw with their own eyes: approved, this much."""

    kind: Kind
    voucher: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Cut:
    """The power goes after effect number `after`; `disks` is what is left, `paper` hangs out."""

    after: int
    effect: str
    disks: Path
    at_ms: int
    shown: frozenset[Approval]
    paper: str


@dataclass
class Witness:
    """Watches a rig: counts effects, sees what is shown, keeps each new state of the disks."""

    rig: Rig
    folder: Path
    effects: int = 0
    shown: set[Approval] = field(default_factory=set)
    paper: str = ""  # that hung out when it began
    cuts: list[Cut] = field(default_factory=list)
    _seen: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.rig.on_answered = self.note

    def note(self, effect: payment_effects.Effect[Any] | None) -> None:
        """One more moment at which the power may go."""
        self.effects += effect is not None
        if isinstance(effect, effects.Show):
            self._see(effect.screen)
        state = digest(self.rig.directory)
        if state in self._seen:
            return
        self._seen.add(state)
        disks = self.folder / f"{self.effects:04d}-{len(self.cuts):03d}"
        copy(self.rig.directory, disks)
        self.cuts.append(
            Cut(
                self.effects,
                name_of(effect),
                disks,
                self.rig.bench.clock.monotonic_ms(),
                frozenset(self.shown),
                self.paper + self.rig.bench.paper_printer.paper.text,
            )
        )

    def _see(self, screen: object) -> None:
        if isinstance(screen, Outcome) and screen.approved:
            self.shown.add(Approval(screen.kind, screen.voucher, screen.amount.minor))


def cuts_of(story: Story, folder: Path) -> Witness:
    """Play a story once to its end; every state its disks went through. Raises ScenarioFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    rig = Rig(folder / "live", fresh=story.blank, flow=story.flow)
    try:
        rig.power_on()
        rig.plays(story.before, folder)
        witness = Witness(rig, folder / "cuts", paper=rig.bench.paper_printer.paper.text)
        witness.note(None)
        rig.plays(story.lines, folder)
        rig.on_answered = lambda _effect: None
        assert not unbalanced(_powered(rig), rig.keeps_books), "the story itself adds up"
    finally:
        rig.close()
    return witness


@dataclass(frozen=True, slots=True)
class Restarted:
    """What became of a cut: the promises that are broken, its own cuts, whether it reversed."""

    broken: list[str]
    cuts: list[Cut]
    reversed: bool


def restarted(cut: Cut, folder: Path, story: Story, line: LineFault | None = None) -> Restarted:
    """Start on a copy of what a cut left, let it settle, and look.

    With `line` the host cannot be reached at first; then nobody touches the terminal any more.
    """
    folder.mkdir()
    copy(cut.disks, folder / "live")
    rig = Rig(folder / "live", fresh=story.blank)
    time, clock = rig.bench.time, rig.bench.clock
    try:
        clock.advance_to(cut.at_ms + OFF_MS)
        rig.line.fault = line
        witness = Witness(rig, folder / "cuts", shown=set(cut.shown), paper=cut.paper)
        terminal = rig.power_on()
        time.settle(terminal.runner)
        time.run_until(terminal.runner, clock.monotonic_ms() + SETTLED_MS)
        if line is not None:
            rig.line.fault = None
            time.run_until(terminal.runner, clock.monotonic_ms() + RETRIED_MS)
        paper = cut.paper + rig.bench.paper_printer.paper.text
        entries = terminal.data.journal.list_transactions(None, 1_000)
        undone = any(each.state is State.REVERSED for each in entries)
        return Restarted(broken(rig, witness.shown, paper), witness.cuts, undone)
    finally:
        rig.close()


def broken(rig: Rig, shown: set[Approval], paper: str) -> list[str]:
    """Every promise that a terminal come to rest does not keep, in words."""
    data = _powered(rig)
    journal = data.journal
    found = unbalanced(data, rig.keeps_books)
    for each in shown:
        entry = journal.by_voucher(int(each.voucher))
        if entry is None or (entry.kind, entry.amount_minor, entry.state) != (
            each.kind,
            each.amount_minor,
            State.APPROVED,
        ):
            found.append(f"{each.kind.value} {each.voucher} was shown approved, and is not")
    for owed in journal.print_jobs():
        found.append(f"the {owed.copy.value} copy of {owed.stan:06d} is owed")
    found += open_orders(journal)
    printed = slips(paper)
    kiosk = rig.config.general.profile == "kiosk"  # nobody is there to keep the merchant's
    copies = COPY_TITLES[1:] if kiosk else COPY_TITLES
    for serial in journal.serials():
        for each in journal.list_transactions(None, 1_000, serial=serial):
            amount = f"{each.amount_minor // 100}.{each.amount_minor % 100:02d}"
            wanted = {(copy, f"{each.stan:06d}", amount) for copy in copies}
            if each.state is State.APPROVED and not wanted <= printed:
                found.append(f"{each.kind.value} {each.stan:06d} has no slips")
            elif each.state is not State.APPROVED and wanted & printed:
                found.append(f"{each.kind.value} {each.stan:06d} has slips, and is {each.state}")
    if not rig.ready:
        found.append(f"it stands still at: {' '.join(rig.display_text.split())}")
    return found


def open_orders(journal: Lookups) -> list[str]:
    """Orders of tills that have no end, though the terminal has come to rest."""
    return [
        f"order {each.taken.id} is {each.state.value}"
        for each in journal.orders_after(0)
        if each.state in (OrderState.TAKEN, OrderState.AUTHORISING, OrderState.REVERSING)
    ]


def slips(paper: str) -> set[tuple[str, str, str]]:
    """Copy, voucher number and amount of each whole slip on a paper."""
    found = set()
    for slip in paper.split(SLIP_TITLE)[1:]:
        if NOT_VALID in slip:
            continue
        copies = [title for title in COPY_TITLES if title in slip]
        voucher, amount = _VOUCHER.search(slip), _AMOUNT.search(slip)
        if copies and voucher and amount:
            found.add((copies[0], voucher[1], amount[1]))
    return found


def digest(directory: Path) -> bytes:
    """A hash over every byte that outlasts a power cut."""
    sha256 = hashlib.sha256()
    for path in durable(directory):
        sha256.update(path.name.encode() + b"\0" + path.read_bytes())
    return sha256.digest()


def copy(source: Path, target: Path) -> None:
    """The disks as they are. What a database keeps in shared memory does not outlast a cut."""
    target.mkdir(mode=0o700)
    for path in durable(source):
        shutil.copy2(path, target / path.name)


def durable(directory: Path) -> Sequence[Path]:
    return sorted(path for path in directory.iterdir() if not path.name.endswith("-shm"))


def name_of(effect: payment_effects.Effect[Any] | None) -> str:
    """An effect in a few words: what it records, asks or shows."""
    match effect:
        case None:
            return "a step of the printer"
        case payment_effects.Append(records=records):
            return "Record " + ", ".join(type(each).__name__ for each in records)
        case payment_effects.Authorise(request=request):
            return f"Authorise {type(request).__name__}"
        case effects.Show(screen=screen):
            return f"Show {type(screen).__name__}"
    return type(effect).__name__


def _powered(rig: Rig) -> Any:
    assert rig.terminal is not None
    return rig.terminal.data
