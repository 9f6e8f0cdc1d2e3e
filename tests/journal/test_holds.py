"""What the journal says of pre-authorisations, and what it refuses whatever a flow does."""

from __future__ import annotations

import pytest

from firmware.core.kinds import Kind, Result, Totals
from firmware.journal.faults import RuleBroken
from firmware.journal.transactions import State, Transaction
from tests.journal.story import OTHER_CARD, Shop, confirmed, opened, outcome_of

HOLD = 1_000


def held(shop: Shop, result: Result = Result.APPROVED) -> Transaction:
    return shop.end(shop.intent(Kind.PREAUTH, HOLD), result)


def use(shop: Shop, kind: Kind, of: Transaction, minor: int = HOLD) -> Transaction:
    return shop.end(shop.intent(kind, minor, original=of))


def complete(shop: Shop, of: Transaction, minor: int = 800) -> Transaction:
    return use(shop, Kind.COMPLETION, of, minor)


def test_a_hold_counts_nowhere_and_a_completion_as_what_it_is(shop: Shop) -> None:
    hold = held(shop)
    journal = shop.journal
    assert (journal.totals(1), journal.sales_today(hold.date, "CNY")) == (Totals(), 0)
    paid = complete(shop, hold)
    assert journal.totals(1) == Totals(completions=1, completions_minor=800)
    assert journal.sales_today(hold.date, "CNY") == 800
    assert journal.card_today(hold.card.hash, hold.date, "CNY") == 800
    assert shop.find(hold).completed_by == paid.stan
    assert journal.to_upload(1) == [paid]


def test_a_hold_is_found_by_its_code_and_day(shop: Shop) -> None:
    shop.sale()
    hold = held(shop)
    journal = shop.journal
    assert journal.by_authorisation("123456", hold.date) == hold
    assert journal.by_authorisation("123456", "20260301") is None
    assert journal.by_authorisation("123456", hold.date, training=True) is None
    assert journal.by_authorisation("", hold.date) is None


@pytest.mark.parametrize("first", [Kind.PREAUTH_VOID, Kind.COMPLETION])
@pytest.mark.parametrize("second", [Kind.PREAUTH_VOID, Kind.COMPLETION])
def test_a_hold_is_used_once(shop: Shop, first: Kind, second: Kind) -> None:
    hold = held(shop)
    use(shop, first, hold)
    with pytest.raises(RuleBroken, match=r"of a (voided|completed) preauth"):
        shop.journal.append(shop.intent(second, HOLD, original=hold))


@pytest.mark.parametrize("first", [Kind.PREAUTH_VOID, Kind.COMPLETION])
@pytest.mark.parametrize("second", [Kind.PREAUTH_VOID, Kind.COMPLETION])
def test_nothing_else_begins_while_one_is_under_way(shop: Shop, first: Kind, second: Kind) -> None:
    hold = held(shop)
    shop.journal.append(under_way := shop.intent(first, HOLD, original=hold))
    for _ in range(2):  # open, and then reversing
        with pytest.raises(RuleBroken, match="under way"):
            shop.journal.append(shop.intent(second, HOLD, original=hold))
        if shop.journal.open_intents():
            shop.journal.append(opened(under_way))
    shop.journal.append(confirmed(under_way))
    assert use(shop, second, hold).state is State.APPROVED


@pytest.mark.parametrize(("minor", "well"), [(1_150, True), (1_151, False), (1, True)])
def test_no_more_is_completed_than_115_per_cent(shop: Shop, minor: int, *, well: bool) -> None:
    intent = shop.intent(Kind.COMPLETION, minor, original=held(shop))
    if well:
        shop.journal.append(intent)
        return
    with pytest.raises(RuleBroken, match="completion of 1151 where 1000 is held"):
        shop.journal.append(intent)


def test_only_a_standing_hold_of_this_card_is_used(shop: Shop) -> None:
    hold, declined, sale = held(shop), held(shop, Result.DECLINED), shop.sale()
    for kind in (Kind.PREAUTH_VOID, Kind.COMPLETION):
        for of, words in ((declined, "declined"), (sale, "of a sale"), (None, "without its")):
            with pytest.raises(RuleBroken, match=words):
                shop.journal.append(shop.intent(kind, HOLD, original=of))
        with pytest.raises(RuleBroken, match="to another card"):
            shop.journal.append(shop.intent(kind, HOLD, original=hold, card=OTHER_CARD))
    with pytest.raises(RuleBroken, match="preauth_void of a part"):
        shop.journal.append(shop.intent(Kind.PREAUTH_VOID, HOLD - 1, original=hold))
    with pytest.raises(RuleBroken, match="has no original"):
        shop.journal.append(shop.intent(Kind.PREAUTH, HOLD, original=sale))


def test_each_kind_undoes_its_own(shop: Shop) -> None:
    hold = held(shop)
    paid, sale = complete(shop, held(shop)), shop.sale()
    for kind, of in (
        (Kind.VOID, hold),
        (Kind.VOID, paid),
        (Kind.REFUND, hold),
        (Kind.COMPLETION_VOID, hold),
        (Kind.COMPLETION_VOID, sale),
        (Kind.PREAUTH_VOID, paid),
        (Kind.COMPLETION, paid),
    ):
        with pytest.raises(RuleBroken, match=f"{kind.value} of a {of.kind.value}"):
            shop.journal.append(shop.intent(kind, of.amount_minor, original=of))


def test_a_completion_that_is_voided_holds_again(shop: Shop) -> None:
    hold = held(shop)
    paid = complete(shop, hold)
    undone = use(shop, Kind.COMPLETION_VOID, paid, 800)
    assert (shop.find(paid).voided_by, shop.find(hold).completed_by) == (undone.stan, 0)
    assert shop.journal.sales_today(hold.date, "CNY") == 0
    with pytest.raises(RuleBroken, match="of a voided completion"):
        shop.journal.append(shop.intent(Kind.COMPLETION_VOID, 800, original=paid))
    again = complete(shop, hold, 900)
    totals = shop.journal.totals(1)
    assert (totals.completions, totals.completion_voids, totals.net_minor) == (2, 1, 900)
    assert shop.journal.to_upload(1) == [shop.find(paid), undone, again]


def test_a_reversed_void_of_a_completion_leaves_it_completed(shop: Shop) -> None:
    hold = held(shop)
    paid = complete(shop, hold)
    undone = use(shop, Kind.COMPLETION_VOID, paid, 800)
    shop.journal.append(opened(undone), confirmed(undone))
    assert (shop.find(paid).voided_by, shop.find(hold).completed_by) == (0, paid.stan)
    assert shop.journal.totals(1).net_minor == 800


def test_a_reversed_completion_leaves_the_hold(shop: Shop) -> None:
    hold = held(shop)
    paid = complete(shop, hold)
    with pytest.raises(RuleBroken, match="which is completed"):
        shop.journal.append(opened(hold))
    shop.journal.append(opened(paid), confirmed(paid))
    assert shop.find(hold).completed_by == 0
    assert shop.journal.totals(1) == Totals()
    assert complete(shop, hold).state is State.APPROVED


def test_a_hold_outlives_its_batch_and_a_completions_void_does_not(shop: Shop) -> None:
    first, second = held(shop), held(shop)
    paid = complete(shop, first)
    shop.settle()
    assert use(shop, Kind.PREAUTH_VOID, second).state is State.APPROVED
    with pytest.raises(RuleBroken, match="in another batch"):
        shop.journal.append(shop.intent(Kind.COMPLETION_VOID, 800, original=paid))
    assert shop.refund(paid, 800).state is State.APPROVED


def test_a_completion_that_was_refunded_is_not_voided(shop: Shop) -> None:
    paid = complete(shop, held(shop))
    shop.refund(paid, 1)
    with pytest.raises(RuleBroken, match="of a refunded completion"):
        shop.journal.append(shop.intent(Kind.COMPLETION_VOID, 800, original=paid))


def test_a_late_approval_of_a_used_hold_is_refused(shop: Shop) -> None:
    hold = held(shop)
    shop.journal.append(intent := shop.intent(Kind.COMPLETION, 800, original=hold))
    shop.journal.append(opened(intent))
    with pytest.raises(RuleBroken):
        shop.journal.append(outcome_of(intent))
