"""Pre-authorisations at the embedded acquirer: what they hold, and what may be done with a hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from firmware.core.kinds import Kind, OriginalRef, Totals
from firmware.iso8583.messages import FinancialRequest
from tests.acquirer.conftest import NOON, TERMINAL, Till, original_of, reversal_of
from tests.payment import changed, yuan

PREAUTH_VOID, COMPLETION = Kind.PREAUTH_VOID, Kind.COMPLETION


def held(till: Till, minor: int = 100_000) -> tuple[FinancialRequest, str]:
    """A pre-authorisation that stands, and its authorisation code."""
    asked = till.preauth("debit", minor)
    answer = till.answered(asked)
    assert answer.response_code == "00"
    return asked, answer.authorisation_code


def funds(till: Till) -> tuple[int, int]:
    return till.host.balances()["debit"], till.host.holds().get("debit", 0)


def test_a_hold_lowers_what_is_left_and_counts_in_no_totals(till: Till) -> None:
    asked, code = held(till)
    assert (funds(till), len(code)) == ((0, 100_000), 6)
    assert till.answered(asked) == till.answered(asked)  # asked again: held once
    assert till.host.totals(TERMINAL, 1) == Totals()
    told = till.answered(till.balance("debit")).balance
    assert (told.minor if told else 0) == 400_000
    assert till.code(till.sale("debit", 400_001)) == "51"
    assert till.code(till.preauth("debit", 400_001)) == "51"
    assert till.code(till.sale("debit", 400_000)) == "00"


def test_a_hold_asks_for_the_card_itself(till: Till) -> None:
    asked = till.preauth("debit", 1_000)
    bare = replace(asked, card=replace(asked.card, de55=b""))
    assert till.code(changed(bare, stan=90)) == "05"
    assert till.code(changed(asked, stan=91, amount=yuan(900))) == "05"
    assert till.code(till.preauth("debit", 1_000, "111111")) == "55"
    assert till.code(till.preauth("lost", 1_000)) == "41"
    assert funds(till) == (0, 0)


def test_a_completion_charges_and_frees_the_rest(till: Till) -> None:
    asked, code = held(till)
    assert till.code(till.uses(COMPLETION, asked, code, 80_000)) == "00"
    assert funds(till) == (80_000, 0)
    assert till.host.totals(TERMINAL, 1) == Totals(completions=1, completions_minor=80_000)


@pytest.mark.parametrize(("minor", "code"), [(115_000, "00"), (115_001, "61"), (1, "00")])
def test_no_more_is_completed_than_115_per_cent(till: Till, minor: int, code: str) -> None:
    asked, authorised = held(till)
    assert till.code(till.uses(COMPLETION, asked, authorised, minor)) == code


def test_what_is_above_the_hold_must_be_there(till: Till) -> None:
    asked, code = held(till, 490_000)
    assert till.code(till.uses(COMPLETION, asked, code, 500_001)) == "51"
    assert till.code(till.uses(COMPLETION, asked, code, 500_000)) == "00"


@pytest.mark.parametrize("first", [PREAUTH_VOID, COMPLETION])
@pytest.mark.parametrize("second", [PREAUTH_VOID, COMPLETION])
def test_a_hold_is_used_once(till: Till, first: Kind, second: Kind) -> None:
    asked, code = held(till)
    assert till.code(till.uses(first, asked, code, 100_000)) == "00"
    assert till.code(till.uses(second, asked, code, 100_000)) == "22"


def test_a_void_releases_the_whole_hold_alone(till: Till) -> None:
    asked, code = held(till)
    assert till.code(till.uses(PREAUTH_VOID, asked, code, 99_999)) == "64"
    assert till.code(till.uses(PREAUTH_VOID, asked, code, 100_000)) == "00"
    assert funds(till) == (0, 0)


def test_a_completion_that_is_voided_holds_again(till: Till) -> None:
    asked, code = held(till)
    completion = till.uses(COMPLETION, asked, code, 80_000)
    till.answered(completion)
    assert till.code(till.gives_back(completion, amount=yuan(79_999))) == "64"
    assert till.code(till.gives_back(completion)) == "00"
    assert till.code(till.gives_back(completion)) == "12"
    assert funds(till) == (0, 100_000)
    assert till.code(till.uses(COMPLETION, asked, code, 90_000)) == "00"
    assert till.code(till.uses(PREAUTH_VOID, asked, code, 100_000)) == "22"
    assert funds(till) == (90_000, 0)


def test_each_kind_undoes_its_own(till: Till) -> None:
    asked, code = held(till)
    completion, sale = till.uses(COMPLETION, asked, code, 80_000), till.sale("debit", 500)
    paid = till.answered(completion)
    till.answered(sale)
    assert till.code(till.void(completion)) == "12"
    assert till.code(till.gives_back(sale)) == "12"
    assert till.code(till.void(asked)) == "12"
    assert till.code(till.refund(asked, "", 1)) == "12"
    assert till.code(till.refund(completion, paid.reference, 80_000)) == "00"
    assert till.code(till.gives_back(completion)) == "12"


@pytest.mark.parametrize("kind", [PREAUTH_VOID, COMPLETION])
def test_a_hold_is_named_by_code_card_and_date(till: Till, kind: Kind) -> None:
    asked, code = held(till)
    named = original_of(asked.payment, date=asked.payment.date, authorisation_code=code)
    nobody = OriginalRef(batch=0, stan=0, reference="", date="")
    wrong = [
        replace(named, authorisation_code="000000" if code != "000000" else "000001"),
        replace(named, date="20260313"),
        replace(named, stan=named.stan + 1),
        nobody,
        None,
    ]
    for original in wrong:
        assert till.code(till.uses(kind, asked, code, 100_000, original=original)) == "25"
    other = till.uses(kind, asked, code, 100_000)
    stranger = till.preauth("store", 100).card
    assert till.code(replace(other, card=replace(stranger, de55=b""))) == "25"
    # another terminal of the merchant knows code and date alone
    by_code = replace(nobody, date=asked.payment.date, authorisation_code=code)
    assert till.code(till.uses(kind, asked, code, 100_000, original=by_code)) == "00"


def test_a_hold_is_completed_within_thirty_days_and_released_later(make_till: Any) -> None:
    now = [NOON]
    till = make_till(now=lambda: now[0])
    first, second = held(till), held(till)
    now[0] = NOON + timedelta(days=30)
    assert till.code(till.uses(COMPLETION, *first, 100_000)) == "00"
    now[0] = NOON + timedelta(days=31)
    assert till.code(till.uses(COMPLETION, *second, 100_000)) == "22"
    assert funds(till) == (100_000, 0)
    assert till.code(till.uses(PREAUTH_VOID, *second, 100_000)) == "00"


def test_a_hold_outlives_its_batch_and_a_completions_void_does_not(till: Till) -> None:
    asked, code = held(till)
    till.answered(till.settlement())
    till.batch = 2
    completion = till.uses(COMPLETION, asked, code, 80_000)
    assert till.code(completion) == "00"
    assert till.code(till.settlement()) == "00"
    till.batch = 3
    assert till.code(till.gives_back(completion)) == "12"
    assert funds(till) == (80_000, 0)


def test_reversals_put_back_what_was_there(till: Till) -> None:
    asked, code = held(till)
    completion = till.uses(COMPLETION, asked, code, 80_000)
    till.answered(completion)
    undone = till.gives_back(completion)
    till.answered(undone)
    for request, left in ((undone, (80_000, 0)), (completion, (0, 100_000)), (asked, (0, 0))):
        assert till.code(reversal_of(request)) == "00"
        assert funds(till) == left
    assert till.code(till.uses(COMPLETION, asked, code, 80_000)) == "25"


def test_a_reversal_that_comes_first_blocks_the_hold(till: Till) -> None:
    asked = till.preauth("debit", 1_000)
    till.answered(reversal_of(asked))
    assert till.code(asked) == "94"
    assert funds(till) == (0, 0)


def test_a_reversed_hold_takes_with_it_what_rests_on_it(till: Till) -> None:
    asked, code = held(till)
    completion = till.uses(COMPLETION, asked, code, 80_000)
    till.answered(completion)
    till.answered(till.gives_back(completion))
    assert till.code(reversal_of(asked)) == "00"
    assert (funds(till), till.host.totals(TERMINAL, 1)) == ((0, 0), Totals())
