"""Prints what the journal says is owed, in order and in the background: no sale waits for it.

Each job is journaled queued → sending → sent, or doubtful when bytes left and the end is not
known; a doubtful one is printed again, marked as a duplicate. A printer that cannot print is asked
again every two seconds, so paper that is put back is enough to go on; the journal says what it
lacked, and that it has it again.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

from firmware.journal.paper_records import (
    PrintDoubtful,
    PrintHeld,
    PrintQueued,
    PrintSending,
    PrintSent,
)
from firmware.journal.records import (
    DeviceFailed,
    DeviceRecovered,
    Record,
)
from firmware.journal.store import Journal
from firmware.journal.transactions import PrintJob
from hw.events import Device, JobDone
from hw.ports import Document, PaperState, Printer, PrintReport, PrintResult, Worker

RETRY_MS = 2_000
NEVER_MS = 1 << 62
FIRST_LOOK = -3  # the token of the question at a terminal's start
TOKEN = -1  # the spool has one job under way at a time


class PaperOutlook(enum.Enum):
    """How a print job stands."""

    DONE = "done"
    PENDING = "pending"  # queued or under way, the printer is well
    STUCK = "stuck"  # the printer cannot print now; it will go on by itself


class Spool:
    """The printer's queue. `compose` makes the document of a job from the journal."""

    def __init__(
        self,
        printer: Printer,
        worker: Worker,
        journal: Callable[[], Journal],
        compose: Callable[[PrintJob], Document],
    ) -> None:
        self._printer = printer
        self._worker = worker
        self._journal = journal
        self._compose = compose
        self._sending: PrintJob | None = None
        self._said: object = None
        self._asking = False
        self._kicked = False  # until the start is recorded: no clock is trusted before
        self._next_try_ms = NEVER_MS
        self._released: set[int] = set()
        self._not_begun: set[int] = set()  # in the journal as sending, yet no byte has left
        self._failed: PaperState | None = None  # so the journal says; None: the printer is well
        self.state = PaperState.READY  # what the printer last said

    @property
    def deadline_ms(self) -> int:
        """When `step` wants to be called again (monotonic)."""
        if self._sending is not None or self._asking:
            return NEVER_MS
        return 0 if self._kicked else self._next_try_ms

    @property
    def busy(self) -> bool:
        """Whether a paper is under way or about to be."""
        return self._sending is not None or self._kicked or (self._asking and self.state.can_print)

    def first_look(self) -> None:
        """Ask the printer how it is, before anything is owed.

        One that answers is known then, and its silence later is a fault. What it lacks is said
        when something is to be printed.
        """
        self._worker.submit(FIRST_LOOK, self._printer.status)

    def kick(self) -> None:
        """Look for new jobs at the next step."""
        self._kicked = True

    def release(self, job: int | None) -> None:
        """Let a paper that was held go out now; None: every one that was, when the power went."""
        owed = [each.job for each in self._journal().print_jobs()]
        self._released.update(owed if job is None else [job])
        self._kicked = True

    @property
    def stuck(self) -> int:
        """How many papers wait for the printer to be well again."""
        if self.state.can_print:
            return 0
        return sum(self._may_go(job) for job in self._journal().print_jobs())

    @property
    def doubtful(self) -> list[PrintJob]:
        """Papers that were begun and whose end nobody will tell: the power went, or the disk."""
        begun = [job for job in self._journal().print_jobs() if not self._waits(job)]
        return [job for job in begun if self._sending is None or job.job != self._sending.job]

    def take(self, done: JobDone) -> bool:
        """Take the printer's word if `done` is one."""
        if done.token == FIRST_LOOK:
            if done.result is PaperState.UNKNOWN:
                self.state = PaperState.UNKNOWN
            return True
        if done.token != TOKEN:
            return False
        self._said = done.result
        return True

    def outlook(self, job: int) -> PaperOutlook:
        """How a job stands."""
        if all(owed.job != job for owed in self._journal().print_jobs()):
            return PaperOutlook.DONE
        return PaperOutlook.PENDING if self.state.can_print else PaperOutlook.STUCK

    def step(self, now_ms: int) -> None:
        """Record what became of the job under way, and begin the next. Raises JournalFault."""
        said, self._said = self._said, None
        match said:
            case None:
                pass
            case PaperState():
                self._asking = False
                self.state = said
                self._begin(now_ms)
            case PrintReport():
                self._finish(said, now_ms)
            case BaseException():
                raise said
        if self._sending is None and not self._asking:
            self._look(now_ms)

    def _look(self, now_ms: int) -> None:
        """Ask the printer how it is, when something is owed or amiss and it is time."""
        if not self._kicked and now_ms < self._next_try_ms:
            return
        self._kicked, self._next_try_ms = False, NEVER_MS
        if self._first() is not None or self._failed is not None:
            self._asking = True
            self._worker.submit(TOKEN, self._printer.status)

    def _first(self) -> PrintJob | None:
        owed = self._journal().print_jobs()
        numbers = {job.job for job in owed}  # what is out or dropped need not be known any more
        self._released &= numbers
        self._not_begun &= numbers
        return next((job for job in owed if self._waits(job) and self._may_go(job)), None)

    def _waits(self, job: PrintJob) -> bool:
        return job.state == "queued" or job.job in self._not_begun

    def _may_go(self, job: PrintJob) -> bool:
        return not job.held or job.job in self._released

    def _begin(self, now_ms: int) -> None:
        if not self.state.can_print:
            self._next_try_ms = now_ms + RETRY_MS
        job = self._first() if self.state.can_print else None
        if job is None:
            self._append()
            return
        document = self._compose(job)
        # durable before the first byte: after a power cut its fate is known to be unknown
        self._append(PrintSending(job=job.job))
        self._not_begun.discard(job.job)
        self._sending = job
        self._worker.submit(TOKEN, lambda: self._printer.print(document))

    def _finish(self, report: PrintReport, now_ms: int) -> None:
        job, self._sending = self._sending, None
        assert job is not None, "a report comes for the job that was sent"
        self.state = report.state
        match report.result:
            case PrintResult.SENT:
                self._append(PrintSent(job=job.job))
                self._kicked = True
            case PrintResult.NOT_STARTED:
                self._append(PrintHeld(job=job.job, detail=report.state.value))
                self._not_begun.add(job.job)
                self._next_try_ms = now_ms + RETRY_MS
            case PrintResult.UNKNOWN:
                again = PrintQueued(
                    job=self._journal().next_job(),
                    copy=job.copy,
                    batch=job.batch,
                    stan=job.stan,
                    duplicate=True,
                    reason="the printer failed in the middle",
                    training=job.training,
                )
                self._append(PrintDoubtful(job=job.job, detail=report.state.value), again)
                self._next_try_ms = now_ms + RETRY_MS

    def _append(self, *records: Record) -> None:
        """Record, and in the same commit what has become of the printer if that is news."""
        failed = None if self.state.can_print else self.state
        if failed is not self._failed:
            records = (_news(failed), *records)
        if records:
            self._journal().append(*records)
        self._failed = failed


def _news(failed: PaperState | None) -> Record:
    printer = Device.PRINTER.value
    if failed is None:
        return DeviceRecovered(device=printer)
    return DeviceFailed(device=printer, detail=failed.value)
