"""What every engine of the books promises of pre-authorisations whose days are over."""

from __future__ import annotations

from typing import Any

import pytest

from firmware.acquirer.booking import Lapsed, Standing
from firmware.acquirer.engine import BooksConflict, BooksEngine
from firmware.core.kinds import Kind
from firmware.core.money import CURRENCIES, Money
from tests.contracts.test_books_contract import books, engine, enter
from tests.contracts.test_holds_contract import HOLD, complete, funds, give_back, hold, release

__all__ = ["books", "engine"]  # fixtures
DAY, NEXT = "20261122", "20261123"  # they hold from DAY on; holding since NEXT they are over


def lapse(books: BooksEngine, since: str = NEXT, *accounts: str) -> None:
    with books.commit():
        books.hold_accounts(accounts or ("a",))
        books.lapse(accounts or ("a",), since)


def state(books: BooksEngine, stan: int) -> Standing:
    entry = books.entry(("10000001", 1, stan))
    assert entry is not None
    return entry.state


def test_what_is_over_holds_nothing_and_what_is_not_does(books: BooksEngine) -> None:
    hold(books, limit_minor=2_000)
    hold(books, 2, decided_on=NEXT, limit_minor=2_000)
    hold(books, 3, account="b")
    with pytest.raises(BooksConflict):
        enter(books, stan=4, minor=1, limit_minor=2_000)
    lapse(books, DAY)
    assert funds(books) == (0, 2 * HOLD)
    for _ in range(2):
        lapse(books)
        assert (funds(books), books.funds("b").held_minor) == ((0, HOLD), HOLD)
    assert (state(books, 1), state(books, 2)) == (Standing.LAPSED, Standing.STANDING)
    enter(books, stan=4, minor=HOLD, limit_minor=2_000)
    lapse(books, NEXT, "a", "b")
    assert books.funds("b").held_minor == 0


def test_what_has_lapsed_is_never_completed(books: BooksEngine) -> None:
    held = hold(books)
    lapse(books)
    for holds_minor in (-HOLD, 0):
        with pytest.raises(BooksConflict):
            complete(books, held, 2, holds_minor=holds_minor)
    assert (funds(books), books.entry(("10000001", 1, 2))) == ((0, 0), None)


def test_what_has_lapsed_is_voided_once_and_gives_nothing_back(books: BooksEngine) -> None:
    held = hold(books)
    other = hold(books, 2, decided_on=NEXT)
    lapse(books)
    with pytest.raises(BooksConflict):  # its money is back already
        release(books, held, 3)
    with pytest.raises(BooksConflict):  # and not that of one that still holds
        release(books, other, 3, holds_minor=0)
    with pytest.raises(BooksConflict):
        release(books, held, 3, holds_minor=0, minor=HOLD - 1)
    void = release(books, held, 3, holds_minor=0)
    with pytest.raises(BooksConflict):
        release(books, held, 4, holds_minor=0)
    assert funds(books) == (0, HOLD)
    with books.commit():
        books.reverse(void)
    assert (funds(books), state(books, 1)) == ((0, HOLD), Standing.LAPSED)
    release(books, held, 4, holds_minor=0)


def test_what_was_used_does_not_lapse_until_it_holds_again(books: BooksEngine) -> None:
    first, second = hold(books), hold(books, 2)
    paid = complete(books, first, 3)
    release(books, second, 4)
    lapse(books)
    assert (funds(books), state(books, 1), state(books, 2)) == (
        (700, 0),
        Standing.STANDING,
        Standing.STANDING,
    )
    give_back(books, paid, 5)
    assert funds(books) == (0, HOLD)
    lapse(books)
    assert (funds(books), state(books, 1)) == ((0, 0), Standing.LAPSED)


def test_a_completion_whose_void_is_reversed_stands_though_its_hold_has_lapsed(
    books: BooksEngine,
) -> None:
    held = hold(books)
    paid = complete(books, held, 2)
    undone = give_back(books, paid, 3)
    lapse(books)
    with books.commit():
        books.reverse(undone)
    assert (funds(books), state(books, 1)) == ((700, 0), Standing.STANDING)
    with pytest.raises(BooksConflict):
        complete(books, held, 4)
    lapse(books)
    assert funds(books) == (700, 0)
    with books.commit():  # and without the completion it holds, until somebody looks
        books.reverse(paid)
    assert funds(books) == (0, HOLD)
    lapse(books)
    assert funds(books) == (0, 0)


@pytest.mark.parametrize("releases", [True, False])
def test_a_completion_stands_again_though_somebody_else_has_used_its_hold(
    books: BooksEngine, *, releases: bool
) -> None:
    """Its void had no answer and is reversed; meanwhile another terminal has used the hold."""
    held = hold(books)
    first = complete(books, held, 2)
    undone = give_back(books, first, 3)
    more = 0 if releases else 900
    second = release(books, held, 4) if releases else complete(books, held, 4, minor=more)
    with books.commit():
        books.reverse(undone)
    assert funds(books) == (700 + more, 0)
    with pytest.raises(BooksConflict):
        complete(books, held, 5)
    stands = books.entry(("10000001", 1, 2))
    assert stands is not None
    assert (stands.state, stands.holds_minor) == (Standing.STANDING, 0)
    again = give_back(books, stands, 5)  # charged back, and nothing is held for it
    assert funds(books) == (more, 0)
    with books.commit():
        books.reverse(again)
    assert funds(books) == (700 + more, 0)
    with books.commit():
        books.reverse(second)  # then the hold is there again, for one more
    assert funds(books) == (700, HOLD)
    complete(books, held, 6, minor=800)
    with books.commit():
        books.reverse(stands)
    assert funds(books) == (800, 0)
    with pytest.raises(BooksConflict):
        complete(books, held, 7)
    lapse(books)
    assert funds(books) == (800, 0)


def test_what_has_lapsed_is_told_also_before_anybody_asks(books: BooksEngine) -> None:
    first = hold(books)
    hold(books, 2, decided_on=NEXT)
    hold(books, 3, account="b")
    complete(books, hold(books, 4), 5)
    due = Lapsed(1, HOLD, HOLD)
    assert books.lapsed(DAY) == {}
    assert books.lapsed(NEXT) == {"a": due, "b": due}
    lapse(books)
    assert books.lapsed(NEXT) == {"a": Lapsed(1, HOLD, 0), "b": due}
    release(books, first, 6, holds_minor=0)
    assert books.lapsed(DAY) == {"a": Lapsed(1, HOLD, 0)}


@pytest.mark.parametrize(
    "changes", [{"merchant": "104110054110009"}, {"amount": Money(HOLD, CURRENCIES["USD"])}]
)
@pytest.mark.parametrize("kind", [Kind.COMPLETION, Kind.PREAUTH_VOID, Kind.REFUND, Kind.VOID])
def test_nothing_rests_on_another_merchants_or_another_currencys(
    books: BooksEngine, kind: Kind, changes: dict[str, Any]
) -> None:
    held, sale = hold(books), enter(books, stan=2, minor=HOLD)
    uses = kind in (Kind.COMPLETION, Kind.PREAUTH_VOID)
    told = {"undoes": (held if uses else sale).reference, "minor": HOLD}
    told |= {"holds_minor": -HOLD if uses else 0}
    with pytest.raises(BooksConflict):
        enter(books, kind, 3, **told, **changes)
    enter(books, kind, 3, **told)
