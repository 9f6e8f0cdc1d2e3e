"""The host's books as a file: what they hold, what they cost, what a failing disk does."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.acquirer.booking import Kept, Tie
from firmware.acquirer.books import Books
from firmware.acquirer.books_link import BooksLink
from firmware.acquirer.engine import BooksFailedError, BooksGoneError
from firmware.core.kinds import Kind, Totals
from firmware.core.sqlite import Trouble
from firmware.iso8583.messages import NoAnswer, NoAnswerReason
from tests.acquirer.conftest import TERMINAL, reversal_of
from tests.payment import changed

WITHOUT_HOLDS = (  # what leads from schema 3 back to 2
    "DROP INDEX by_code; ALTER TABLE transactions DROP COLUMN holds_minor;"
    "ALTER TABLE accounts DROP COLUMN held_minor;"
    "ALTER TABLE settlements DROP COLUMN completions;"
    "ALTER TABLE settlements DROP COLUMN completions_minor;"
    "ALTER TABLE settlements DROP COLUMN completion_voids;"
    "ALTER TABLE settlements DROP COLUMN completion_voids_minor;"
)


def run_script(till: Any, sql: str) -> None:
    """Change the file of a host's books from outside."""
    with contextlib.closing(sqlite3.connect(*till.host.paths)) as database:
        database.executescript(sql)


def test_the_books_hold_no_pan_pin_or_key(till: Any, tmp_path: Any) -> None:
    till.ask(till.sale("debit", 100, "123456"))
    till.ask(till.sale("debit", 100, "111111"))
    owner = till.cards["debit"].account
    files = list(tmp_path.iterdir())
    assert files
    for path in files:
        content = path.read_bytes()
        for secret in (
            owner.pan.reveal().encode(),
            bytes.fromhex("0" + owner.pan.reveal()),
            bytes.fromhex(owner.pan.reveal() + "0"),
            b"123456",
            owner.imk_ac.reveal(),
        ):
            assert secret not in content, path


def test_an_approval_has_an_answer_only_when_the_books_hold_it(make_till: Any) -> None:
    till = make_till(books="full.db")
    till.ask(till.sale("debit", 100))
    run_script(
        till,
        "CREATE TRIGGER full BEFORE INSERT ON transactions BEGIN SELECT RAISE(ABORT, 'disk'); END",
    )
    sale = till.sale("debit", 200)
    assert till.ask(sale) == NoAnswer(NoAnswerReason.TIMED_OUT)
    assert till.host.balances()["debit"] == 100
    run_script(till, "DROP TRIGGER full")
    assert till.code(sale) == "00"


def test_what_the_database_fails_with_is_the_books_error(tmp_path: Path) -> None:
    books = Books(tmp_path / "books.db")
    books.rows("PRAGMA query_only = 1")
    with pytest.raises(BooksFailedError) as failed, books.commit():
        books.next_number()
    assert failed.value.fault.trouble is Trouble.READ_ONLY
    books.close()
    with pytest.raises(BooksFailedError):
        books.entries()


def test_a_file_that_is_no_database_is_the_books_error(tmp_path: Path) -> None:
    (tmp_path / "books.db").write_bytes(b"no database" * 1_000)
    with pytest.raises(BooksFailedError) as failed:
        Books(tmp_path / "books.db")
    assert failed.value.fault.trouble is Trouble.CORRUPT


class TestCost:
    """What one sale asks of the disk, now and after years of trade."""

    @pytest.fixture
    def statements(self) -> list[str]:
        """Those that the books were asked since the till was made and has sold once."""
        return []

    @pytest.fixture
    def till(self, make_till: Any, statements: list[str]) -> Any:
        class Traced(BooksLink):
            @classmethod
            def to(cls, path: Path, mode: str, *, of_one_thread: bool = False) -> BooksLink:
                link = super().to(path, mode, of_one_thread=of_one_thread)
                link.set_trace_callback(statements.append)
                return link

        till = make_till(open_books=lambda path, kept: Books(path, kept, Traced))
        till.ask(till.sale("debit", 100))
        statements.clear()
        return till

    def test_a_sale_is_one_commit(self, till: Any, statements: list[str]) -> None:
        till.ask(till.sale("debit", 100, "123456"))
        assert statements.count("COMMIT") == 1

    def test_a_message_that_is_refused_at_the_door_writes_nothing(
        self, till: Any, statements: list[str]
    ) -> None:
        till.ask(changed(till.sale("debit", 100), terminal="99999999"))
        till.host.exchange(b"nonsense", 1_000)
        assert statements == []

    def test_no_question_walks_through_the_books(self, till: Any, statements: list[str]) -> None:
        sale = till.sale("rationed", 100, "111111")
        till.ask(sale)
        sale = till.sale("rationed", 100)
        reference = till.answered(sale).reference
        till.ask(till.refund(sale, reference, 10))
        till.ask(till.void(sale))
        till.ask(reversal_of(sale))
        held = till.preauth("rationed", 100)
        code = till.answered(held).authorisation_code
        paid = till.uses(Kind.COMPLETION, held, code, 100)
        for asked_for in (paid, till.gives_back(paid)):
            assert till.code(asked_for) == "00"
        till.ask(till.uses(Kind.PREAUTH_VOID, held, code, 100))
        till.ask(till.settlement())
        asked = [each for each in statements if each.startswith(("SELECT", "UPDATE"))]
        assert len(asked) > 20
        books = Books(*till.host.paths)
        for each in asked:
            plan = [row[3] for row in books.rows(f"EXPLAIN QUERY PLAN {each}")]
            walks = [step for step in plan if step.startswith("SCAN") and step != "SCAN counter"]
            assert not walks, each
        books.close()


def test_opening_books_writes_their_log_anew(tmp_path: Path) -> None:
    """After a sync that failed, what is read of it may never have reached the disk."""
    books = Books(tmp_path / "books.db")
    with books.commit():
        books.next_number()
    log = tmp_path / "books.db-wal"
    content = log.read_bytes()
    os.utime(log, (0, 0))
    again = Books(tmp_path / "books.db")
    assert (log.read_bytes(), again.entries()) == (content, [])
    assert log.stat().st_mtime > 0
    again.close()
    books.close()


def test_books_of_an_earlier_release_are_kept_on(make_till: Any) -> None:
    """They do not know at what time they were asked: a repeat and a reversal still find it."""
    till = make_till(books="old.db")
    sale = till.sale("debit", 1_000)
    answer = till.answered(sale)
    till.host.close()
    run_script(
        till,
        "ALTER TABLE transactions DROP COLUMN time; ALTER TABLE counter DROP COLUMN books;"
        f"ALTER TABLE counter DROP COLUMN commits; {WITHOUT_HOLDS} PRAGMA user_version = 1",
    )
    again = make_till(books="old.db")
    assert again.answered(sale) == answer
    assert again.code(reversal_of(sale)) == "00"
    assert again.host.balances()["debit"] == 0


def test_books_of_before_there_were_holds_are_kept_on(make_till: Any) -> None:
    till = make_till(books="old.db")
    sale = till.sale("debit", 1_000)
    reference = till.answered(sale).reference
    till.answered(till.settlement())
    till.host.close()
    run_script(till, f"{WITHOUT_HOLDS} PRAGMA user_version = 2")
    again = make_till(books="old.db")
    again.batch, again.stan, again.cards = 2, 10, till.cards
    assert again.host.totals(TERMINAL, 1) == Totals(sales=1, sales_minor=1_000)
    assert again.code(till.settlement(Totals(sales=1, sales_minor=1_000))) == "00"
    held = again.preauth("debit", 499_000)
    assert (again.code(held), again.host.holds()) == ("00", {"debit": 499_000})
    assert again.code(again.preauth("debit", 1)) == "51"
    assert again.code(again.refund(sale, reference, 1_000)) == "00"


class TestOpenedAgain:
    """A running host takes its own books back, and no others in their place."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "books.db"

    @pytest.fixture
    def kept(self, path: Path) -> Iterator[Kept]:
        books = Books(path)
        with books.commit():
            books.next_number()
        books.close()
        shutil.copytree(path.parent, path.parent / "earlier")
        books = Books(path)
        with books.commit():
            books.next_number()
        yield books.kept
        books.close()

    def test_the_same(self, path: Path, kept: Kept) -> None:
        again = Books(path, kept)
        assert again.kept == kept
        again.close()

    def test_none(self, path: Path, kept: Kept) -> None:
        path.rename(path.with_name("away.db"))
        with pytest.raises(BooksGoneError) as gone:
            Books(path, kept)
        assert not gone.value.another
        assert not path.exists()

    def test_an_earlier_copy(self, path: Path, kept: Kept) -> None:
        with pytest.raises(BooksGoneError, match="earlier copy") as gone:
            Books(path.parent / "earlier" / path.name, kept)
        assert gone.value.another

    def test_others(self, tmp_path: Path, kept: Kept) -> None:
        other = tmp_path / "other.db"
        Books(other).close()
        with pytest.raises(BooksGoneError, match="other books"):
            Books(other, kept)

    def test_an_empty_file(self, tmp_path: Path, kept: Kept) -> None:
        (tmp_path / "empty.db").touch()
        with pytest.raises(BooksGoneError, match="other books"):
            Books(tmp_path / "empty.db", kept)
        assert (tmp_path / "empty.db").stat().st_size in (0, 1024)


def test_the_last_known_record_of_a_journal_is_noted_where_one_is_known(tmp_path: Path) -> None:
    books = Books(tmp_path / "books.db")
    with books.commit():
        books.note_journal(5, b"of none")
        assert books.tie() is None
        books.set_tie(Tie("journal", "check", 6, b"before"))
        books.note_journal(7, b"hash")
    assert books.tie() == Tie("journal", "check", 7, b"hash")
    books.close()
