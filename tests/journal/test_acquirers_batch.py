"""The batch that an acquirer's sign-on names."""

from __future__ import annotations

from firmware.core.kinds import Result
from firmware.journal.records import BatchOpened
from tests.journal.story import Shop
from tests.journal.test_rules import refused


def test_the_acquirers_batch_follows_one_that_is_empty_or_closed(shop: Shop) -> None:
    shop.journal.append(BatchOpened(batch=41, told=True))
    assert shop.journal.batch() == 41
    shop.end(shop.intent(), Result.DECLINED)
    shop.journal.append(BatchOpened(batch=7, told=True))
    shop.sale()
    refused(shop, BatchOpened(batch=8, told=True), because="batch 7 is not closed")
    shop.settle()
    assert shop.journal.batch() == 8
    for batch in (0, 1_000_000):
        refused(shop, BatchOpened(batch=batch, told=True), because=f"batch {batch}")
    undecided = shop.intent()
    shop.journal.append(undecided)
    refused(shop, BatchOpened(batch=9, told=True), because="batch 8 is not closed")
    refused(shop, BatchOpened(batch=9), because="batch 8 is not closed")
