"""Passwords: defaults let nobody trade, guesses are counted first and get slower."""

from __future__ import annotations

import itertools
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firmware.core.masked import Password
from firmware.journal import connection as engine
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.operators import (
    Cost,
    LockedFor,
    MustChange,
    OperatorRefused,
    Operators,
    UnknownOperator,
    Verified,
    WrongPassword,
)
from firmware.journal.records import OperatorAdded, PasswordChanged, PasswordFailed
from firmware.terminal.data_directory import DataDirectory
from tests.journal.story import Shop

CHEAP = Cost(passes=1, memory_kib=8)
RIGHT, WRONG = Password("1357"), Password("9999")


@pytest.fixture
def operators(shop: Shop) -> Operators:
    operators = Operators(shop.journal, CHEAP)
    assert operators.set_password("01", RIGHT, by="01") is None
    return operators


def failures_told(shop: Shop) -> list[tuple[int, str]]:
    records = [entry.record for entry in shop.journal.records()]
    return [(r.failures, r.purpose) for r in records if isinstance(r, PasswordFailed)]


def test_factory_passwords_are_right_but_must_be_changed(shop: Shop) -> None:
    operators = Operators(shop.journal, CHEAP)
    now = shop.clock()
    assert operators.numbers() == ["00", "01"]
    assert operators.verify("00", Password("123456"), now) == MustChange()
    assert operators.verify("01", Password("0000"), now) == MustChange()
    assert operators.set_password("00", Password("246810"), by="00") is None
    assert operators.verify("00", Password("246810"), now) == Verified()
    assert operators.verify("00", Password("123456"), now) == WrongPassword(1)


def test_the_first_start_makes_both_operators_in_one_commit(tmp_path: Path) -> None:
    seconds = itertools.count()
    began = datetime(2026, 7, 6, 9, tzinfo=UTC)
    data = DataDirectory(tmp_path, lambda: began + timedelta(seconds=next(seconds)), cost=CHEAP)
    entries = [each for each in data.journal.records() if isinstance(each.record, OperatorAdded)]
    data.close()
    assert [each.record.operator for each in entries] == ["00", "01"]  # type: ignore[union-attr]
    assert len({each.at for each in entries}) == 1  # a commit reads the clock once


def test_somebody_of_whom_the_log_is_silent_is_no_first_start(shop: Shop) -> None:
    Operators(shop.journal, CHEAP)
    shop.db.execute("DELETE FROM staff")
    with pytest.raises(JournalFault, match="operator 00 is not as the log says"):
        Operators(shop.journal, CHEAP)


def test_a_guess_at_a_terminal_costs_what_the_rfc_asks(shop: Shop, tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "terminal", shop.clock)
    rows = [data.journal.operator_row(number) for number in data.operators.numbers()]
    data.close()
    assert len(rows) == 2
    for row in rows:
        assert row is not None
        assert row.password.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_operators_are_made_once(shop: Shop, operators: Operators) -> None:
    shop.reopen()
    again = Operators(shop.journal, CHEAP)
    assert again.verify("01", RIGHT, shop.clock()) == Verified()


@pytest.mark.parametrize(
    ("number", "digits"),
    [
        ("01", "0000"),
        ("01", "7777"),
        ("01", "1234"),
        ("01", "4321"),
        ("01", "7890"),
        ("01", "123"),
        ("01", "135790"),
        ("00", "123456"),
        ("00", "654321"),
        ("00", "111111"),
        ("00", "2468"),
    ],
)
def test_a_weak_password_is_refused(operators: Operators, number: str, digits: str) -> None:
    assert operators.set_password(number, Password(digits), by=number) is OperatorRefused.WEAK


def test_an_unknown_operator_is_told_and_journaled(shop: Shop, operators: Operators) -> None:
    assert operators.verify("77", WRONG, shop.clock(), purpose="sign on") == UnknownOperator()
    assert failures_told(shop) == [(0, "sign on")]


def test_every_failure_is_journaled_and_a_right_password_forgets_them(
    shop: Shop, operators: Operators
) -> None:
    now = shop.clock()
    assert operators.verify("01", WRONG, now, purpose="void") == WrongPassword(1)
    assert operators.verify("01", WRONG, now, purpose="void") == WrongPassword(2)
    assert operators.verify("01", RIGHT, now) == Verified()
    assert operators.verify("01", WRONG, now, purpose="refund") == WrongPassword(1)
    assert failures_told(shop) == [(1, "void"), (2, "void"), (1, "refund")]


def test_from_the_third_failure_each_lock_is_twice_as_long(
    shop: Shop, operators: Operators
) -> None:
    operators.verify("01", WRONG, shop.clock())
    operators.verify("01", WRONG, shop.clock())
    locks_s = []
    for _ in range(9):
        operators.verify("01", WRONG, shop.clock())
        locked = operators.verify("01", RIGHT, shop.clock())
        assert isinstance(locked, LockedFor)
        locks_s.append(locked.seconds)
        shop.clock.advance(seconds=locked.seconds)
    assert locks_s == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_a_lock_outlives_a_restart_and_holds_to_its_end(shop: Shop, operators: Operators) -> None:
    for _ in range(3):
        operators.verify("01", WRONG, shop.clock())
    shop.reopen()
    again = Operators(shop.journal, CHEAP)
    shop.clock.advance(seconds=29)
    assert again.verify("01", RIGHT, shop.clock()) == LockedFor(1)
    shop.clock.advance(seconds=1)
    assert again.verify("01", RIGHT, shop.clock()) == Verified()


def test_a_clock_set_back_never_locks_for_longer(shop: Shop, operators: Operators) -> None:
    for _ in range(3):
        operators.verify("01", WRONG, shop.clock())
    shop.clock.advance(days=-365)
    assert operators.verify("01", RIGHT, shop.clock()) == LockedFor(30)
    shop.clock.advance(seconds=29)
    assert operators.verify("01", RIGHT, shop.clock()) == LockedFor(1)
    shop.clock.advance(seconds=1)
    assert operators.verify("01", RIGHT, shop.clock()) == Verified()


def test_the_failure_is_durable_before_the_guess_is_checked(
    shop: Shop, operators: Operators, tmp_path: Path
) -> None:
    seen: list[tuple[int, str]] = []

    class Watching(Password):
        def reveal(self) -> str:  # for the hash of it, to be compared
            db = sqlite3.connect(shop.directory / engine.DATABASE)  # another reader sees it
            seen.append(db.execute("SELECT failures, checking FROM operators").fetchall()[1])
            db.close()
            raise KeyboardInterrupt  # the plug is pulled

    with pytest.raises(KeyboardInterrupt):
        operators.verify("01", Watching("9999"), shop.clock(), purpose="void")
    assert seen == [(1, "void")]
    shop.reopen()
    again = Operators(shop.journal, CHEAP)
    assert again.verify("01", WRONG, shop.clock(), purpose="void") == WrongPassword(2)
    assert failures_told(shop) == [(1, "void (interrupted)"), (2, "void")]


def test_pulling_the_plug_at_every_guess_is_locked_out_all_the_same(shop: Shop) -> None:
    class Unplugged(Password):
        def reveal(self) -> str:
            raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            Operators(shop.journal, CHEAP).verify("01", Unplugged("9999"), shop.clock())
        shop.reopen()
    assert Operators(shop.journal, CHEAP).verify("01", WRONG, shop.clock()) == LockedFor(30)


def test_the_supervisor_adds_deletes_and_resets_cashiers(shop: Shop, operators: Operators) -> None:
    now = shop.clock()
    assert operators.add("02", by="00") is None
    assert operators.verify("02", Password("0000"), now) == MustChange()
    assert operators.add("02", by="00") is OperatorRefused.EXISTS
    assert operators.delete("02", by="00") is None
    assert operators.verify("02", Password("0000"), now) == UnknownOperator()
    assert operators.delete("02", by="00") is OperatorRefused.UNKNOWN
    for _ in range(3):
        operators.verify("01", WRONG, now)
    assert operators.reset("01", by="00") is None
    assert operators.verify("01", Password("0000"), now) == MustChange()
    assert operators.reset("55", by="00") is OperatorRefused.UNKNOWN
    assert operators.set_password("55", RIGHT, by="00") is OperatorRefused.UNKNOWN


@pytest.mark.parametrize("number", ["00", "1", "100", "ab", "²3"])
def test_only_01_to_99_are_added(operators: Operators, number: str) -> None:
    assert operators.add(number, by="00") is OperatorRefused.NUMBER


def test_the_supervisor_is_never_deleted(operators: Operators) -> None:
    assert operators.delete("00", by="00") is OperatorRefused.NUMBER


def test_a_password_hash_put_in_from_outside_is_found(shop: Shop, operators: Operators) -> None:
    stored = shop.journal.operator_row("01")
    assert stored is not None
    shop.db.execute("UPDATE operators SET password = ? WHERE number = '00'", (stored.password,))
    with pytest.raises(JournalFault) as caught:
        operators.verify("00", RIGHT, shop.clock())
    assert caught.value.trouble is Trouble.CORRUPT


def test_no_password_and_no_hash_reaches_the_log(shop: Shop, operators: Operators) -> None:
    operators.verify("01", WRONG, shop.clock())
    bodies = "".join(entry.body for entry in shop.journal.records())
    assert "argon2" not in bodies
    assert "1357" not in bodies
    assert "9999" not in bodies
    told = {type(entry.record) for entry in shop.journal.records()}
    assert {OperatorAdded, PasswordChanged, PasswordFailed} <= told
