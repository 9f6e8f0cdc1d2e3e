"""What every engine of the acquirer's books promises; another engine is another parameter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import pytest
from msgspec.structs import replace

from firmware.acquirer.booking import Booking, Kept, Standing, asked_of
from firmware.acquirer.books import Books
from firmware.acquirer.engine import BooksConflict, BooksEngine, BooksGoneError
from firmware.acquirer.postgres import PostgresBooks
from firmware.core.kinds import Kind, Totals
from firmware.lab.postgres import Cluster
from tests.payment import payment, yuan

ENGINES = ("postgres", "sqlite")
PLACE = ("10000001", 1, 1)


class OpenBooks(Protocol):
    """Opens the books at a place; with `kept` only those very ones."""

    def __call__(self, path: Path, kept: Kept | None = None, /) -> BooksEngine: ...


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> OpenBooks:
    """Opens books at a path; those in PostgreSQL have a database of that name."""
    if request.param == "sqlite":
        return Books
    server: Cluster = request.getfixturevalue("postgres")

    def in_postgres(path: Path, kept: Kept | None = None) -> BooksEngine:
        return PostgresBooks(server.database(str(path)), kept)

    return in_postgres


@pytest.fixture
def books(engine: OpenBooks, tmp_path: Path) -> Iterator[BooksEngine]:
    with closing(engine(tmp_path / "books")) as opened:
        yield opened


def enter(
    books: BooksEngine,
    kind: Kind = Kind.SALE,
    stan: int = 1,
    *,
    undoes: str = "",
    minor: int = 700,
    limit_minor: int | None = None,
    **changes: Any,
) -> Booking:
    entry = Booking(
        **asked_of(payment(kind=kind, stan=stan, amount=yuan(minor)), "a"),
        state=Standing.STANDING,
        response_code="00",
        reference=f"{stan:012d}",
        decided_on="20261122",
        undoes=undoes,
    )
    entry = replace(entry, **changes)
    with books.commit():
        books.add_all([(entry, limit_minor)])
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
    assert (again.entry(PLACE), again.funds("a").spent_minor) == (entry, 700)
    assert again.totals("10000001", 1) == Totals(sales=1, sales_minor=700)
    again.close()


def test_a_commit_that_breaks_off_leaves_nothing(books: BooksEngine) -> None:
    with pytest.raises(ZeroDivisionError):
        break_off(books)
    assert books.pin_failures("a") == 0


def test_a_void_rests_on_its_sale_until_it_is_reversed(books: BooksEngine) -> None:
    sale = enter(books)
    void = enter(books, Kind.VOID, 2, undoes=sale.reference)
    assert (books.resting_on(sale.reference), books.funds("a").spent_minor) == ([void], 0)
    with books.commit():
        books.reverse(void)
    assert (books.resting_on(sale.reference), books.funds("a").spent_minor) == ([], 700)


def test_a_batch_is_settled_once_on_its_totals(books: BooksEngine) -> None:
    with books.commit():
        books.settle("10000001", 1, "000000000009", Totals(sales=1, sales_minor=700))
    assert books.settlement("10000001", 1) == ("000000000009", Totals(sales=1, sales_minor=700))
    assert (books.last_settled("10000001"), books.is_reference("000000000009")) == (1, True)


def test_books_that_are_gone_are_not_made_anew(engine: OpenBooks, tmp_path: Path) -> None:
    books = engine(tmp_path / "books")
    kept = books.kept
    books.close()
    with pytest.raises(BooksGoneError):
        engine(tmp_path / "elsewhere", kept)


def test_no_more_is_refunded_than_was_paid(books: BooksEngine) -> None:
    sale = enter(books)
    enter(books, Kind.REFUND, 2, undoes=sale.reference, minor=500)
    with pytest.raises(BooksConflict):
        enter(books, Kind.REFUND, 3, undoes=sale.reference, minor=201)
    assert (books.entry(("10000001", 1, 3)), books.funds("a").spent_minor) == (None, 200)
    enter(books, Kind.REFUND, 3, undoes=sale.reference, minor=200)
    assert books.funds("a").spent_minor == 0


def test_a_sale_is_voided_whole_and_once(books: BooksEngine) -> None:
    first, second = enter(books), enter(books, stan=2)
    enter(books, Kind.REFUND, 3, undoes=first.reference, minor=1)
    enter(books, Kind.VOID, 4, undoes=second.reference)
    for kind, sale in ((Kind.VOID, first), (Kind.VOID, second), (Kind.REFUND, second)):
        with pytest.raises(BooksConflict):
            enter(books, kind, 5, undoes=sale.reference, minor=699 if sale is first else 700)
    assert books.funds("a").spent_minor == 699


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.REFUND])
@pytest.mark.parametrize("undoes", ["", "000000000002", "000000000003", "999999999999"])
def test_money_is_given_back_for_a_standing_sale_of_that_account_alone(
    books: BooksEngine, kind: Kind, undoes: str
) -> None:
    reversed_sale = enter(books, stan=2)
    with books.commit():
        books.reverse(reversed_sale)
    enter(books, stan=3, account="another")
    with pytest.raises(BooksConflict):
        enter(books, kind, 4, undoes=undoes)
    assert books.spent() == {"a": 0, "another": 700}


def test_a_limit_is_never_passed(books: BooksEngine) -> None:
    enter(books, limit_minor=1_400)
    enter(books, stan=2, limit_minor=1_400)
    with pytest.raises(BooksConflict):
        enter(books, stan=3, minor=1, limit_minor=1_400)
    enter(books, stan=3, minor=1)  # a card that approved by itself asks for no limit
    assert books.funds("a").spent_minor == 1_401


def test_a_sale_with_a_refund_is_reversed_after_it(books: BooksEngine) -> None:
    sale = enter(books)
    refund = enter(books, Kind.REFUND, 2, undoes=sale.reference, minor=100)
    with books.commit():
        books.reverse(refund)
        books.reverse(sale)
    assert (books.funds("a").spent_minor, books.totals("10000001", 1)) == (0, Totals())


def test_every_field_comes_back_as_it_was_entered(books: BooksEngine) -> None:
    entry = enter(books, issuer_data=b"\x00\xff", cryptogram=b"\x01\x02", muted=True)
    assert books.entries() == [entry] == [books.by_reference(entry.reference)]
    assert books.cryptogram_used("a", b"\x01\x02")
    assert not books.cryptogram_used("another", b"\x01\x02")
    assert not books.cryptogram_used("a", b"")
    assert books.sales_of_day("a", "20261122") == (1, 700)
    with books.commit():
        books.note_reversal(PLACE)
        books.note_reversal(PLACE)
        books.set_pin_failures("b", 2)
        first, second = books.next_number(), books.next_number()
    assert second == first + 1
    assert books.is_reversed(PLACE)
    assert books.pin_failures("b") == 2


def made(stan: int, terminal: str, account: str, **changes: Any) -> Booking:
    asked = asked_of(payment(stan=stan, terminal=terminal, amount=yuan(700)), account)
    entry = Booking(
        **asked,
        state=Standing.STANDING,
        response_code="00",
        reference=f"{terminal}{stan:04d}",
        decided_on="20261122",
    )
    return replace(entry, **changes)


def add_all(books: BooksEngine, entries: list[tuple[Booking, int | None]]) -> None:
    with books.commit():
        books.hold_all([entry.terminal for entry, _ in entries])
        books.hold_accounts([entry.account for entry, _ in entries])
        books.add_all(entries)


def test_many_are_entered_together(books: BooksEngine) -> None:
    sale = enter(books)
    entries: list[tuple[Booking, int | None]] = [
        (made(2, "10000002", "b", issuer_data=b"\x00\xff'\\", cryptogram=b"\x01" * 8), 700),
        (made(3, "10000003", "c"), None),
        (made(4, "10000004", "b"), 1_400),  # the same account again
        (made(5, "10000005", "d", state=Standing.REFUSED, response_code="51"), None),
        (made(6, "10000006", "a", kind=Kind.REFUND, amount=yuan(600), undoes=sale.reference), None),
    ]
    add_all(books, entries)
    for entry, _ in entries:
        assert books.entry((entry.terminal, entry.batch, entry.stan)) == entry
    assert books.spent() == {"a": 100, "b": 1_400, "c": 700} | {
        name: 0 for name in books.spent() if name == "d"
    }
    places = [(entry.terminal, entry.batch, entry.stan) for entry, _ in entries[:2]]
    assert books.accounts_at([*places, ("10000009", 1, 1)]) == {"b", "c"}


@pytest.mark.parametrize("wrong", ["limit", "original"])
def test_one_that_does_not_fit_leaves_none_of_them(books: BooksEngine, wrong: str) -> None:
    entries: list[tuple[Booking, int | None]] = [(made(2, "10000002", "b"), None)]
    if wrong == "limit":
        entries += [(made(3, "10000003", "c"), 699), (made(4, "10000004", "d"), None)]
    else:
        back = made(3, "10000003", "b", kind=Kind.REFUND, undoes="no such sale")
        entries += [(back, None), (made(4, "10000004", "d"), None)]
    with pytest.raises(BooksConflict):
        add_all(books, entries)
    assert books.entries() == []
    assert not any(books.spent().values())
    add_all(books, [entries[0], entries[2]])
    assert len(books.entries()) == 2
