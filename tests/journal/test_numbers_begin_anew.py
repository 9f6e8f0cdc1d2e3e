"""After the last batch comes batch 1 again, and it is the later one everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.audit.export import export
from firmware.audit.spans import Span
from firmware.core.kinds import Kind, Result
from firmware.core.payment import BATCH_MAX, STAN_MAX
from firmware.journal.genuine import verify_signed_record
from firmware.journal.numbers import Numbers
from firmware.journal.records import BatchOpened, CopyRestored
from firmware.journal.rules import RuleBroken
from firmware.journal.signed_record import signed_record
from firmware.journal.transactions import State, Transaction
from firmware.journal.verify import verify_journal
from tests.journal.story import KEYS, Shop, opened


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Batch 1, the last two, and 1 again, a day each: voucher 1 of 10.00, 2 of 20.00 and so on.

    The second of the five was empty when the acquirer gave another number to go on with.
    """
    shop = Shop.open(tmp_path)
    for day in range(3):
        if day == 1:
            shop.journal.append(BatchOpened(batch=BATCH_MAX - 1, told=True))
        shop.sale(1_000 * (day + 1))
        shop.settle()
        shop.clock.advance(days=1)
    return shop


def sold(shop: Shop, voucher: int) -> Transaction:
    found = shop.journal.by_voucher(voucher)
    assert found is not None
    return found


def test_the_last_batch_settles_and_batch_1_opens(shop: Shop) -> None:
    assert (shop.journal.batch(), list(shop.journal.serials())) == (1, [1, 2, 3, 4, 5])
    sale = shop.sale(4_000)
    assert (sale.batch, sale.stan, sale.settled) == (1, 4, False)
    assert shop.journal.totals(1).sales_minor == 4_000
    assert [one.amount_minor for one in shop.journal.list_transactions(1, 9)] == [4_000]
    shop.reopen()
    shop.settle()
    assert shop.journal.batch() == 2
    settled = shop.journal.last_settlement()
    assert settled is not None
    assert (settled.batch, settled.totals.sales_minor) == (1, 4_000)
    assert verify_journal(shop.directory, KEYS.public_key).faults == []


def test_a_settlement_under_way_goes_on_in_the_later_batch(shop: Shop) -> None:
    shop.sale(4_000)
    shop.settle()
    shop.sale(5_000)
    assert shop.journal.pending_settlement() is None
    shop.reopen()
    assert shop.journal.list_transactions(2, 9)[0].amount_minor == 5_000


def test_the_first_batch_1_is_settled_and_neither_voided_nor_reversed(shop: Shop) -> None:
    old = sold(shop, 1)
    assert (old.batch, old.settled) == (1, True)
    with pytest.raises(RuleBroken, match="another batch"):
        shop.void(old)
    with pytest.raises(RuleBroken, match="closed"):
        shop.journal.append(opened(old))
    assert shop.refund(old, 400).state is State.APPROVED
    assert sold(shop, 1).refunded_minor == 400


def test_both_numbers_the_same_each_refund_finds_its_own_sale(shop: Shop) -> None:
    """Voucher 1 of batch 1, and of batch 1: date and reference tell which."""
    old = sold(shop, 1)
    shop.db.execute("UPDATE terminal SET next_stan = 1")
    new = shop.sale(7_000)
    assert (new.batch, new.stan) == (old.batch, old.stan)
    shop.db.execute("UPDATE transactions SET reference = 'other' WHERE serial = 1")
    assert shop.journal.by_voucher_and_date(1, old.date) is not None
    shop.refund(shop_sale(shop, old.date), 300)
    shop.refund(shop_sale(shop, new.date), 700)
    assert shop_sale(shop, old.date).refunded_minor == 300
    assert shop_sale(shop, new.date).refunded_minor == 700
    assert shop.find(new) == shop.journal.transaction(1, 1, date=new.date)
    assert shop.journal.transaction(1, 1, date=old.date) == shop_sale(shop, old.date)


def shop_sale(shop: Shop, date: str) -> Transaction:
    found = shop.journal.by_voucher_and_date(1, date)
    assert found is not None
    return found


def test_slips_of_both_verify_and_the_export_has_every_batch(shop: Shop) -> None:
    shop.sale(4_000)
    for voucher in (1, 4):
        text = signed_record(sold(shop, voucher), KEYS)
        assert verify_signed_record(text, [(1, KEYS.public_key)], shop.directory).faults == []
    every = [row["amount_minor"] for row in export(shop.journal, "transactions", Span())]
    assert every == [1_000, 2_000, 3_000, 4_000]
    later = [row["amount_minor"] for row in export(shop.journal, "transactions", Span((1, 1)))]
    assert later == [4_000]
    sums = [
        (row["batch"], row["net_minor"], row["settled"] != "")
        for row in export(shop.journal, "batches", Span())
    ]
    assert sums == [
        ("000001", 1_000, True),
        ("999998", 2_000, True),
        ("999999", 3_000, True),
        ("000001", 4_000, False),
    ]


def test_a_copy_goes_on_across_the_last_number(shop: Shop) -> None:
    shop.journal.append(CopyRestored(batch=2, stan=9))
    assert (shop.journal.batch(), shop.journal.next_stan()) == (2, 10)
    assert list(shop.journal.serials()) == [1, 2, 3, 4, 5, 6]
    shop.sale(5_000)
    assert verify_journal(shop.directory, KEYS.public_key).faults == []


def test_numbers_that_are_used_up_end_the_batch_and_not_the_journal(shop: Shop) -> None:
    first = STAN_MAX - 2
    shop.db.execute("UPDATE terminal SET next_stan = ?", (first,))
    for stan in (first, first + 1, STAN_MAX, 1, 2):
        assert shop.journal.next_numbers() == Numbers(1, stan)
        shop.end(shop.intent(), Result.DECLINED)
    shop.db.execute("UPDATE terminal SET next_stan = ?", (first,))  # as once around
    assert shop.journal.next_numbers() == Numbers(1, first, used_up=True)
    assert shop.journal.numbers_used() == 999_999  # full, whatever batch.full_at is
    shop.settle()
    assert shop.journal.next_numbers() == Numbers(2, first)
    assert shop.sale().kind is Kind.SALE
