"""Balance enquiries in the journal: they take a voucher number, and move nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.core.kinds import Totals
from firmware.journal.enquiry_records import BalanceAnswered, BalanceAsked
from firmware.journal.faults import RuleBroken
from firmware.journal.lookups import Lookups
from tests.journal.story import CARD, Shop


def asked(stan: int, *, batch: int = 1, training: bool = False) -> BalanceAsked:
    return BalanceAsked(
        batch=batch,
        stan=stan,
        card=CARD,
        operator="01",
        merchant="104110054110001",
        terminal="10000001",
        date="20260302",
        time="100000",
        training=training,
    )


def test_an_enquiry_takes_the_next_number_and_no_money(shop: Shop) -> None:
    sale = shop.sale()
    totals = shop.journal.totals(sale.batch)
    shop.journal.append(asked(sale.stan + 1))
    shop.journal.append(BalanceAnswered(batch=1, stan=sale.stan + 1, response_code="00"))
    assert shop.journal.next_stan() == sale.stan + 2
    assert shop.journal.totals(sale.batch) == totals != Totals()
    assert shop.sale().stan == sale.stan + 2


@pytest.mark.parametrize("stan", [1, 3])
def test_a_number_out_of_turn_is_refused(shop: Shop, stan: int) -> None:
    shop.sale()
    with pytest.raises(RuleBroken, match="the next one is 000002"):
        shop.journal.append(asked(stan))
    with pytest.raises(RuleBroken, match="not open"):
        shop.journal.append(asked(2, batch=2))


def test_a_training_transactions_number_is_of_the_training_transactions(shop: Shop) -> None:
    shop.journal.append(asked(1, training=True))
    journal: Lookups = shop.journal
    assert (journal.next_stan(), journal.next_stan(training=True)) == (1, 2)


def test_no_record_of_an_enquiry_can_hold_a_balance() -> None:
    names = {*BalanceAsked.__struct_fields__, *BalanceAnswered.__struct_fields__}
    assert not any("minor" in name or "balance" in name for name in names)


def test_numbers_go_on_after_a_restart(shop: Shop, tmp_path: Path) -> None:
    shop.journal.append(asked(1))
    shop.reopen()
    assert shop.journal.next_stan() == 2
