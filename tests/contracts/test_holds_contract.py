"""What every engine of the books promises of holds: pre-authorisations and their completions."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from firmware.acquirer.booking import Booking, Funds, Standing
from firmware.acquirer.engine import BooksConflict, BooksEngine
from firmware.core.kinds import Kind, Totals
from tests.contracts.test_books_contract import add_all, books, engine, enter, made
from tests.payment import yuan

__all__ = ["books", "engine"]  # fixtures
HOLD = 1_000


def hold(books: BooksEngine, stan: int = 1, **more: Any) -> Booking:
    return enter(books, Kind.PREAUTH, stan, minor=HOLD, **({"holds_minor": HOLD} | more))


def release(books: BooksEngine, of: Booking, stan: int, **more: Any) -> Booking:
    told: dict[str, Any] = {"minor": HOLD, "holds_minor": -HOLD} | more
    return enter(books, Kind.PREAUTH_VOID, stan, undoes=of.reference, **told)


def complete(books: BooksEngine, of: Booking, stan: int, minor: int = 700, **more: Any) -> Booking:
    told: dict[str, Any] = {"holds_minor": -HOLD} | more
    return enter(books, Kind.COMPLETION, stan, undoes=of.reference, minor=minor, **told)


def give_back(books: BooksEngine, of: Booking, stan: int, **more: Any) -> Booking:
    told: dict[str, Any] = {"minor": of.amount.minor, "holds_minor": -of.holds_minor} | more
    return enter(books, Kind.COMPLETION_VOID, stan, undoes=of.reference, **told)


def funds(books: BooksEngine) -> tuple[int, int]:
    found = books.funds("a")
    return found.spent_minor, found.held_minor


def test_a_hold_takes_from_what_is_left_and_counts_nowhere(books: BooksEngine) -> None:
    held = hold(books, limit_minor=1_500)
    assert (funds(books), books.totals("10000001", 1)) == ((0, HOLD), Totals())
    with pytest.raises(BooksConflict):
        enter(books, stan=2, minor=501, limit_minor=1_500)
    with pytest.raises(BooksConflict):
        hold(books, 2, limit_minor=1_500)
    enter(books, stan=2, minor=500, limit_minor=1_500)
    release(books, held, 3)
    assert (funds(books), books.all_funds()) == ((500, 0), {"a": Funds(500, 0)})


def test_a_hold_is_used_once(books: BooksEngine) -> None:
    first, second = hold(books), hold(books, 2)
    complete(books, first, 3)
    release(books, second, 4)
    assert funds(books) == (700, 0)
    for used in (first, second):
        with pytest.raises(BooksConflict):
            complete(books, used, 5)
        with pytest.raises(BooksConflict):
            release(books, used, 5)
    assert (funds(books), books.sales_of_day("a", "20261122")) == ((700, 0), (1, 700))


def test_a_completion_that_is_voided_holds_again(books: BooksEngine) -> None:
    held = hold(books)
    paid = complete(books, held, 2)
    undone = give_back(books, paid, 3)
    assert funds(books) == (0, HOLD)
    with pytest.raises(BooksConflict):
        give_back(books, paid, 4)
    complete(books, held, 4, minor=900)
    assert funds(books) == (900, 0)
    sums = Totals(
        completions=2, completions_minor=1_600, completion_voids=1, completion_voids_minor=700
    )
    assert books.totals("10000001", 1) == sums
    assert undone in books.resting_on(paid.reference)


@pytest.mark.parametrize("minor", [1_151, 2_000])
def test_no_more_is_completed_than_115_per_cent(books: BooksEngine, minor: int) -> None:
    held = hold(books)
    with pytest.raises(BooksConflict):
        complete(books, held, 2, minor=minor)
    complete(books, held, 2, minor=1_150)
    assert funds(books) == (1_150, 0)


def test_what_is_above_the_hold_must_be_there(books: BooksEngine) -> None:
    held = hold(books, limit_minor=1_050)
    with pytest.raises(BooksConflict):
        complete(books, held, 2, minor=1_051, limit_minor=1_050)
    complete(books, held, 2, minor=1_050, limit_minor=1_050)
    assert funds(books) == (1_050, 0)


def test_a_hold_of_another_account_or_amount_or_that_is_none_is_not_used(
    books: BooksEngine,
) -> None:
    other, sale, gone = hold(books, account="another"), enter(books, stan=2), hold(books, 3)
    with books.commit():
        books.reverse(gone)
    mine = hold(books, 4)
    for of, more in ((other, {}), (sale, {}), (gone, {}), (mine, {"holds_minor": -HOLD + 1})):
        for use in (complete, release):
            with pytest.raises(BooksConflict):
                use(books, of, 5, **more)
    with pytest.raises(BooksConflict):
        release(books, mine, 5, minor=HOLD - 1)
    with pytest.raises(BooksConflict):
        enter(books, Kind.VOID, 5, undoes=mine.reference, minor=HOLD)
    with pytest.raises(BooksConflict):
        enter(books, Kind.REFUND, 5, undoes=mine.reference, minor=1)
    assert funds(books) == (700, HOLD)


def test_a_completion_is_refunded_as_a_sale_and_voided_by_its_own_void(books: BooksEngine) -> None:
    paid, sale = complete(books, hold(books), 2), enter(books, stan=3)
    with pytest.raises(BooksConflict):
        enter(books, Kind.VOID, 4, undoes=paid.reference, minor=700)
    with pytest.raises(BooksConflict):
        enter(books, Kind.COMPLETION_VOID, 4, undoes=sale.reference, minor=700)
    enter(books, Kind.REFUND, 4, undoes=paid.reference, minor=500)
    with pytest.raises(BooksConflict):
        give_back(books, paid, 5)
    with pytest.raises(BooksConflict):
        enter(books, Kind.REFUND, 5, undoes=paid.reference, minor=201)
    assert funds(books) == (900, 0)


def test_reversals_put_everything_back(books: BooksEngine) -> None:
    held = hold(books)
    paid = complete(books, held, 2, minor=1_100)
    undone = give_back(books, paid, 3)
    for entry, left in ((undone, (1_100, 0)), (paid, (0, HOLD))):
        with books.commit():
            books.reverse(entry)
        assert funds(books) == left
    released = release(books, held, 4)
    with books.commit():
        books.reverse(released)
    assert funds(books) == (0, HOLD)
    complete(books, held, 5)  # it holds as before, and is used as before
    with pytest.raises(BooksConflict):
        release(books, held, 6)


def test_a_hold_is_found_by_its_code(books: BooksEngine) -> None:
    older = hold(books, authorisation_code="123456", decided_on="20261120")
    newer = hold(books, 2, authorisation_code="123456")
    hold(books, 3, authorisation_code="654321")
    enter(books, stan=4, authorisation_code="123456")
    assert books.holds_of("a", "123456") == [newer, older]
    assert books.holds_of("another", "123456") == []


def group(limit_minor: int | None = None) -> list[tuple[Booking, int | None]]:
    """Of one account, at once: a hold and its release, another completed and voided, a sale."""
    told: tuple[tuple[Kind, int, int, int], ...] = (  # and amount, what it holds, what it rests on
        (Kind.PREAUTH, HOLD, HOLD, 0),
        (Kind.SALE, 500, 0, 0),
        (Kind.PREAUTH, HOLD, HOLD, 0),
        (Kind.PREAUTH_VOID, HOLD, -HOLD, 1),
        (Kind.COMPLETION, 1_150, -HOLD, 3),
        (Kind.COMPLETION_VOID, 1_150, HOLD, 5),
        (Kind.SALE, 700, 0, 0),
        (Kind.VOID, 700, 0, 7),
        (Kind.COMPLETION, 900, -HOLD, 3),
        (Kind.SALE, 100, 0, 0),
    )
    return [
        (
            made(
                stan,
                f"1000000{stan % 4}",
                "a",
                kind=kind,
                amount=yuan(minor),
                holds_minor=holds,
                reference=f"{stan:012d}",
                undoes=f"{rests:012d}" if rests else "",
            ),
            limit_minor,
        )
        for stan, (kind, minor, holds, rests) in enumerate(told, start=1)
    ]


def test_all_kinds_of_one_account_are_entered_together(books: BooksEngine) -> None:
    entries = group(2_500)
    other = made(20, "10000009", "b", amount=yuan(300))
    poor = made(21, "10000008", "a", state=Standing.REFUSED, response_code="51")
    add_all(books, [*entries[:5], (other, None), (poor, None), *entries[5:]])
    assert books.all_funds() == {"a": Funds(1_500, 0), "b": Funds(300, 0)}
    for entry in (*(each for each, _ in entries), other, poor):
        assert books.entry((entry.terminal, entry.batch, entry.stan)) == entry
    assert [each.kind for each in books.resting_on(f"{3:012d}")] == [Kind.COMPLETION] * 2
    assert books.sales_of_day("a", "20261122") == (5, 3_350)
    used = group()[3][0]
    with pytest.raises(BooksConflict):
        add_all(books, [(made(30, "10000001", "b"), None), (_again(used, 31), None)])
    assert books.all_funds() == {"a": Funds(1_500, 0), "b": Funds(300, 0)}


@pytest.mark.parametrize("wrong", range(4))
def test_one_of_them_that_does_not_fit_leaves_none(books: BooksEngine, wrong: int) -> None:
    entries = group()
    match wrong:
        case 0:  # the second hold is more than is left beside the first and a sale
            entries = group(2_499)
        case 1:  # completed twice
            entries.append((_again(entries[8][0], 11), None))
        case 2:  # released by an amount that is not the whole
            entries[3] = (_again(entries[3][0], 4, amount=yuan(HOLD - 1)), None)
        case 3:  # voided after it was voided
            entries.append((_again(entries[7][0], 11), None))
    with pytest.raises(BooksConflict):
        add_all(books, entries)
    assert books.entries() == []
    assert not any(each != Funds() for each in books.all_funds().values())


def _again(entry: Booking, stan: int, **changes: Any) -> Booking:
    return replace(entry, stan=stan, reference=f"{stan:012d}", **changes)
