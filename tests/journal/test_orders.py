"""Orders of tills in the journal: one of each id, one intent each, and every change a version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.core.kinds import Result
from firmware.journal.faults import RuleBroken
from firmware.journal.order_records import OrderEnd, OrderEnded, OrderState
from firmware.journal.verify import verify_journal
from tests.journal.story import KEYS, Shop, confirmed, opened, order, outcome_of


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop.open(tmp_path)
    yield shop
    shop.journal.close()


def cancelled(name: str) -> OrderEnded:
    return OrderEnded(id=name, end=OrderEnd.CANCELLED, reason="till")


def state_of(shop: Shop, name: str = "a") -> OrderState:
    found = shop.journal.order(name)
    assert found is not None
    assert found.version == shop.journal.order_events(0)[-1].version
    return found.state


def test_an_order_stands_where_its_payment_stands(shop: Shop) -> None:
    shop.journal.append(order("a"))
    assert state_of(shop) is OrderState.TAKEN
    intent = shop.intent(order_id="a")
    shop.journal.append(intent)
    assert state_of(shop) is OrderState.AUTHORISING
    shop.journal.append(outcome_of(intent))
    assert state_of(shop) is OrderState.APPROVED
    shop.refund(shop.find(intent), 50)
    assert state_of(shop) is OrderState.REFUNDED
    events = [each.state.value for each in shop.journal.order_events(0)]
    assert events == ["taken", "authorising", "approved", "refunded"]


def test_a_void_and_its_reversal_show_at_the_order(shop: Shop) -> None:
    shop.journal.append(order("a"))
    sale = shop.end(shop.intent(order_id="a"))
    void = shop.void(sale)
    assert state_of(shop) is OrderState.VOIDED
    shop.journal.append(opened(void))
    shop.journal.append(confirmed(void))
    assert state_of(shop) is OrderState.APPROVED


def test_an_intent_without_an_answer_is_reversed_and_the_order_says_so(shop: Shop) -> None:
    intent = shop.intent(order_id="a")
    shop.journal.append(order("a"))
    shop.journal.append(intent)
    shop.journal.append(opened(intent))
    assert state_of(shop) is OrderState.REVERSING
    shop.journal.append(confirmed(intent))
    assert state_of(shop) is OrderState.REVERSED


@pytest.mark.parametrize("end", OrderEnd)
def test_an_id_is_taken_once_for_ever(shop: Shop, end: OrderEnd) -> None:
    shop.journal.append(order("a"))
    shop.journal.append(OrderEnded(id="a", end=end, reason="why"))
    shop.reopen()
    with pytest.raises(RuleBroken, match="taken before"):
        shop.journal.append(order("a", 1))


def test_one_order_at_a_time(shop: Shop) -> None:
    shop.journal.append(order("a"))
    with pytest.raises(RuleBroken, match="while a is open"):
        shop.journal.append(order("b"))
    shop.journal.append(cancelled("a"))
    shop.journal.append(order("b"))


@pytest.mark.parametrize("result", [Result.APPROVED, Result.DECLINED, Result.FAILED])
def test_an_order_has_one_intent_whatever_became_of_it(shop: Shop, result: Result) -> None:
    shop.journal.append(order("a"))
    shop.end(shop.intent(order_id="a"), result)
    with pytest.raises(RuleBroken, match="intent of order a, which is"):
        shop.journal.append(shop.intent(order_id="a"))


def test_an_intent_is_of_what_was_asked_for(shop: Shop) -> None:
    shop.journal.append(order("a"))
    with pytest.raises(RuleBroken, match="something else"):
        shop.journal.append(shop.intent(amount_minor=1, order_id="a"))
    with pytest.raises(RuleBroken, match="unknown"):
        shop.journal.append(shop.intent(order_id="b"))


def test_nothing_ends_an_order_that_has_an_intent_or_none_at_all(shop: Shop) -> None:
    with pytest.raises(RuleBroken, match="unknown"):
        shop.journal.append(cancelled("a"))
    shop.journal.append(order("a"))
    shop.journal.append(shop.intent(order_id="a"))
    with pytest.raises(RuleBroken, match="authorising"):
        shop.journal.append(cancelled("a"))


def test_a_cancelled_order_is_never_charged(shop: Shop) -> None:
    shop.journal.append(order("a"))
    shop.journal.append(cancelled("a"))
    with pytest.raises(RuleBroken, match="which is cancelled"):
        shop.journal.append(shop.intent(order_id="a"))


def test_events_go_on_from_any_number_without_a_gap(shop: Shop) -> None:
    for number in range(7):
        shop.journal.append(order(f"o{number}"))
        shop.end(shop.intent(order_id=f"o{number}"))
    whole = shop.journal.order_events(0)
    assert len(whole) == 21
    for cut in whole:
        first = [each for each in whole if each.version <= cut.version]
        assert first + shop.journal.order_events(cut.version) == whole
    assert shop.journal.order_events(0, 2) == whole[:2]


def test_the_orders_are_made_again_from_the_log(shop: Shop) -> None:
    shop.journal.append(order("a"))
    shop.end(shop.intent(order_id="a"))
    shop.journal.append(order("b"))
    shop.journal.append(cancelled("b"))
    assert verify_journal(shop.directory, KEYS.public_key).faults == []
