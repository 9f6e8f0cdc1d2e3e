"""Prints what the journal says is owed, in order and in the background: no sale waits for it.

Each job is journaled queued → sending → sent, or doubtful when bytes left and the end is not
known; a doubtful one is printed again, marked as a duplicate. A printer that cannot print is asked
again every two seconds, so paper that is put back is enough to go on; its fault and the end of the
fault are journaled.

Two things save commits. A receipt is recorded as sending in the commit that owes it, if the printer
has just said that it is well; if it is not well any more, that is taken back before the next try.
That a receipt is out is written with the next commit if its other copy follows, `TOLD_MS` later at
most. If the power fails in between, one paper is printed twice, marked as a duplicate, and none is
lost.

A printer that never answers is believed to print what the wire takes, but it may hang. When it
answers at last, the papers that it took before are in doubt: the last ten are printed again as
duplicates. Until then it is asked every half minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from firmware.core.kinds import Copy
from firmware.journal.paper_records import (
    PrintDoubtful,
    PrintHeld,
    PrintQueued,
    PrintSending,
    PrintSent,
)
from firmware.journal.records import DeviceFailed, DeviceRecovered, Record
from firmware.journal.store import Journal
from firmware.journal.transactions import PaperStands, PrintJob
from hw.events import Device, JobDone
from hw.ports import Document, PaperState, Printer, PrintReport, PrintResult, Worker

RETRY_MS = 2_000
TOLD_MS = 10_000
LISTEN_MS = 30_000  # how often a printer is asked that took papers and never answered
KNOWN_MS = 5_000  # how long the answer counts that the printer is well
RECEIPTS = (Copy.MERCHANT, Copy.CARDHOLDER)  # after other papers people may cut the power
WELL = (PaperState.READY, PaperState.NEAR_END)  # it has said so itself
NEVER_MS = 1 << 62
AHEAD = -4  # the token of the question before a paper is owed
FIRST_LOOK = -3  # the token of the question at a terminal's start
TOKEN = -1  # the spool has one job under way at a time


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
        self._kicked = False  # set once the start is recorded: no clock is trusted before
        self._next_try_ms = NEVER_MS
        self._well_at_ms: int | None = None  # when the printer said last that it is well
        self._released: set[int] = set()
        self._announced: int | None = None  # recorded as sending, and not begun
        self._out: dict[int, PrintSent] = {}  # printed, and perhaps not in the journal yet
        self._told: frozenset[int] = frozenset()  # printed, and recorded by the last `_tell`
        self._tell_at_ms = NEVER_MS
        self._listen_at_ms: int | None = None  # None: papers in doubt are not looked up yet
        self._failed: PaperState | None = None  # the fault in the journal; None: it is well
        self.state = PaperState.READY  # what the printer last said

    @property
    def deadline_ms(self) -> int:
        """When `step` wants to be called again (monotonic)."""
        if self._sending is not None or self._asking:
            return self._tell_at_ms
        if self._kicked:
            return 0
        return min(self._next_try_ms, self._tell_at_ms, self._listen_ms)

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

    def ask_ahead(self) -> None:
        """Ask the printer how it is, since a receipt may be owed soon. Does not block."""
        if self._sending is None and not self._asking:
            self._worker.submit(AHEAD, self._printer.status)

    def announced(self, records: Iterable[Record], now_ms: int) -> tuple[PrintSending, ...]:
        """PrintSending for a receipt in `records`, for the same commit: it is then printed at once.

        Empty unless the printer has just said that it is well, and no other paper comes before.
        """
        papers = (one for one in records if isinstance(one, PrintQueued) and not one.held)
        queued = [paper for paper in papers if paper.copy in RECEIPTS]
        well = self._well_at_ms is not None and now_ms - self._well_at_ms <= KNOWN_MS
        busy = self._sending is not None or self._asking or self._failed is not None
        if not queued or not well or busy or self._first() is not None:
            return ()
        self._announced = queued[0].job  # also where the commit reports a fault
        return (PrintSending(job=self._announced),)

    def release(self, job: int | None) -> None:
        """Print a paper that was held; None: all that were held when the power went."""
        owed = [each.job for each in self._owed()]
        self._released.update(owed if job is None else [job])
        self._kicked = True

    @property
    def stuck(self) -> int:
        """How many papers wait for the printer to be well again."""
        if self.state.can_print:
            return 0
        return sum(self._may_go(job) for job in self._owed())

    @property
    def doubtful(self) -> list[PrintJob]:
        """Papers that were begun and whose result stays unknown: the power or the disk failed."""
        begun = [job for job in self._owed() if not self._waits(job)]
        return [job for job in begun if self._sending is None or job.job != self._sending.job]

    def take(self, done: JobDone) -> bool:
        """Take the printer's answer, if `done` is one."""
        if done.token in (AHEAD, FIRST_LOOK):
            self._heard(done.result, done.at_ms)
            if done.token == FIRST_LOOK and done.result is PaperState.UNKNOWN:
                self.state = PaperState.UNKNOWN
            return True
        if done.token != TOKEN:
            return False
        self._said = done.result
        return True

    @property
    def papers_out(self) -> frozenset[int]:
        """Jobs that were done lately, though a reader of the journal may not see it yet."""
        return self._told | self._out.keys()

    def is_stuck(self, job: int) -> bool:
        """Whether a job is owed and the printer cannot print now; it goes on by itself then."""
        return not self.state.can_print and any(owed.job == job for owed in self._owed())

    def step(self, now_ms: int) -> None:
        """Record what became of the job under way, and begin the next. Raises JournalFault."""
        said, self._said = self._said, None
        match said:
            case None:
                pass
            case PaperState():
                self._asking = False
                self.state = said
                self._heard(said, now_ms)
                self._begin(now_ms)
            case PrintReport():
                self._heard(said.state, now_ms)
                self._finish(said, now_ms)
            case BaseException():
                raise said
        if now_ms >= self._tell_at_ms:
            self._tell(now_ms)
        if self._sending is None and not self._asking:
            self._look(now_ms)

    def _heard(self, state: object, now_ms: int) -> None:
        self._well_at_ms = now_ms if state in WELL else None

    def _owed(self) -> list[PrintJob]:
        """Papers that are not out. Hands in again what a failed journal did not write."""
        owed = self._journal().print_jobs()
        untold = [self._out[job.job] for job in owed if job.job in self._out]
        if untold:
            self._journal().append_with_next(*untold)
        return [job for job in owed if job.job not in self._out]

    def _tell(self, now_ms: int) -> None:
        """Record the receipts that are out, if no commit has done so since."""
        self._tell_at_ms = now_ms + RETRY_MS  # the next try, if the journal fails now
        self._owed()
        self._journal().append()
        self._told = frozenset(self._out)
        self._out.clear()
        self._tell_at_ms = NEVER_MS

    @property
    def _listen_ms(self) -> int:
        """When to ask again a printer that took papers and has not answered (monotonic)."""
        return NEVER_MS if self._listen_at_ms is None else self._listen_at_ms

    def _look(self, now_ms: int) -> None:
        """Ask the printer how it is, when something is owed, amiss or in doubt and it is time."""
        if not self._kicked and now_ms < min(self._next_try_ms, self._listen_ms):
            return
        self._kicked, self._next_try_ms = False, NEVER_MS
        if self._listen_at_ms is None:
            self._listen_at_ms = now_ms if self._journal().unheard_papers() else NEVER_MS
        listen = now_ms >= self._listen_at_ms
        if listen:
            self._listen_at_ms = now_ms + LISTEN_MS
        if listen or self._first() is not None or self._failed is not None:
            self._asking = True
            self._worker.submit(TOKEN, self._printer.status)

    def _first(self) -> PrintJob | None:
        owed = self._owed()
        numbers = {job.job for job in owed}  # forget jobs that are out or dropped
        self._released &= numbers
        return next((job for job in owed if self._waits(job) and self._may_go(job)), None)

    def _waits(self, job: PrintJob) -> bool:
        return job.state is PaperStands.QUEUED or job.job == self._announced

    def _may_go(self, job: PrintJob) -> bool:
        return not job.held or job.job in self._released

    def _begin(self, now_ms: int) -> None:
        """With the printer's state known: print the next paper, or take its announcement back."""
        if not self.state.can_print:
            self._next_try_ms = now_ms + RETRY_MS
            self._append(*self._taken_back())
            self._announced = None
            return
        self._doubt()
        job = self._first()
        if job is None:
            self._append()
            return
        document = self._compose(job)
        # durable before the first byte: after a power cut we know that its result is unknown
        self._append(*() if job.state is PaperStands.SENDING else (PrintSending(job=job.job),))
        self._announced, self._sending = None, job
        self._worker.submit(TOKEN, lambda: self._printer.print(document))

    def _taken_back(self) -> list[PrintHeld]:
        """PrintHeld for announced papers that have not begun: a power cut must not repeat them."""
        said = (
            job for job in self._owed() if job.state is PaperStands.SENDING and self._waits(job)
        )
        return [PrintHeld(job=job.job, detail=self.state.value) for job in said]

    def _doubt(self) -> None:
        """Once the printer answers: queue again what it took before, and may not have printed."""
        if self.state not in WELL or self._listen_ms == NEVER_MS:
            return
        papers = self._journal().unheard_papers()
        records: list[Record] = []
        following = self._journal().next_job()
        for paper in papers:
            records.append(PrintDoubtful(job=paper.job, detail="the printer was not heard"))
            if paper.copy is not Copy.DISPLAY:  # the fault that it reports is over
                reason = "the printer was not heard when it was sent"
                records.append(printed_again(paper, following, reason))
                following += 1
        self._append(*records)
        self._listen_at_ms = NEVER_MS

    def _finish(self, report: PrintReport, now_ms: int) -> None:
        job, self._sending = self._sending, None
        assert job is not None, "a report comes for the job that was sent"
        self.state = report.state
        match report.result:
            case PrintResult.SENT:
                self._sent(job, now_ms)
                self._kicked = True
            case PrintResult.NOT_STARTED:
                self._next_try_ms = now_ms + RETRY_MS
                self._announced = job.job  # stays so if the commit fails
                self._append(PrintHeld(job=job.job, detail=report.state.value))
                self._announced = None
            case PrintResult.UNKNOWN:
                self._next_try_ms = now_ms + RETRY_MS
                self._doubt()
                number, reason = self._journal().next_job(), "the printer failed in the middle"
                again = printed_again(job, number, reason)
                self._append(PrintDoubtful(job=job.job, detail=report.state.value), again)

    def _sent(self, job: PrintJob, now_ms: int) -> None:
        """A paper is out. Its other copy mostly follows at a key, with a commit of its own."""
        unheard = self.state is PaperState.UNKNOWN
        self._out[job.job] = PrintSent(job=job.job, unheard=unheard)
        self._tell_at_ms = now_ms
        if unheard:
            self._listen_at_ms = now_ms + LISTEN_MS
        self._journal().append_with_next(self._out[job.job])
        if job.copy in RECEIPTS and not unheard and self._owed():
            self._tell_at_ms = now_ms + TOLD_MS  # one before it was written when this one began
        self._append()

    def _append(self, *records: Record) -> None:
        """Record, and in the same commit the printer's fault or its end, if that is new."""
        failed = None if self.state.can_print else self.state
        if failed is not self._failed:
            records = (_news(failed), *records)
        if records:
            self._journal().append(*records)
        self._failed = failed


def printed_again(job: PrintJob, number: int, reason: str) -> PrintQueued:
    """The same paper once more, marked as a duplicate."""
    return PrintQueued(
        job=number,
        copy=job.copy,
        batch=job.batch,
        stan=job.stan,
        duplicate=True,
        reason=reason,
        training=job.training,
    )


def _news(failed: PaperState | None) -> Record:
    printer = Device.PRINTER.value
    if failed is None:
        return DeviceRecovered(device=printer)
    return DeviceFailed(device=printer, detail=failed.value)
