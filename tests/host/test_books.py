"""The host's books as a file: what they hold, what they cost, what a failing disk does."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from firmware.host.books import Books
from firmware.host.messages import NoAnswer, NoAnswerReason

Reverse = Callable[..., Any]


def test_the_books_hold_no_pan_pin_or_key(till: Any, tmp_path: Any) -> None:
    till.ask(till.sale("debit", 100, "123456"))
    till.ask(till.sale("debit", 100, "111111"))
    owner = till.cards["debit"].account
    for path in tmp_path.iterdir():
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
    till.host._books._db.execute(
        "CREATE TRIGGER full BEFORE INSERT ON transactions BEGIN SELECT RAISE(ABORT, 'disk'); END"
    )
    sale = till.sale("debit", 200)
    assert till.ask(sale) == NoAnswer(NoAnswerReason.TIMED_OUT)
    assert till.host.balances()["debit"] == 100
    till.host._opened()._db.execute("DROP TRIGGER full")
    assert till.code(sale) == "00"


class TestCost:
    """What one sale asks of the disk, now and after years of trade."""

    @pytest.fixture
    def statements(self, till: Any) -> list[str]:
        seen: list[str] = []
        till.ask(till.sale("debit", 100))
        till.host._books._db.set_trace_callback(seen.append)
        return seen

    def test_a_sale_is_one_commit(self, till: Any, statements: list[str]) -> None:
        till.ask(till.sale("debit", 100, "123456"))
        assert statements.count("COMMIT") == 1

    def test_a_message_that_is_refused_at_the_door_writes_nothing(
        self, till: Any, statements: list[str]
    ) -> None:
        till.ask(replace(till.sale("debit", 100), terminal="99999999"))
        till.host.exchange(b"nonsense", 1_000)
        assert statements == []

    def test_no_question_walks_through_the_books(
        self, till: Any, statements: list[str], reverse: Reverse
    ) -> None:
        sale = till.sale("rationed", 100, "111111")
        till.ask(sale)
        sale = till.sale("rationed", 100)
        reference = till.answered(sale).reference
        till.ask(till.refund(sale, reference, 10))
        till.ask(till.void(sale))
        till.ask(reverse(sale))
        till.ask(till.settlement())
        db = till.host._books._db
        db.set_trace_callback(None)
        asked = [each for each in statements if each.startswith(("SELECT", "UPDATE"))]
        assert len(asked) > 20
        for each in asked:
            plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {each}")]
            walks = [step for step in plan if step.startswith("SCAN") and step != "SCAN counter"]
            assert not walks, each


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
