"""Whenever the power goes while receipts print, the first paper that comes out is the original.

Marked as a duplicate comes what may have come out before: when the journal says that it was on its
way. It says so of no receipt that waits for a printer, and takes it back of one that never began.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware.audit.data import reading
from firmware.core.kinds import Copy
from firmware.payments.effects import Authorise, Effect
from hw.sim.printer.escpos import PrinterModel
from tests.crash.cuts import COPY_TITLES, OFF_MS, SETTLED_MS, SLIP_TITLE, copy
from tests.crash.rig import Rig
from tests.crash.stories import SALE

COPIES = dict(zip(COPY_TITLES, (Copy.MERCHANT, Copy.CARDHOLDER), strict=True))
Strike = Callable[[PrinterModel], None]


@dataclass(frozen=True)
class Fate:
    """What happens to the printer: before the terminal starts, during the sale, or between.

    Between is when the acquirer has answered: the printer has just said that it was well.
    """

    name: str
    at_start: Strike | None = None
    before: Strike | None = None
    between: Strike | None = None
    doubts: bool = True  # whether the journal may say of a paper that never began that it did


FATES = (
    Fate("well"),
    Fate("offline before", before=PrinterModel.fail_offline, doubts=False),
    Fate("out of paper before", before=PrinterModel.fail_paper_out, doubts=False),
    Fate("offline between", between=PrinterModel.fail_offline),
    Fate("out of paper between", between=PrinterModel.fail_paper_out),
    Fate("hangs between", between=PrinterModel.fail_hanging),
    Fate("dies in the middle", before=lambda printer: printer.dies_after(400)),
    Fate("paper ends in the middle", before=lambda printer: printer.paper_ends_after(400)),
    Fate("never heard", at_start=PrinterModel.fail_hanging),
)


@pytest.mark.parametrize("fate", FATES, ids=[fate.name for fate in FATES])
def test_the_first_paper_is_the_original_and_what_may_be_out_comes_as_a_duplicate(
    fate: Fate, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    disks = disks_with(fate, tmp_path)
    doubted = 0
    for number, disk in enumerate(disks):
        states = states_on(disk)
        after = papers(printed_after(disk, tmp_path / f"on-{number}"))
        for title, which in COPIES.items():
            state = states.get(which)
            come = [marked for each, marked in after if each == title]
            for paper in (disk.paper_first, disk.paper_last):
                out = [marked for each, marked in papers(paper) if each == title]
                here = f"disk {number}, {which.value} copy {state}, out {out}, then {come}"
                assert [*out, *come].count(False) <= 1, f"{here}: two originals"
                match state:
                    case "queued" if not out:
                        assert come == [False], here
                    case "sending" | "unheard":
                        assert come == [True], f"{here}: it may be out, or lost"
                        doubted += not out
                    case None if which in disk.owed:
                        assert out, f"{here}: it is lost"
                        assert not come, f"{here}: it is out, and comes again"
    assert fate.doubts or not doubted
    figure(f"paper after a cut, {fate.name}: {len(disks)} disks, {doubted} papers in doubt")


def test_what_was_said_to_go_out_is_taken_back(tmp_path: Path) -> None:
    """The journal at the end of it: the printer went away when the outcome was written."""
    before, last = disks_with(FATES[3], tmp_path)[-2:]
    assert states_on(before) == {Copy.MERCHANT: "sending", Copy.CARDHOLDER: "queued"}
    assert states_on(last) == {Copy.MERCHANT: "queued", Copy.CARDHOLDER: "queued"}


@dataclass(frozen=True)
class Disk:
    """What a commit left, and what had come out when it was made, and before the next one."""

    files: Path
    at_ms: int
    owed: frozenset[Copy]
    paper_first: str
    paper_last: str


class CommittedRig(Rig):
    """Keeps the disk as each commit left it, once there is one that owes papers."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.disks = folder, list[Disk]()
        self._paper = ""
        super().__init__(folder / "live")

    def watch(self) -> None:
        """From now on, until the power goes, disks are kept."""
        assert self.disk.connection is not None
        self.disk.connection.set_trace_callback(self._traced)

    def end(self) -> list[Disk]:
        """The disks, the last one as it is now."""
        self._keep()
        return [disk for disk in self.disks if disk.owed]

    def _traced(self, statement: str) -> None:
        if statement.startswith("COMMIT"):
            self._keep()  # what the commit before left: this one is not on the disk yet

    def _keep(self) -> None:
        first, self._paper = self._paper, self.bench.paper_printer.paper.text
        files = self._folder / f"disk-{len(self.disks)}"
        copy(self.directory, files)
        with reading(files) as journal:
            owed = journal.next_job() > 1
        copies = frozenset(COPIES.values()) if owed else frozenset()
        at_ms = self.bench.clock.monotonic_ms()
        self.disks.append(Disk(files, at_ms, copies, first, self._paper))


def disks_with(fate: Fate, folder: Path) -> list[Disk]:
    """A sale with that printer: the disk after each commit from its outcome on."""
    folder = folder / "story"
    folder.mkdir()
    rig = CommittedRig(folder)
    printer = rig.bench.paper_printer
    try:
        if fate.at_start is not None:
            fate.at_start(printer)
        rig.power_on()
        if fate.before is not None:
            fate.before(printer)

        def answered(effect: Effect[object] | None) -> None:
            if isinstance(effect, Authorise) and fate.between is not None:
                fate.between(printer)

        rig.on_answered = answered
        rig.watch()
        rig.plays((*SALE, "wait 15s"), folder)
        return rig.end()
    finally:
        rig.close()


def states_on(disk: Disk) -> dict[Copy, str]:
    """How the journal has each copy that is not known to be out."""
    with reading(disk.files) as journal:
        jobs = [*journal.unheard_papers(), *journal.print_jobs()]
    return {job.copy: job.state for job in jobs}


def printed_after(disk: Disk, folder: Path) -> str:
    """What comes out of a printer that is well, once the power is back."""
    folder.mkdir()
    copy(disk.files, folder / "live")
    rig = Rig(folder / "live")
    time, clock = rig.bench.time, rig.bench.clock
    try:
        clock.advance_to(disk.at_ms + OFF_MS)
        terminal = rig.power_on()
        time.settle(terminal.runner)
        time.run_until(terminal.runner, clock.monotonic_ms() + SETTLED_MS)
        return rig.bench.paper_printer.paper.text
    finally:
        rig.close()


def papers(text: str) -> list[tuple[str, bool]]:
    """Each receipt that is whole: its copy, and whether it is marked as a duplicate."""
    found = []
    for slip in text.split(SLIP_TITLE)[1:]:
        titles = [title for title in COPY_TITLES if title in slip]
        if titles:
            found.append((titles[0], "DUPLICATE" in slip))
    return found
