"""A printer that answers nothing may hang: what it took is in doubt once it is heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.audit.evidence_words import told
from firmware.core.kinds import Copy
from firmware.journal.paper_records import PrintDoubtful, PrintQueued, PrintSent
from firmware.journal.papers import UNHEARD_MAX
from firmware.receipts.spool import FIRST_LOOK, LISTEN_MS
from hw.events import JobDone
from hw.ports import Document, PaperState, PrintReport, PrintResult
from tests.flows.test_spool import Bench, ScriptedPrinter, since
from tests.journal.story import Shop

UNKNOWN = PaperState.UNKNOWN
TAKEN = PrintReport(PrintResult.SENT, UNKNOWN, 9)


class SilentPrinter(ScriptedPrinter):
    """Takes every paper and answers nothing, until it is `heard`."""

    heard = heard_at_the_end = False
    asked = 0

    def status(self) -> PaperState:
        self.asked += 1
        return PaperState.READY if self.heard else UNKNOWN

    def print(self, document: Document) -> PrintReport:
        self.reports = [] if self.heard else [TAKEN]
        if self.heard_at_the_end:
            self.heard, self.reports = True, [PrintReport(PrintResult.UNKNOWN, PaperState.READY, 9)]
            self.heard_at_the_end = False
        return super().print(document)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop.open(tmp_path / "data")
    shop.sale()
    return shop


def bench_of(shop: Shop) -> tuple[Bench, SilentPrinter]:
    printer = SilentPrinter([])
    return Bench(shop, printer), printer


def print_papers(bench: Bench, count: int, copy: Copy = Copy.MERCHANT) -> None:
    """So many papers are owed, one after another, and go out."""
    for _ in range(count):
        job = bench.shop.journal.next_job()
        bench.shop.journal.append(PrintQueued(job=job, copy=copy, batch=1, stan=1))
        bench.spool.kick()
        bench.pass_time(1)


def test_what_was_taken_unheard_comes_again_once_the_printer_is_heard(shop: Shop) -> None:
    bench, printer = bench_of(shop)
    print_papers(bench, 2)
    assert printer.printed == ["merchant 1"] * 2
    assert since(shop, shop.journal.head()[0] - 1) == [PrintSent(job=2, unheard=True)]
    begun, _ = shop.journal.head()
    bench.pass_time(3 * LISTEN_MS)
    assert since(shop, begun) == [], "it is not heard yet"
    printer.heard = True
    bench.pass_time(LISTEN_MS)
    assert printer.printed[2:] == ["merchant 1 DUPLICATE"] * 2
    written = since(shop, begun)
    doubted = [each.job for each in written if isinstance(each, PrintDoubtful)]
    again = [each.job for each in written if isinstance(each, PrintQueued) and each.duplicate]
    assert (doubted, again) == ([1, 2], [3, 4])
    bench.pass_time(10 * LISTEN_MS)
    assert printer.printed[4:] == [], "and once only"
    assert shop.journal.unheard_papers() == []


def test_the_power_does_not_take_what_was_taken_unheard(shop: Shop) -> None:
    bench, _ = bench_of(shop)
    print_papers(bench, 1)
    shop.reopen()
    bench, printer = bench_of(shop)
    printer.heard = True
    bench.pass_time(1)
    assert printer.printed == ["merchant 1 DUPLICATE"]


def test_the_next_paper_finds_a_printer_that_is_heard_and_the_doubtful_ones_follow_it(
    shop: Shop,
) -> None:
    bench, printer = bench_of(shop)
    print_papers(bench, 1)
    printer.heard = True
    print_papers(bench, 1)
    assert printer.printed == ["merchant 1", "merchant 1", "merchant 1 DUPLICATE"]


def test_one_that_is_heard_only_at_a_papers_end_prints_that_one_again_too(shop: Shop) -> None:
    bench, printer = bench_of(shop)
    print_papers(bench, 1)
    printer.heard_at_the_end = True
    print_papers(bench, 1)
    bench.pass_time(LISTEN_MS)
    assert printer.printed[2:] == ["merchant 1 DUPLICATE"] * 2
    assert shop.journal.unheard_papers() == []


def test_of_many_the_last_ten_are_doubted(shop: Shop) -> None:
    bench, printer = bench_of(shop)
    print_papers(bench, UNHEARD_MAX + 3)
    known = [paper.job for paper in shop.journal.unheard_papers()]
    assert known == list(range(4, UNHEARD_MAX + 4))
    printer.printed.clear()
    printer.heard = True
    bench.pass_time(LISTEN_MS)
    assert printer.printed == ["merchant 1 DUPLICATE"] * UNHEARD_MAX


def test_a_slip_of_what_has_ended_does_not_come_again(shop: Shop) -> None:
    bench, printer = bench_of(shop)
    print_papers(bench, 1, Copy.DISPLAY)
    print_papers(bench, 1, Copy.SETTLEMENT)
    printer.printed.clear()
    printer.heard = True
    bench.pass_time(LISTEN_MS)
    assert printer.printed == ["settlement 1 DUPLICATE"]
    assert shop.journal.unheard_papers() == []


def test_one_that_has_taken_nothing_is_not_asked_for_nothing(shop: Shop) -> None:
    bench, printer = bench_of(shop)
    assert bench.spool.take(JobDone(FIRST_LOOK, UNKNOWN, 0))
    bench.pass_time(100 * LISTEN_MS)
    assert printer.asked == 0
    print_papers(bench, 1)
    asked = printer.asked
    bench.pass_time(10 * LISTEN_MS)
    assert printer.asked - asked == 10


def test_no_paper_is_announced_to_one_that_is_not_heard(shop: Shop) -> None:
    bench, printer = bench_of(shop)
    print_papers(bench, 1)
    bench.spool.ask_ahead()
    assert bench.spool.take(JobDone(FIRST_LOOK, bench.jobs.pop(0)(), bench.now_ms))
    paper = PrintQueued(job=2, copy=Copy.MERCHANT, batch=1, stan=1)
    assert bench.spool.announced((paper,), bench.now_ms) == ()
    assert printer.printed == ["merchant 1"]


def test_no_evidence_says_that_a_paper_was_printed_which_was_only_taken() -> None:
    assert "printed" in told(PrintSent(job=1))
    assert "did not answer" in told(PrintSent(job=1, unheard=True))
