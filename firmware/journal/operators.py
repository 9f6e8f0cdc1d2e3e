"""Operators and their passwords: who may trade, and how often somebody may guess.

A password of four or six digits is soon found where guesses cost nothing. So it is hashed with
argon2id over an HMAC under the terminal's pepper, a failure is counted, durably, *before* a
password is checked (cutting the power gives no free guess), and from the third failure on each one
locks the operator for twice as long, also over restarts.
"""

from __future__ import annotations

import enum
import functools
import hashlib
import hmac
import itertools
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from firmware.core.masked import Password
from firmware.journal.faults import JournalFault, Trouble
from firmware.journal.numbers import OperatorRow
from firmware.journal.records import (
    OperatorAdded,
    OperatorRemoved,
    PasswordChanged,
    PasswordFailed,
    Record,
)
from firmware.journal.store import Journal

if TYPE_CHECKING:
    import sqlite3

    from argon2 import PasswordHasher

SUPERVISOR = "00"
SUPERVISOR_DEFAULT, CASHIER_DEFAULT = Password("123456"), Password("0000")
FREE_FAILURES = 2
LOCK_S, LOCK_MAX_S = 30, 3600


class Verified(Struct, frozen=True):
    """The password is right."""


class MustChange(Struct, frozen=True):
    """The password is right, but it is the factory's: nothing else works before it is changed."""


class WrongPassword(Struct, frozen=True):
    """The password is wrong; `failures` counts since the last right one."""

    failures: int


class LockedFor(Struct, frozen=True):
    """Too many failures: nothing was checked, and nothing will be for `seconds`."""

    seconds: int


class UnknownOperator(Struct, frozen=True):
    """Nobody has this number."""


PasswordVerdict = Verified | MustChange | WrongPassword | LockedFor | UnknownOperator


class OperatorRefused(enum.Enum):
    """Why an operator is not changed."""

    UNKNOWN = "unknown"
    WEAK = "weak"  # the password
    NUMBER = "number"  # the supervisor's, or none
    EXISTS = "exists"


class Cost(Struct, frozen=True):
    """What one guess costs, as argon2 counts it. See RFC 9106, 3.1."""

    passes: int = 2
    memory_kib: int = 19_456


class Operators:
    """The operators in the journal's database, on its connection and in its commits.

    All methods block for the disk, and those that take a password for the hash (tens of ms on a
    Pi). All raise JournalFault. Changes answer None when done, or why they are refused.
    """

    def __init__(self, journal: Journal, cost: Cost | None = None) -> None:
        self._cost = cost or Cost()
        self._journal = journal
        if not journal.staff():  # the first start: both have the factory's password
            first = SUPERVISOR, "01"
            for number in first:
                self._row(number)  # raises for an operator in the table who is not in the log
            self._add(*first, by="")

    def verify(
        self, number: str, password: Password, now: datetime, *, purpose: str = ""
    ) -> PasswordVerdict:
        """Check a password: a failure is counted before, and cleared if the password is right."""
        row = self._row(number)
        if row is None:
            self._journal.append(PasswordFailed(operator=number, failures=0, purpose=purpose))
            return UnknownOperator()
        if row.checking is not None:  # the power went while a guess was being checked
            interrupted = f"{row.checking} (interrupted)"
            row = self._failed(number, row.failures, interrupted, now)
        now_s = int(now.timestamp())
        locked_s, most_s = row.locked_until_s - now_s, _lock_s(row.failures)
        if locked_s > most_s:  # the clock was set back: the lock lasts its time from now
            locked_s = most_s
            self._set(number, "locked_until_s = ?", now_s + locked_s)
        if locked_s > 0:
            return LockedFor(locked_s)
        failures = row.failures + 1
        self._set(number, "failures = ?, checking = ?", failures, purpose)
        if not self._matches(number, password, row.password):
            self._failed(number, failures, purpose, now)
            return WrongPassword(failures)
        self._set(number, "failures = 0, checking = NULL, locked_until_s = 0")
        return MustChange() if row.must_change else Verified()

    def set_password(self, number: str, password: Password, *, by: str) -> OperatorRefused | None:
        """Change a password. Refuses UNKNOWN and WEAK."""
        if self._row(number) is None:
            return OperatorRefused.UNKNOWN
        if is_weak(number, password):
            return OperatorRefused.WEAK
        self._store(number, password, by, must_change=False)
        return None

    def reset(self, number: str, *, by: str) -> OperatorRefused | None:
        """Give an operator the factory password back, to be changed. Refuses UNKNOWN."""
        if self._row(number) is None:
            return OperatorRefused.UNKNOWN
        self._store(number, _default(number), by, must_change=True)
        return None

    def add(self, number: str, *, by: str) -> OperatorRefused | None:
        """Add a cashier with the factory password, to be changed. Refuses NUMBER and EXISTS."""
        if not is_number(number) or number == SUPERVISOR:
            return OperatorRefused.NUMBER
        if self._row(number) is not None:
            return OperatorRefused.EXISTS
        self._add(number, by=by)
        return None

    def delete(self, number: str, *, by: str) -> OperatorRefused | None:
        """Delete a cashier. Refuses NUMBER for the supervisor, and UNKNOWN."""
        if number == SUPERVISOR:
            return OperatorRefused.NUMBER
        if self._row(number) is None:
            return OperatorRefused.UNKNOWN
        removed = OperatorRemoved(operator=number, by=by)
        self._change("DELETE FROM operators WHERE number = ?", number, record=removed)
        return None

    def numbers(self) -> list[str]:
        """Everybody's number, in order."""
        return sorted(self._journal.staff())

    # -- below --------------------------------------------------------------------------------

    def _add(self, *numbers: str, by: str) -> None:
        """Add them in one commit: after a power cut there are all of them, or none."""
        stored = {number: self._hash(number, _default(number)) for number in numbers}

        def also(db: sqlite3.Connection) -> None:
            for row in stored.items():
                db.execute(
                    "INSERT INTO operators (number, password, must_change) VALUES (?, ?, 1)", row
                )

        added = (
            OperatorAdded(operator=number, by=by, digest=digest_of(one, must_change=True))
            for number, one in stored.items()
        )
        self._journal.append(*added, also=also)

    def _store(self, number: str, password: Password, by: str, *, must_change: bool) -> None:
        stored = self._hash(number, password)
        digest = digest_of(stored, must_change=must_change)
        self._set(
            number,
            "password = ?, must_change = ?, failures = 0, checking = NULL, locked_until_s = 0",
            stored,
            int(must_change),
            record=PasswordChanged(operator=number, by=by, digest=digest),
        )

    def _failed(self, number: str, failures: int, purpose: str, now: datetime) -> OperatorRow:
        locked_until_s = int(now.timestamp()) + _lock_s(failures)
        self._set(
            number,
            "checking = NULL, locked_until_s = ?",
            locked_until_s,
            record=PasswordFailed(operator=number, failures=failures, purpose=purpose),
        )
        row = self._row(number)
        assert row is not None
        return row

    def _set(
        self, number: str, columns: str, *values: str | int, record: Record | None = None
    ) -> None:
        sql = f"UPDATE operators SET {columns} WHERE number = ?"  # noqa: S608 - columns of ours
        self._change(sql, *values, number, record=record)

    def _change(self, sql: str, *values: str | int, record: Record | None = None) -> None:
        """Change the table of operators, in one commit with the record of it."""
        records = [] if record is None else [record]
        self._journal.append(*records, also=lambda db: db.execute(sql, values))

    def _row(self, number: str) -> OperatorRow | None:
        """The operator's row. Raises JournalFault unless it matches the digest in the log."""
        row = self._journal.operator_row(number)
        known = self._journal.staff().get(number)
        found = row and digest_of(row.password, must_change=bool(row.must_change))
        if found != known:
            raise JournalFault(Trouble.CORRUPT, f"operator {number} is not as the log says")
        return row

    @functools.cached_property
    def _hasher(self) -> PasswordHasher:
        from argon2 import PasswordHasher, Type  # noqa: PLC0415 - no start asks for a password

        cost = self._cost
        return PasswordHasher(
            time_cost=cost.passes,
            memory_cost=cost.memory_kib,
            parallelism=1,
            type=Type.ID,
        )

    def _hash(self, number: str, password: Password) -> str:
        return self._hasher.hash(self._peppered(number, password))

    def _matches(self, number: str, password: Password, stored: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415 - as above

        try:
            return self._hasher.verify(stored, self._peppered(number, password))
        except InvalidHashError as error:
            raise JournalFault(Trouble.CORRUPT, f"operator {number} has no password") from error
        except VerificationError:
            return False

    def _peppered(self, number: str, password: Password) -> bytes:
        """The number is mixed in, so that one operator's hash is of no use to another."""
        message = f"{number}:{password.reveal()}".encode()
        return hmac.new(self._journal.keys.pepper.reveal(), message, hashlib.sha256).digest()


def is_number(text: str) -> bool:
    """Whether this is an operator's number, 00 to 99."""
    return len(text) == 2 and text.isascii() and text.isdigit()


def is_weak(number: str, password: Password) -> bool:
    """Whether a password is too short or long, the factory's, one digit, or digits in a run."""
    digits = password.reveal()
    if len(digits) != (6 if number == SUPERVISOR else 4) or password == _default(number):
        return True
    steps = {(int(b) - int(a)) % 10 for a, b in itertools.pairwise(digits)}
    return steps in ({0}, {1}, {9})


def _default(number: str) -> Password:
    return SUPERVISOR_DEFAULT if number == SUPERVISOR else CASHIER_DEFAULT


def _lock_s(failures: int) -> int:
    """How long the latest failure locks: nothing at first, then 30 s doubled each time to 1 h."""
    counted = failures - FREE_FAILURES
    return 0 if counted <= 0 else min(LOCK_S << min(counted - 1, 16), LOCK_MAX_S)


def digest_of(stored: str, *, must_change: bool) -> str:
    """The log's digest of an operator's row: it shows a change, and helps nobody to guess."""
    return hashlib.sha256(f"{int(must_change)}:{stored}".encode()).hexdigest()
