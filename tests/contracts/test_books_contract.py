"""What every engine of the acquirer's books promises; another engine is another parameter."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.acquirer.books import Booking, Books, BooksGoneError, Standing, asked_of
from firmware.acquirer.engine import BooksEngine, OpenBooks
from firmware.core.kinds import Kind, Totals
from tests.payment import payment, yuan

ENGINES: dict[str, OpenBooks] = {"sqlite": Books}
PLACE = ("10000001", 1, 1)


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> OpenBooks:
    return ENGINES[request.param]


def enter(books: BooksEngine, kind: Kind = Kind.SALE, stan: int = 1, undoes: str = "") -> Booking:
    entry = Booking(
        **asked_of(payment(kind=kind, stan=stan, amount=yuan(700)), "a"),
        state=Standing.STANDING,
        response_code="00",
        reference=f"{stan:012d}",
        decided_on="20261122",
        undoes=undoes,
    )
    with books.commit():
        books.add(entry)
    return entry


def break_off(books: BooksEngine) -> None:
    with books.commit():
        books.set_pin_failures("a", 2)
        raise ZeroDivisionError


def test_what_was_committed_is_there_after_a_restart(engine: OpenBooks, tmp_path: Path) -> None:
    books = engine(tmp_path / "books")
    entry, kept = enter(books), books.kept
    books.close()
    again = engine(tmp_path / "books", kept)
    assert (again.entry(PLACE), again.spent_minor("a")) == (entry, 700)
    assert again.totals("10000001", 1) == Totals(sales=1, sales_minor=700)
    again.close()


def test_a_commit_that_breaks_off_leaves_nothing(engine: OpenBooks, tmp_path: Path) -> None:
    books = engine(tmp_path / "books")
    with pytest.raises(ZeroDivisionError):
        break_off(books)
    assert books.pin_failures("a") == 0
    books.close()


def test_a_void_rests_on_its_sale_until_it_is_reversed(engine: OpenBooks, tmp_path: Path) -> None:
    books = engine(tmp_path / "books")
    sale = enter(books)
    void = enter(books, Kind.VOID, 2, undoes=sale.reference)
    assert (books.resting_on(sale.reference), books.spent_minor("a")) == ([void], 0)
    with books.commit():
        books.reverse(void)
    assert (books.resting_on(sale.reference), books.spent_minor("a")) == ([], 700)
    books.close()


def test_a_batch_is_settled_once_on_its_totals(engine: OpenBooks, tmp_path: Path) -> None:
    books = engine(tmp_path / "books")
    with books.commit():
        books.settle("10000001", 1, "000000000009", Totals(sales=1, sales_minor=700))
    assert books.settlement("10000001", 1) == ("000000000009", Totals(sales=1, sales_minor=700))
    assert (books.last_settled("10000001"), books.is_reference("000000000009")) == (1, True)
    books.close()


def test_books_that_are_gone_are_not_made_anew(engine: OpenBooks, tmp_path: Path) -> None:
    books = engine(tmp_path / "books")
    kept = books.kept
    books.close()
    with pytest.raises(BooksGoneError):
        engine(tmp_path / "elsewhere", kept)
