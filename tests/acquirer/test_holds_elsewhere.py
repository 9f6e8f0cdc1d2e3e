"""A hold of one terminal that another of the merchant uses, its days, and an account's currency.

On both engines, as `pos acquirer serve` has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from firmware.acquirer.booking import Funds, Standing
from firmware.acquirer.books_report import report
from firmware.core.kinds import Kind, Totals
from firmware.core.money import CURRENCIES, Money
from tests.acquirer.bank import HERE, STRANGER, THERE, Bank
from tests.acquirer.conftest import NOON, reversal_of
from tests.payment import changed, yuan

COMPLETION, PREAUTH_VOID = Kind.COMPLETION, Kind.PREAUTH_VOID
USED, LATE = "22", "22"
USD = CURRENCIES["USD"]


@pytest.fixture
def bank(url: str, tmp_path: Path) -> Iterator[Bank]:
    made = Bank(tmp_path / "acquirer", url)
    yield made
    made.close()


def totals(bank: Bank, terminal: str) -> Totals:
    with bank.pool.taken() as connection:
        return connection.books.totals(terminal, 1)


# -- of another terminal --------------------------------------------------------------------------


def test_a_completion_here_charges_what_is_held_there(bank: Bank) -> None:
    held = bank.hold()
    asked = bank.uses(COMPLETION, held, 115_000)
    answer = bank.take(asked)
    assert (answer.response_code, bank.funds()) == ("00", Funds(115_000, 0))
    assert bank.take(asked) == answer  # asked again: charged once
    assert bank.code(changed(asked, amount=yuan(1))) == "94"
    done = Totals(completions=1, completions_minor=115_000)
    assert (totals(bank, HERE), totals(bank, THERE)) == (done, Totals())
    # whoever holds is told that it is used, and settles as if nothing had been
    for kind, minor in ((COMPLETION, 1), (PREAUTH_VOID, 100_000)):
        assert bank.code(bank.uses(kind, held, minor, THERE)) == USED
        own = changed(bank.till.uses(kind, *held, minor), terminal=THERE)
        assert bank.code(own) == USED
    assert bank.code(bank.settlement(THERE)) == "00"
    assert bank.code(bank.settlement(HERE)) == "00"


def test_a_void_here_releases_the_whole_of_what_is_held_there(bank: Bank) -> None:
    held = bank.hold()
    assert bank.code(bank.uses(PREAUTH_VOID, held, 99_999)) == "64"
    assert bank.funds() == Funds(0, 100_000)
    assert bank.code(bank.uses(PREAUTH_VOID, held)) == "00"
    assert bank.code(bank.uses(PREAUTH_VOID, held)) == USED
    assert bank.code(bank.uses(COMPLETION, held, 1, THERE)) == USED
    assert bank.funds() == Funds()


@pytest.mark.parametrize("kind", [COMPLETION, PREAUTH_VOID])
def test_merchant_card_code_date_and_currency_have_to_be_its_own(bank: Bank, kind: Kind) -> None:
    held = hold, code = bank.hold()
    named = bank.uses(kind, held).payment.original
    assert named is not None
    other = "000000" if code != "000000" else "000001"
    assert bank.code(bank.uses(kind, held, terminal=STRANGER)) == "25"
    for wrong in (replace(named, authorisation_code=other), replace(named, date="20260312")):
        assert bank.code(bank.uses(kind, held, original=wrong)) == "25"
    stranger = replace(bank.till.preauth("store", 100).card, de55=b"")
    assert bank.code(replace(bank.uses(kind, held), card=stranger)) == "25"
    assert bank.code(bank.uses(kind, held, amount=Money(100_000, USD))) == "12"
    assert bank.code(bank.uses(COMPLETION, held, 115_001)) == "61"
    assert (bank.funds(), hold.payment.terminal) == (Funds(0, 100_000), THERE)


def test_a_reversed_completion_leaves_the_hold_where_it_was(bank: Bank) -> None:
    held = bank.hold()
    asked = bank.uses(COMPLETION, held, 80_000)
    assert bank.code(asked) == "00"
    for _ in range(2):
        assert bank.code(reversal_of(asked)) == "00"
        assert (bank.funds(), totals(bank, HERE)) == (Funds(0, 100_000), Totals())
    assert bank.code(asked) == "94"
    assert bank.code(bank.uses(COMPLETION, held, 90_000, THERE)) == "00"
    assert bank.funds() == Funds(90_000, 0)


def test_what_falls_with_a_reversal_frees_the_money_of_its_hold_once(bank: Bank) -> None:
    """A completion was voided, and another has used its hold since: the first has none of it."""
    bank.hold()  # so that what is freed too much would show
    held = hold, _ = bank.hold()
    first = bank.uses(COMPLETION, held, 80_000)
    assert bank.code(first) == "00"
    void = changed(bank.till.gives_back(first), terminal=HERE)
    assert bank.code(void) == "00"
    assert bank.code(bank.uses(COMPLETION, held, 1)) == "00"
    assert bank.funds() == Funds(1, 100_000)
    assert bank.code(reversal_of(first)) == "00"  # its void falls first
    assert bank.funds() == Funds(1, 100_000)
    assert bank.code(reversal_of(hold)) == "00"  # and all that rests on the hold
    assert bank.funds() == Funds(0, 100_000)


def test_a_hold_that_is_reversed_takes_along_whoever_has_used_it(bank: Bank) -> None:
    bank.hold()
    held = hold, _ = bank.hold()
    first = bank.uses(COMPLETION, held, 80_000)
    assert bank.code(first) == "00"
    assert bank.code(changed(bank.till.gives_back(first), terminal=HERE)) == "00"
    assert bank.code(bank.uses(COMPLETION, held, 1)) == "00"
    assert bank.code(reversal_of(hold)) == "00"
    assert bank.funds() == Funds(0, 100_000)


def test_its_void_and_its_refund_are_of_whoever_completed(bank: Bank) -> None:
    held = bank.hold()
    paid = bank.uses(COMPLETION, held, 80_000)
    bank.take(paid)
    elsewhere = changed(bank.till.gives_back(paid), terminal=THERE)
    assert bank.code(elsewhere) == "25"  # it has no such number
    assert bank.code(changed(bank.till.gives_back(paid), terminal=HERE)) == "00"
    assert bank.funds() == Funds(0, 100_000)
    again = bank.uses(COMPLETION, held, 80_000)
    reference = bank.take(again).reference
    assert bank.code(bank.settlement(HERE)) == "00"
    late = changed(bank.till.gives_back(again), terminal=HERE, batch=2)
    assert bank.code(late) == "12"
    refund = bank.till.refund(again, reference, 80_000)
    assert bank.code(changed(refund, terminal=HERE, batch=2)) == "00"
    assert bank.funds() == Funds()


def test_of_many_at_once_from_both_terminals_one_is_approved(bank: Bank) -> None:
    rounds = 6
    with ThreadPoolExecutor(8) as crowd:
        for number in range(rounds):
            held = bank.hold(minor=10_000)
            kinds = (COMPLETION, COMPLETION, COMPLETION, PREAUTH_VOID)
            asked = [
                bank.uses(kind, held, 10_000, terminal)
                for kind in kinds
                for terminal in (HERE, THERE)
            ]
            codes = Counter(crowd.map(bank.code, asked * 2))  # each twice: a repeat
            assert codes == {"00": 2, USED: 14}, number
            assert bank.funds().held_minor == 0
    with bank.pool.taken() as connection:
        standing = [each for each in connection.books.entries() if each.state is Standing.STANDING]
    charged = sum(each.amount.minor for each in standing if each.kind is COMPLETION)
    assert bank.funds() == Funds(charged, 0)
    assert Counter(each.kind for each in standing)[Kind.PREAUTH] == rounds
    assert len(standing) == 2 * rounds


# -- its days -------------------------------------------------------------------------------------


def after(bank: Bank, days: int) -> None:
    bank.now = NOON + timedelta(days=days)


def test_what_is_held_is_free_again_after_its_days(bank: Bank) -> None:
    bank.hold(minor=500_000)
    after(bank, 30)
    assert bank.code(bank.till.sale("debit", 1)) == "51"
    after(bank, 31)
    bank.again()  # whichever server decides
    told = bank.take(bank.till.balance("debit")).balance
    assert (told.minor if told else 0) == 500_000
    assert bank.code(bank.till.sale("debit", 500_000)) == "00"
    assert bank.funds() == Funds(500_000, 0)


def test_what_is_over_is_not_completed_and_voided_for_nothing(bank: Bank) -> None:
    first, second = bank.hold(), bank.hold()
    after(bank, 31)
    assert bank.code(bank.uses(COMPLETION, first, 1)) == LATE
    assert bank.code(bank.uses(PREAUTH_VOID, first, 1)) == "64"
    void = bank.uses(PREAUTH_VOID, first)
    assert [bank.code(void) for _ in range(2)] == ["00", "00"]
    assert bank.code(bank.uses(PREAUTH_VOID, first)) == USED
    assert bank.code(reversal_of(void)) == "00"
    assert bank.code(reversal_of(second[0])) == "00"  # of the hold itself, for what it is worth
    assert bank.funds() == Funds()
    assert bank.code(bank.till.sale("debit", 500_000)) == "00"
    assert bank.code(bank.till.sale("debit", 1)) == "51"


def test_many_at_once_let_it_go_once(bank: Bank) -> None:
    held = [bank.hold(minor=100_000) for _ in range(4)]
    after(bank, 31)
    asked: list[Any] = [bank.uses(PREAUTH_VOID, each) for each in held]
    asked += [bank.uses(COMPLETION, each, 1, THERE) for each in held]
    asked += [bank.till.sale("debit", 100_000) for _ in range(6)]
    with ThreadPoolExecutor(8) as crowd:
        codes = Counter(crowd.map(bank.code, asked * 2))
    assert (codes["51"], bank.funds()) == (2, Funds(500_000, 0))
    assert codes["00"] == 2 * (4 + 5)


def test_how_many_days_is_a_setting(url: str, tmp_path: Path) -> None:
    bank = Bank(tmp_path / "acquirer", url, hold_days=7)
    held, other = bank.hold(), bank.hold()
    after(bank, 7)
    assert bank.code(bank.uses(COMPLETION, held, 1)) == "00"
    after(bank, 8)
    assert bank.code(bank.uses(COMPLETION, other, 1)) == LATE
    assert bank.funds() == Funds(1, 0)
    bank.close()


@pytest.mark.parametrize("minor", [1, 80_000, 100_000, 115_000])
def test_a_completion_frees_what_is_held_above_it(bank: Bank, minor: int) -> None:
    assert bank.code(bank.uses(COMPLETION, bank.hold(), minor)) == "00"
    assert bank.funds() == Funds(minor, 0)
    told = bank.take(bank.till.balance("debit")).balance
    assert (told.minor if told else 0) == 500_000 - minor


def test_the_report_tells_what_has_lapsed(bank: Bank) -> None:
    bank.hold()
    bank.hold(minor=5_000, name="store")
    after(bank, 31)
    bank.take(bank.till.balance("debit"))  # of one somebody has asked
    with bank.pool.taken() as connection:
        told = report(connection.books, bank.registry, since="20260315")
    rows = {one.name: one for one in told.accounts}
    for name, minor in (("debit", 100_000), ("store", 5_000)):
        one = rows[name]
        assert (one.held_minor, one.lapsed, one.lapsed_minor) == (0, 1, minor)


# -- an account's currency ------------------------------------------------------------------------


def test_an_account_is_charged_held_and_told_in_its_own_currency_alone(bank: Bank) -> None:
    bank.replace_account("debit", currency=USD.numeric)
    till = bank.till
    asked = (till.sale("debit", 100), till.preauth("debit", 100), till.balance("debit"))
    assert [bank.code(each) for each in asked] == ["57"] * 3
    assert bank.code(replace(till.sale("debit", 100), offline=True)) == "57"
    assert bank.funds() == Funds()
    bank.replace_account("debit", currency=CURRENCIES["CNY"].numeric)
    asked = (till.sale("debit", 100), till.preauth("debit", 100), till.balance("debit"))
    assert [bank.code(each) for each in asked] == ["00"] * 3


def test_what_was_taken_is_given_back_whatever_the_account_is_in_by_now(bank: Bank) -> None:
    sale, held = bank.till.sale("debit", 100), bank.hold(HERE)
    assert bank.code(sale) == "00"
    bank.replace_account("debit", currency=USD.numeric)
    assert bank.code(bank.till.void(sale)) == "00"
    assert bank.code(bank.uses(COMPLETION, held, 50)) == "00"
    assert bank.funds() == Funds(50, 0)
