"""The printer's queue: every paper that is owed comes out, without anybody's help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from firmware.core.kinds import Copy
from firmware.journal.paper_records import PrintDropped, PrintQueued, PrintSending, PrintSent
from firmware.journal.records import (
    DeviceFailed,
    DeviceRecovered,
    Record,
)
from firmware.journal.transactions import PrintJob
from firmware.receipts.spool import RETRY_MS, TOKEN, Spool
from hw.events import JobDone
from hw.ports import Document, Line, PaperState, PrintReport, PrintResult
from tests.journal.story import Shop


@dataclass
class ScriptedPrinter:
    """A printer that gives the answers of a script, then is well."""

    columns = 32
    reports: list[PrintReport]
    states: list[PaperState] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)

    def status(self) -> PaperState:
        return self.states.pop(0) if self.states else PaperState.READY

    def print(self, document: Document) -> PrintReport:
        line = document[0]
        assert isinstance(line, Line)
        report = self.reports.pop(0) if self.reports else PrintReport(PrintResult.SENT, PAPER_IN, 9)
        if report.result is not PrintResult.NOT_STARTED:
            self.printed.append(line.text)
        return report

    def close(self) -> None:
        pass


@dataclass
class Bench:
    """A spool, its printer, and a worker that is done as soon as it is asked to be."""

    shop: Shop
    printer: ScriptedPrinter
    now_ms: int = 0
    jobs: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spool = Spool(self.printer, self, lambda: self.shop.journal, _compose)
        self.spool.kick()

    def submit(self, _token: int, job: Callable[[], object]) -> None:
        self.jobs.append(job)

    def stop(self) -> None:
        pass

    def pass_time(self, duration_ms: int) -> None:
        """Let the spool go on for so long, a step whenever it wants one."""
        end_ms = self.now_ms + duration_ms
        self.spool.step(self.now_ms)
        while self.jobs or self.spool.deadline_ms <= end_ms:
            if self.jobs:
                assert self.spool.take(JobDone(TOKEN, self.jobs.pop(0)(), self.now_ms))
            else:
                self.now_ms = max(self.now_ms, self.spool.deadline_ms)
            self.spool.step(self.now_ms)
        self.now_ms = end_ms


PAPER_IN, COVER_OPEN = PaperState.READY, PaperState.COVER_OPEN
PAPER_OUT = PaperState.PAPER_OUT


def _compose(job: PrintJob) -> Document:
    return (Line(f"{job.copy.value} {job.stan}{' DUPLICATE' if job.duplicate else ''}"),)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop.open(tmp_path / "data")
    shop.sale()
    for job, copy in enumerate((Copy.MERCHANT, Copy.CARDHOLDER), 1):
        held = copy is Copy.CARDHOLDER
        shop.journal.append(PrintQueued(job=job, copy=copy, batch=1, stan=1, held=held))
    yield shop
    shop.journal.close()


def test_merchants_copy_comes_at_once_and_the_cardholders_at_a_key(shop: Shop) -> None:
    bench = Bench(shop, ScriptedPrinter([]))
    bench.pass_time(10_000)
    assert bench.printer.printed == ["merchant 1"]
    bench.spool.release(2)
    bench.pass_time(10_000)
    assert bench.printer.printed == ["merchant 1", "cardholder 1"]
    assert not shop.journal.print_jobs()


def test_owed_paper_goes_out_although_nothing_else_happens(shop: Shop) -> None:
    bench = Bench(shop, ScriptedPrinter([]))
    assert bench.spool.deadline_ms <= bench.now_ms, "as after a power cut"
    bench.pass_time(10_000)
    assert bench.spool.deadline_ms > bench.now_ms
    bench.spool.release(2)
    assert bench.spool.deadline_ms <= bench.now_ms


def test_paper_that_could_not_begin_comes_as_soon_as_the_printer_is_well(shop: Shop) -> None:
    """The cover was opened between the question and the first byte."""
    bench = Bench(shop, ScriptedPrinter([PrintReport(PrintResult.NOT_STARTED, COVER_OPEN)]))
    bench.pass_time(RETRY_MS - 1)
    assert bench.printer.printed == []
    assert bench.spool.stuck == 1
    bench.pass_time(1)
    assert bench.printer.printed == ["merchant 1"]
    assert bench.spool.stuck == 0


def test_paper_that_broke_off_comes_again_as_a_duplicate(shop: Shop) -> None:
    bench = Bench(shop, ScriptedPrinter([PrintReport(PrintResult.UNKNOWN, COVER_OPEN, 100)]))
    bench.pass_time(RETRY_MS)
    assert bench.printer.printed == ["merchant 1", "merchant 1 DUPLICATE"]


def test_papers_of_a_broken_printer_come_in_their_order(shop: Shop) -> None:
    bench = Bench(shop, ScriptedPrinter([PrintReport(PrintResult.NOT_STARTED, COVER_OPEN)] * 3))
    bench.spool.release(None)
    bench.pass_time(3 * RETRY_MS)
    assert bench.printer.printed == ["merchant 1", "cardholder 1"]


def since(shop: Shop, begun: int) -> list[Record]:
    return [each.record for each in shop.journal.records(begun + 1)]


def failed(state: PaperState) -> DeviceFailed:
    return DeviceFailed(device="printer", detail=state.value)


BACK = DeviceRecovered(device="printer")


def test_what_the_printer_lacks_is_journaled_once_a_change_and_its_end_too(shop: Shop) -> None:
    """A roll is changed: it is out, asked twice, then the cover is open, then all is well."""
    begun, _ = shop.journal.head()
    bench = Bench(shop, ScriptedPrinter([], states=[PAPER_OUT, PAPER_OUT, COVER_OPEN]))
    bench.pass_time(3 * RETRY_MS)
    assert since(shop, begun) == [
        failed(PAPER_OUT),
        failed(COVER_OPEN),
        BACK,
        PrintSending(job=1),
        PrintSent(job=1),
    ]


@pytest.mark.parametrize("result", [PrintResult.NOT_STARTED, PrintResult.UNKNOWN])
def test_printer_that_fails_at_its_work_is_journaled_too(shop: Shop, result: PrintResult) -> None:
    begun, _ = shop.journal.head()
    bench = Bench(shop, ScriptedPrinter([PrintReport(result, COVER_OPEN, 100)]))
    bench.pass_time(RETRY_MS)
    told = [one for one in since(shop, begun) if isinstance(one, DeviceFailed | DeviceRecovered)]
    assert told == [failed(COVER_OPEN), BACK]


def test_printer_that_failed_is_asked_until_it_is_well_though_no_paper_is_owed_any_more(
    shop: Shop,
) -> None:
    bench = Bench(shop, ScriptedPrinter([], states=[PAPER_OUT, PAPER_OUT]))
    bench.pass_time(0)
    shop.journal.append(PrintDropped(job=1))
    bench.pass_time(2 * RETRY_MS)
    assert since(shop, shop.journal.head()[0] - 1) == [BACK]


def test_only_papers_whose_end_nobody_will_tell_are_doubtful(shop: Shop) -> None:
    bench = Bench(shop, ScriptedPrinter([PrintReport(PrintResult.NOT_STARTED, COVER_OPEN)]))
    bench.spool.step(0)
    for _ in range(2):  # how it is, and then the paper
        assert bench.spool.take(JobDone(TOKEN, bench.jobs.pop(0)(), 0))
        assert not bench.spool.doubtful
        bench.spool.step(0)
    (job, _) = shop.journal.print_jobs()
    assert job.state == "sending"
    assert not bench.spool.doubtful, "no byte has left"
    assert Bench(shop, ScriptedPrinter([])).spool.doubtful == [job], "the power went"
