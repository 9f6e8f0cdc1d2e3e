"""What may wait for the next commit: it comes before the records of that commit, with its time."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.core.kinds import Copy, Kind
from firmware.journal.faults import RuleBroken
from firmware.journal.paper_records import PrintQueued, PrintSending, PrintSent
from firmware.journal.records import AmountAgreed, EntryAbandoned
from firmware.terminal.data_directory import DataDirectory
from tests.journal.story import FRAME, FRAME_SHA256, Clock, Shop

AGREED = AmountAgreed(
    kind=Kind.SALE,
    amount_minor=12_850,
    currency="CNY",
    frame_sha256=FRAME_SHA256,
    shown_at_ms=1000,
    pressed_at_ms=2000,
)
BLOBS = {FRAME_SHA256: FRAME}
GIVEN_UP = EntryAbandoned(kind=Kind.SALE, step="card", reason="cancelled", amount_minor=12_850)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop.open(tmp_path / "data")


def test_what_waits_is_written_with_the_next_records_and_has_its_own_time(shop: Shop) -> None:
    begun, _ = shop.journal.head()
    agreed_at = shop.clock()
    shop.journal.append_with_next(AGREED, blobs=BLOBS)
    assert shop.journal.head()[0] == begun
    shop.clock.advance(minutes=1)
    shop.journal.append(GIVEN_UP)
    written = list(shop.journal.records(begun + 1))
    assert [each.record for each in written] == [AGREED, GIVEN_UP]
    assert [each.moment for each in written] == [agreed_at, shop.clock()]
    assert shop.journal.frame(FRAME_SHA256) == FRAME
    shop.journal.append()
    assert shop.journal.head()[0] == begun + 2, "and once only"


def test_what_waits_is_gone_with_the_power_and_nothing_else(shop: Shop) -> None:
    before = shop.journal.head()
    shop.journal.append_with_next(AGREED, blobs=BLOBS)
    shop.reopen()
    assert shop.journal.head() == before
    assert shop.journal.frame(FRAME_SHA256) is None


def test_a_record_that_breaks_a_rule_leaves_waiting_what_waits(shop: Shop) -> None:
    begun, _ = shop.journal.head()
    shop.journal.append_with_next(AGREED, blobs=BLOBS)
    with pytest.raises(RuleBroken):
        shop.journal.append(shop.intent(stan=77))
    shop.journal.append(GIVEN_UP)
    assert [each.record for each in shop.journal.records(begun + 1)] == [AGREED, GIVEN_UP]


def test_a_frame_that_is_not_there_cannot_wait(shop: Shop) -> None:
    with pytest.raises(RuleBroken):
        shop.journal.append_with_next(AGREED)
    with pytest.raises(RuleBroken):
        shop.journal.append_with_next(AGREED, blobs={FRAME_SHA256: b"another"})


def test_a_paper_that_is_out_is_owed_no_more_though_that_waits(shop: Shop) -> None:
    intent = shop.intent()
    shop.end(intent)
    paper = PrintQueued(job=1, copy=Copy.MERCHANT, batch=intent.batch, stan=intent.stan)
    shop.journal.append(paper, PrintSending(job=1))
    shop.journal.append_with_next(PrintSent(job=1))
    assert shop.journal.print_jobs() == []
    shop.reopen()
    assert [job.state for job in shop.journal.print_jobs()] == ["sending"], "as after a power cut"


def test_a_terminal_that_ends_in_order_writes_what_waits(tmp_path: Path) -> None:
    data = tmp_path / "data"
    directory = DataDirectory(data, Clock())
    directory.journal.append_with_next(AGREED, blobs=BLOBS)
    directory.close()
    directory = DataDirectory(data, Clock())
    (*_, last) = directory.journal.records()
    assert last.record == AGREED
    directory.close()


def test_that_an_amount_is_agreed_to_can_be_asked_while_it_waits(shop: Shop) -> None:
    assert not shop.journal.waiting.agreed
    shop.journal.append_with_next(AGREED, blobs=BLOBS)
    assert shop.journal.waiting.agreed
    shop.journal.append(GIVEN_UP)
    assert not shop.journal.waiting.agreed
