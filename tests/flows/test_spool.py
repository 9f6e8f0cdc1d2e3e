"""The printer's queue: every paper that is owed comes out, without anybody's help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from firmware.core.kinds import Copy
from firmware.journal.faults import JournalFault
from firmware.journal.paper_records import (
    PrintDropped,
    PrintHeld,
    PrintQueued,
    PrintSending,
    PrintSent,
)
from firmware.journal.records import DeviceFailed, DeviceRecovered, Record
from firmware.journal.transactions import PrintJob
from firmware.receipts.spool import AHEAD, KNOWN_MS, RETRY_MS, TOKEN, TOLD_MS, Spool
from hw.events import JobDone
from hw.ports import Document, PaperState, PrintReport, PrintResult, TextLine
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
        assert isinstance(line, TextLine)
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
    return (TextLine(f"{job.copy.value} {job.stan}{' DUPLICATE' if job.duplicate else ''}"),)


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
    bench.pass_time(3 * RETRY_MS + TOLD_MS)
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
    assert bench.spool.take(JobDone(TOKEN, bench.jobs.pop(0)(), 0))
    bench.spool.step(0)  # it is well: the paper begins
    (job, _) = shop.journal.print_jobs()
    assert job.state == "sending"
    assert not bench.spool.doubtful
    assert Bench(shop, ScriptedPrinter([])).spool.doubtful == [job], "the power went"
    assert bench.spool.take(JobDone(TOKEN, bench.jobs.pop(0)(), 0))
    bench.spool.step(0)  # no byte has left
    (job, _) = shop.journal.print_jobs()
    assert job.state == "queued"
    assert not bench.spool.doubtful
    assert not Bench(shop, ScriptedPrinter([])).spool.doubtful, "the power went"


def merchants_copy_is_out(shop: Shop, bench: Bench) -> None:
    bench.pass_time(1)
    assert bench.printer.printed == ["merchant 1"]
    assert since(shop, shop.journal.head()[0] - 1) == [PrintSending(job=1)], "so the disk says"


def test_that_a_receipt_is_out_is_written_with_the_next_commit(shop: Shop) -> None:
    bench = Bench(shop, ScriptedPrinter([]))
    merchants_copy_is_out(shop, bench)
    begun, _ = shop.journal.head()
    bench.spool.release(2)
    bench.pass_time(1)
    assert since(shop, begun) == [PrintSent(job=1), PrintSending(job=2), PrintSent(job=2)]


def test_that_the_last_copy_is_out_is_written_at_once(shop: Shop) -> None:
    """No other commit is near that could bring it."""
    bench = Bench(shop, ScriptedPrinter([]))
    bench.spool.release(2)
    bench.pass_time(1)
    assert bench.printer.printed == ["merchant 1", "cardholder 1"]
    assert since(shop, shop.journal.head()[0] - 1) == [PrintSent(job=2)]
    assert bench.spool.papers_out == {1, 2}


def test_that_a_receipt_is_out_is_written_after_some_seconds_though_nothing_happens(
    shop: Shop,
) -> None:
    bench = Bench(shop, ScriptedPrinter([]))
    merchants_copy_is_out(shop, bench)
    begun, _ = shop.journal.head()
    bench.pass_time(TOLD_MS - 2)
    assert since(shop, begun) == []
    bench.pass_time(2)
    assert since(shop, begun) == [PrintSent(job=1)]
    assert bench.spool.deadline_ms > bench.now_ms


def test_a_receipt_that_is_out_does_not_come_again_when_the_journal_is_opened_anew(
    shop: Shop,
) -> None:
    """The disk failed before it was told, and is back: the process knows what came out."""
    bench = Bench(shop, ScriptedPrinter([]))
    merchants_copy_is_out(shop, bench)
    shop.reopen()
    assert not bench.spool.doubtful
    begun, _ = shop.journal.head()
    bench.pass_time(TOLD_MS)
    assert bench.printer.printed == ["merchant 1"]
    assert since(shop, begun) == [PrintSent(job=1)]


def test_a_settlement_slip_that_is_out_is_written_at_once(shop: Shop) -> None:
    """The power may well be pulled after it."""
    begun, _ = shop.journal.head()
    shop.journal.append(PrintQueued(job=3, copy=Copy.SETTLEMENT, batch=1, stan=0))
    bench = Bench(shop, ScriptedPrinter([]))
    bench.pass_time(1)
    assert bench.printer.printed == ["merchant 1", "settlement 0"]
    assert since(shop, begun)[-1] == PrintSent(job=3)


RECEIPT = PrintQueued(job=3, copy=Copy.MERCHANT, batch=1, stan=1)


def idle_bench(shop: Shop) -> Bench:
    """All that was owed is out, and the printer was well a while ago."""
    bench = Bench(shop, ScriptedPrinter([]))
    bench.spool.release(2)
    bench.pass_time(TOLD_MS + KNOWN_MS)
    bench.printer.printed.clear()
    return bench


def asked_ahead(bench: Bench, state: PaperState) -> None:
    """The printer says how it is while the acquirer is asked."""
    bench.printer.states = [state]
    bench.spool.ask_ahead()
    assert bench.spool.take(JobDone(AHEAD, bench.jobs.pop(0)(), bench.now_ms))


def announced(bench: Bench, paper: PrintQueued = RECEIPT) -> tuple[Record, ...]:
    return bench.spool.announced((paper,), bench.now_ms)


def owed(bench: Bench) -> None:
    """The receipt is owed, in one commit with what is announced of it."""
    bench.shop.journal.append(RECEIPT, *announced(bench))
    bench.spool.kick()


@pytest.mark.parametrize("state", [PAPER_IN, PaperState.NEAR_END])
def test_a_receipt_is_said_to_go_out_in_the_commit_that_owes_it(
    shop: Shop, state: PaperState
) -> None:
    bench = idle_bench(shop)
    asked_ahead(bench, state)
    begun, _ = shop.journal.head()
    owed(bench)
    assert since(shop, begun) == [RECEIPT, PrintSending(job=3)]
    bench.pass_time(TOLD_MS)
    assert bench.printer.printed == ["merchant 1"]
    assert since(shop, begun) == [RECEIPT, PrintSending(job=3), PrintSent(job=3)]


@pytest.mark.parametrize("copy", [Copy.DISPLAY, Copy.SETTLEMENT])
def test_a_paper_that_is_no_receipt_is_not(shop: Shop, copy: Copy) -> None:
    bench = idle_bench(shop)
    asked_ahead(bench, PAPER_IN)
    assert announced(bench, PrintQueued(job=3, copy=copy, batch=1, stan=1)) == ()


@pytest.mark.parametrize("state", [PAPER_OUT, COVER_OPEN, PaperState.OFFLINE, PaperState.UNKNOWN])
def test_a_receipt_is_not_where_the_printer_is_not_known_to_be_there(
    shop: Shop, state: PaperState
) -> None:
    bench = idle_bench(shop)
    asked_ahead(bench, state)
    begun, _ = shop.journal.head()
    owed(bench)
    assert since(shop, begun) == [RECEIPT]
    assert not Bench(shop, ScriptedPrinter([])).spool.doubtful, "the power went"
    bench.pass_time(RETRY_MS + TOLD_MS)
    assert bench.printer.printed == ["merchant 1"]


def test_that_a_printer_was_well_a_while_ago_does_not_count(shop: Shop) -> None:
    bench = idle_bench(shop)
    assert announced(bench) == ()
    asked_ahead(bench, PAPER_IN)
    bench.pass_time(KNOWN_MS + 1)
    assert announced(bench) == ()


def test_a_printer_that_does_not_answer_in_time_is_not_known_to_be_there(shop: Shop) -> None:
    bench = idle_bench(shop)
    bench.spool.ask_ahead()
    assert announced(bench) == ()


@pytest.mark.parametrize("lack", [PAPER_OUT, COVER_OPEN, PaperState.OFFLINE])
def test_that_a_receipt_goes_out_is_taken_back_when_the_printer_is_not_there_any_more(
    shop: Shop, lack: PaperState
) -> None:
    bench = idle_bench(shop)
    asked_ahead(bench, PAPER_IN)
    owed(bench)
    begun, _ = shop.journal.head()
    bench.printer.states = [lack, lack]
    bench.pass_time(1)
    assert since(shop, begun) == [failed(lack), PrintHeld(job=3, detail=lack.value)]
    assert bench.spool.stuck == 1
    assert not Bench(shop, ScriptedPrinter([])).spool.doubtful, "the power went"
    bench.pass_time(3 * RETRY_MS)
    assert bench.printer.printed == ["merchant 1"]
    assert since(shop, begun)[2:] == [BACK, PrintSending(job=3), PrintSent(job=3)]


def test_what_could_not_be_taken_back_is_when_the_journal_is_opened_anew(shop: Shop) -> None:
    """The disk failed in that very moment: no byte has left all the same."""
    bench = idle_bench(shop)
    asked_ahead(bench, PAPER_IN)
    owed(bench)
    begun, _ = shop.journal.head()
    bench.printer.states = [PAPER_OUT, PAPER_OUT]
    bench.spool.step(bench.now_ms)
    assert bench.spool.take(JobDone(TOKEN, bench.jobs.pop(0)(), bench.now_ms))
    shop.journal.close()
    with pytest.raises(JournalFault):
        bench.spool.step(bench.now_ms)
    shop.reopen()
    assert not bench.spool.doubtful
    bench.pass_time(RETRY_MS)
    assert PrintHeld(job=3, detail=PAPER_OUT.value) in since(shop, begun)
    bench.pass_time(RETRY_MS)
    assert bench.printer.printed == ["merchant 1"]


def test_a_receipt_that_has_to_wait_for_another_is_not(shop: Shop) -> None:
    bench = Bench(shop, ScriptedPrinter([]))
    asked_ahead(bench, PAPER_IN)
    assert announced(bench) == (), "the first one has not begun yet"
