"""Which answer the acquirer's books must still hold: the last that the journal has of them."""

from __future__ import annotations

from firmware.core.kinds import Result
from firmware.journal.vouchers import LATELY
from tests.journal.story import Shop


def test_it_is_found_among_the_last_transactions_alone(shop: Shop) -> None:
    journal = shop.journal
    assert journal.last_answered(0) is None
    answered = shop.sale()
    shop.end(shop.intent(), Result.DECLINED)
    for _ in range(LATELY):
        shop.sale(6, training=True)
    journal.append(shop.intent())
    assert journal.last_answered(0) == answered
    assert journal.last_answered(answered.record_seq - 1) == answered
    assert journal.last_answered(answered.record_seq) is None
    for _ in range(LATELY):
        shop.end(shop.intent(), Result.DECLINED)
    assert journal.last_answered(0) is None
