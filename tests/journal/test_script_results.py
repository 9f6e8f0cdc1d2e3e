"""Results of issuer scripts in the journal."""

from __future__ import annotations

import pytest

from firmware.journal.advice_records import ScriptQueued
from firmware.journal.faults import RuleBroken
from tests.journal.story import Shop


def test_the_journal_tells_of_a_script_once_and_of_a_transaction_alone(shop: Shop) -> None:
    sale = shop.sale()
    queued = ScriptQueued(batch=sale.batch, stan=sale.stan, de55="DF310500")
    shop.journal.append(queued)
    with pytest.raises(RuleBroken, match="owed already"):
        shop.journal.append(queued)
    with pytest.raises(RuleBroken, match="without its transaction"):
        shop.journal.append(ScriptQueued(batch=sale.batch, stan=99, de55=""))
