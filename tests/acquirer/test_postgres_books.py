"""What is PostgreSQL's own in the books there: locks, round trips, what a standby may not know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from firmware.acquirer.booking import Booking, Funds, Kept, Standing, asked_of
from firmware.acquirer.engine import BooksBusyError, BooksConflict, BooksError, Coming
from firmware.acquirer.postgres import PostgresBooks
from firmware.acquirer.postgres_schema import MIGRATIONS
from firmware.core.kinds import Kind, Totals
from firmware.lab.postgres import Cluster
from tests.contracts.test_books_contract import PLACE, enter
from tests.payment import payment, yuan


@pytest.fixture
def url(postgres: Cluster, tmp_path: Path) -> str:
    return postgres.database(str(tmp_path))


@pytest.fixture
def two(url: str) -> Iterator[tuple[PostgresBooks, PostgresBooks]]:
    first, second = PostgresBooks(url), PostgresBooks(url)
    yield first, second
    first.close()
    second.close()


def held(books: PostgresBooks, terminal: str, accounts: Sequence[str] = ()) -> None:
    with books.commit():
        books.hold_all([terminal])
        books.hold_accounts(accounts)
        books.set_pin_failures("b", 1)


def drawn_and_broken_off(books: PostgresBooks) -> None:
    with books.commit():
        books.next_number()
        raise ZeroDivisionError


def test_who_is_kept_waiting_books_nothing_and_goes_on(
    two: tuple[PostgresBooks, PostgresBooks],
) -> None:
    first, second = two
    second.link.run("SET lock_timeout = '20ms'")
    with first.commit():
        first.hold_all(["10000001"])
        first.hold_accounts(["a"])
        first.funds("a")  # what is held is held before the next that is read
        for terminal, accounts in (("10000001", ()), ("10000002", ("a",))) * 3:
            with pytest.raises(BooksBusyError):
                held(second, terminal, accounts)
    assert second.pin_failures("b") == 0
    enter(second)
    assert first.funds("a").spent_minor == 700


def test_what_another_has_settled_meanwhile_is_a_conflict(
    two: tuple[PostgresBooks, PostgresBooks],
) -> None:
    first, second = two
    with first.commit():
        first.settle("10000001", 1, "000000000001", Totals())
    with pytest.raises(BooksConflict), second.commit():
        second.settle("10000001", 1, "000000000002", Totals())
    assert second.settlement("10000001", 1) == ("000000000001", Totals())


def test_what_was_read_ahead_is_forgotten_with_a_change(
    two: tuple[PostgresBooks, PostgresBooks],
) -> None:
    books, other = two
    enter(books, minor=100)
    place = ("10000001", 1, 9)
    with books.commit():
        books.hold_all(["10000001"])
        books.glance([Coming(place, "a", b"\x01")], lambda number: f"{number:012d}")
        assert (books.entry(place), books.funds("a").spent_minor, books.pin_failures("a")) == (
            None,
            100,
            0,
        )
        books.set_pin_failures("a", 2)
        assert books.pin_failures("a") == 2
        books.note_reversal(place)
        assert books.is_reversed(place)
    enter(other, stan=2, minor=50)
    with books.commit():
        books.hold_all(["10000001"])
        books.glance([Coming(PLACE, "a", b"\x01")], lambda number: f"{number:012d}")
        entry = books.entry(PLACE)
        assert entry is not None
        assert (entry.amount, books.funds("a").spent_minor) == (yuan(100), 150)


def test_a_sale_costs_three_round_trips(url: str, round_trips: list[str]) -> None:
    books = PostgresBooks(url)
    enter(books)  # the account is there
    place = ("10000001", 1, 2)
    with books.commit():
        books.hold_all(["10000001"])
        books.last_settled("10000001")
        books.next_number()
        round_trips.clear()  # numbers are drawn 32 at once
        books.glance([Coming(place, "a", b"\x01")], lambda number: f"{number:012d}")
        assert books.entry(place) is None
        books.hold_accounts(["a"])
        assert not books.is_reversed(place)
        assert books.settlement("10000001", 1) is None
        assert not books.cryptogram_used("a", b"\x01")
        books.funds("a")
        books.pin_failures("a")
    assert len(round_trips) == 2  # the glance, and the commit; a third read who the terminal is
    books.close()


def test_conflicts_one_after_the_other_leave_it_well(url: str) -> None:
    books = PostgresBooks(url)
    sale = enter(books)
    for stan in range(2, 8):
        with pytest.raises(BooksConflict):
            enter(books, Kind.REFUND, stan, undoes=sale.reference, minor=701)
        enter(books, Kind.REFUND, stan, undoes=sale.reference, minor=10)
    assert books.funds("a").spent_minor == 640
    books.close()


def test_a_number_that_was_not_committed_does_not_bind(url: str) -> None:
    books = PostgresBooks(url)
    kept = books.kept
    with pytest.raises(ZeroDivisionError):
        drawn_and_broken_off(books)
    assert books.kept == kept  # whoever takes over may not know of it
    with books.commit():
        number = books.next_number()
    assert books.kept == Kept(kept.books, number)
    books.close()
    PostgresBooks(url, Kept(kept.books, number)).close()


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_database_that_forgets_is_refused(postgres: Cluster, tmp_path: Path, name: str) -> None:
    if name == "synchronous_commit":
        url = postgres.database(str(tmp_path))
        role = url.split("//")[1].split("@")[0]
        with postgres.connect() as db:
            db.execute(f'ALTER ROLE "{role}" SET synchronous_commit = off'.encode())
        with pytest.raises(BooksError, match="synchronous_commit = off"):
            PostgresBooks(url)
        return
    with postgres.connect() as db:
        db.execute(f"ALTER SYSTEM SET {name} = off".encode())
        db.execute("SELECT pg_reload_conf()")
    try:
        refused = ""
        while not refused:  # the server reads its settings in its own time
            try:
                PostgresBooks(postgres.database(str(tmp_path))).close()
            except BooksError as error:
                refused = str(error)
        assert refused.startswith(f"{name} = off")
    finally:
        with postgres.connect() as db:
            db.execute(f"ALTER SYSTEM RESET {name}".encode())
            db.execute("SELECT pg_reload_conf()")
            while db.execute(f"SHOW {name}".encode()).fetchone() == ("off",):
                pass


def test_what_is_read_ahead_reads_no_more_as_the_books_grow(postgres: Cluster, url: str) -> None:
    """A plan is made while the tables are empty, and kept: it must not read a table whole."""
    books = PostgresBooks(url)
    for first in range(1, 401, 20):
        entries = [entry_at(stan, f"account {stan % 20}") for stan in range(first, first + 20)]
        with books.commit():
            books.hold_all(["10000001"])
            books.glance(
                [Coming(place_of(each), each.account, each.cryptogram, "1") for each in entries],
                lambda number: f"{number:012d}",
            )
            books.add_all([(entry, 10_000_000) for entry in entries])
    books.close()
    schema = url.split("//")[1].split("@", maxsplit=1)[0]
    with postgres.connect() as db:
        scans = read = 0
        while scans < 400:  # a backend tells its figures once it has ended
            found = db.execute(
                "SELECT sum(idx_scan), sum(idx_tup_read) FROM pg_stat_user_indexes"
                " WHERE schemaname = %s AND relname = 'transactions'",
                (schema,),
            ).fetchone()
            scans, read = (int(each or 0) for each in found) if found else (0, 0)
    assert read < 400 * 4, "rows of the index that 400 requests have read"


def place_of(entry: Booking) -> tuple[str, int, int]:
    return (entry.terminal, entry.batch, entry.stan)


def entry_at(stan: int, account: str) -> Booking:
    return Booking(
        **asked_of(payment(stan=stan), account),
        state=Standing.STANDING,
        response_code="00",
        reference=f"{stan + 500_000:012d}",
        cryptogram=stan.to_bytes(8, "big"),
        decided_on="20261122",
    )


@pytest.mark.parametrize("kinds", [(Kind.COMPLETION,), (Kind.COMPLETION, Kind.PREAUTH_VOID)])
def test_of_many_who_use_a_hold_at_once_one_does(url: str, kinds: tuple[Kind, ...]) -> None:
    books = PostgresBooks(url)
    held = enter(books, Kind.PREAUTH, minor=1_000, holds_minor=1_000)
    books.close()

    def use(stan: int) -> str:
        mine, kind = PostgresBooks(url), kinds[stan % len(kinds)]
        try:
            enter(mine, kind, stan, undoes=held.reference, minor=1_000, holds_minor=-1_000)
        except BooksConflict:
            return ""
        finally:
            mine.close()
        return kind.value

    with ThreadPoolExecutor(8) as many:
        done = [used for used in many.map(use, range(2, 26)) if used]
    books = PostgresBooks(url)
    spent = 1_000 if done == [Kind.COMPLETION.value] else 0
    assert (len(done), books.funds("a")) == (1, Funds(spent, 0))
    books.close()


def test_a_database_of_before_there_were_holds_is_brought_on(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as earlier:
        earlier.execute(MIGRATIONS[0].encode())
        earlier.execute("INSERT INTO accounts VALUES ('a', 700, 1)")
        earlier.execute(
            "INSERT INTO transactions VALUES ('10000001', 1, 1, 'sale', '104110054110001', 'a',"
            " 700, '156', '20261122', '120000', 0, 0, '', 'standing', '00', '000000000001',"
            " '123456', NULL, '', false, '20261122', '', 0)"
        )
        earlier.execute(
            "INSERT INTO settlements VALUES ('10000001', 1, '000000000002', 1, 700, 0, 0, 0, 0)"
        )
    books = PostgresBooks(url)
    assert (books.funds("a"), books.pin_failures("a")) == (Funds(700, 0), 1)
    assert books.settlement("10000001", 1) == ("000000000002", Totals(sales=1, sales_minor=700))
    enter(books, Kind.PREAUTH, 2, batch=2, minor=1_000, holds_minor=1_000)
    enter(books, Kind.REFUND, 3, batch=2, undoes="000000000001", minor=700)
    assert books.funds("a") == Funds(0, 1_000)
    books.close()
