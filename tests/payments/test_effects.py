"""A look-up is a value: a script compares it with the one that a flow awaits."""

from __future__ import annotations

from pathlib import Path

from firmware.journal.lookups import Lookups
from firmware.payments.effects import Look
from tests.journal.story import Shop


def test_the_same_question_is_the_same_value():
    asked = Look.of(Lookups.by_voucher, 3, training=True)
    assert asked == Look.of(Lookups.by_voucher, 3, training=True)
    assert asked != Look.of(Lookups.by_voucher, 3, training=False)
    assert asked != Look.of(Lookups.by_voucher, 4, training=True)
    assert Look.of(Lookups.sales_today, "20260302", "CNY") != Look.of(
        Lookups.refunds_today, "20260302", "CNY"
    )


def test_a_question_reads_as_it_was_written():
    asked = Look.of(Lookups.by_voucher, 3, training=True)
    assert repr(asked) == "Look.of(by_voucher, 3, training=True)"


def test_a_question_is_answered_by_the_journal_it_is_asked_of(tmp_path: Path):
    shop = Shop.open(tmp_path / "data")
    sale = shop.sale()
    assert Look.of(Lookups.by_voucher, sale.stan).read(shop.journal) == sale
    shop.journal.close()
