"""A journal that goes on from a copy of itself: its numbers come after those that it lacks."""

from __future__ import annotations

import pytest

from firmware.core.kinds import Copy
from firmware.journal.faults import RuleBroken
from firmware.journal.paper_records import PrintQueued
from firmware.journal.records import CopyRestored
from firmware.journal.verify import verify_journal
from tests.journal.story import Shop, opened


def restored(shop: Shop, batch: int, stan: int) -> Shop:
    shop.journal.append(CopyRestored(batch=batch, stan=stan))
    return shop


def numbers(shop: Shop) -> tuple[int, int]:
    return shop.journal.batch(), shop.journal.next_stan()


def test_vouchers_go_on_after_the_last_there_was(shop: Shop) -> None:
    sale = shop.sale()
    restored(shop, 1, 7)
    assert numbers(shop) == (1, 8)
    assert shop.void(sale).stan == 8


def test_batches_that_were_settled_since_are_closed(shop: Shop) -> None:
    early = shop.sale(700)
    restored(shop, 4, 120)
    assert numbers(shop) == (4, 121)
    assert shop.find(early).settled  # so that it can be refunded, and not voided
    assert shop.journal.last_settlement() is None  # nobody knows how they were closed
    late = shop.sale(500)
    assert [each.stan for each in shop.journal.list_transactions(1, 9)] == [early.stan]
    assert [each.stan for each in shop.journal.list_transactions(4, 9)] == [late.stan]
    shop.refund(early, 700)
    shop.settle()
    assert numbers(shop) == (5, 123)
    assert verify_journal(shop.directory, shop.journal.keys.public_key).intact


def test_after_a_settlement_the_last_voucher_is_of_the_batch_before(shop: Shop) -> None:
    shop.sale()
    shop.settle()
    assert numbers(restored(shop, 1, 1)) == (2, 2)


def test_a_terminal_that_never_sold_begins_with_its_first_number(shop: Shop) -> None:
    assert numbers(restored(shop, 1, 0)) == (1, 1)


def test_numbers_that_begin_anew_at_one_go_on(shop: Shop) -> None:
    shop.sale()
    restored(shop, 1, 400_000)
    assert numbers(restored(shop, 1, 800_000)) == (1, 800_001)
    shop.sale()
    assert numbers(restored(shop, 1, 5)) == (1, 6)
    assert numbers(restored(shop, 2, 999_999)) == (2, 1)
    assert shop.sale().stan == 1


@pytest.mark.parametrize(
    "last", [(1, 1), (1, 999_999), (0, 7), (2, 1_000_000), (1_000_000, 7), (1002, 7)]
)
def test_a_voucher_that_cannot_be_the_last_is_refused(last: tuple[int, int], shop: Shop) -> None:
    shop.sale()
    shop.sale()
    with pytest.raises(RuleBroken, match="before the copy's last"):
        restored(shop, *last)
    assert numbers(restored(shop, 1, 2)) == (1, 3)


def test_what_is_undecided_would_be_reversed_though_it_went_on(shop: Shop) -> None:
    shop.journal.append(shop.intent())
    with pytest.raises(RuleBroken, match="still open"):
        restored(shop, 1, 1)


def test_papers_that_may_have_been_printed_since_are_in_doubt(shop: Shop) -> None:
    shop.sale()
    shop.journal.append(PrintQueued(job=1, copy=Copy.MERCHANT, batch=1, stan=1))
    restored(shop, 1, 1)
    assert [job.state for job in shop.journal.print_jobs()] == ["sending"]


def test_a_reversal_that_was_owed_is_owed_again(shop: Shop) -> None:
    """The host undoes nothing twice, so it may be asked twice."""
    intent = shop.intent()
    shop.journal.append(intent, opened(intent))
    restored(shop, 3, 9)
    assert [owed.transaction.stan for owed in shop.journal.reversals()] == [1]
