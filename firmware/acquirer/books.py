"""The embedded host's books: what was asked, what was answered, what stands, account by account.

One SQLite file (WAL, synchronous FULL), one connection, one commit a request, durable before the
answer leaves. The books hold no PAN, PIN or key: an account is the keyed hash of its PAN. They may
be used from any thread, by one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from firmware.acquirer.booking import COLUMNS, LIMITED, Booking, Kept, Lapsed, Tie, row_of
from firmware.acquirer.books_link import BooksLink
from firmware.acquirer.books_rests import FREE_HOLD, LEFT, lapse, lapsed, stand_again
from firmware.acquirer.books_schema import SCHEMA, STEPS, TIE
from firmware.acquirer.engine import (
    PLACE,
    BooksConflict,
    BooksEngine,
    BooksError,
    BooksFailedError,
    BooksGoneError,
    Coming,
)
from firmware.core.kinds import RESTS_ON, USES_A_HOLD, Kind, Totals
from firmware.core.payment import PaymentName
from firmware.core.sqlite import insert_into, renew_log

BOOKS = "host-books.db"
_INSERT = insert_into("transactions", COLUMNS)
_PLACE = PLACE.replace("%s", "?")


class Books(BooksEngine):
    """The file at `path`, made if there is none. Raises BooksError.

    With `kept` no new books are made: the file must hold those books, and no earlier copy of them,
    else BooksGoneError is raised.
    """

    def __init__(
        self, path: Path, kept: Kept | None = None, link: type[BooksLink] = BooksLink
    ) -> None:
        try:
            if kept is not None and not path.exists():
                raise BooksGoneError(f"{path} is gone", another=False)
            renew_log(path)
        except OSError as error:
            raise BooksError(f"{path}: {error.strerror}") from error
        self._db = link.to(path, "rwc" if kept is None else "rw")
        self._kept = kept
        try:
            self._open()
            if kept is not None:
                self._compare(kept)
            self._kept = self._found()
        except BaseException:
            self._db.close()
            raise

    def _open(self) -> None:
        # small pages wear an SD card less: a sale touches six of them. For a new file only
        self._db.execute("PRAGMA page_size = 1024")
        mode = self._db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        self._db.execute("PRAGMA synchronous = FULL")
        level = self._db.execute("PRAGMA synchronous").fetchone()[0]
        if (mode, level) != ("wal", 2):
            raise BooksError(f"journal mode {mode}, sync level {level}: expected wal and 2")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise BooksError(f"schema {version}: expected at most {SCHEMA}")
        if version < SCHEMA and self._kept is not None:
            raise BooksGoneError("other books lie in their place", another=True)
        if version < SCHEMA:
            steps = " ".join(STEPS[version:])
            self._db.executescript(
                f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {SCHEMA}; COMMIT"
            )
        self._db.execute(TIE)

    def _found(self) -> Kept:
        return Kept(*self._db.execute("SELECT books, commits FROM counter").fetchone())

    def _compare(self, kept: Kept) -> None:
        found = self._found()
        if found.books != kept.books:
            raise BooksGoneError("other books lie in their place", another=True)
        if found.commits < kept.commits:
            raise BooksGoneError("an earlier copy of the books lies in their place", another=True)

    @property
    def kept(self) -> Kept:
        """Identity of the books, and how often they had been written at the last commit."""
        assert self._kept is not None
        return self._kept

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def commit(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        before = self._db.total_changes
        try:
            yield
            if self._db.total_changes == before:  # then nothing is worth a sync
                self._db.execute("ROLLBACK")
                return
            self._db.execute("UPDATE counter SET commits = commits + 1")
            self._db.execute("COMMIT")
            self._kept = Kept(self.kept.books, self.kept.commits + 1)
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def tie(self) -> Tie | None:
        """The journal that these books answer, and its last known record; None before the first."""
        row = self._db.execute("SELECT identity, key_check, seq, hash FROM tie").fetchone()
        return None if row is None else Tie(*row)

    def set_tie(self, tie: Tie) -> None:
        """Note the journal's last known record, in the commit that this is called in."""
        values = (tie.identity, tie.key_check, tie.seq, tie.hash)
        self._db.execute("INSERT OR REPLACE INTO tie VALUES (1, ?, ?, ?, ?)", values)

    def note_journal(self, seq: int, digest: bytes) -> None:
        """Store number and hash of the tied journal's last record, in the open commit."""
        self._db.execute("UPDATE tie SET seq = ?, hash = ?", (seq, digest))

    def next_number(self) -> int:
        """A number never given before."""
        row = self._db.execute("UPDATE counter SET last = last + 1 RETURNING last").fetchone()
        return int(row[0])

    def skip_numbers(self, count: int) -> None:
        """Skip as many numbers as were given after these books were copied."""
        self._db.execute("UPDATE counter SET last = last + ?", (count,))

    def hold_all(self, terminals: Collection[str]) -> None:
        """Nothing to do: BEGIN IMMEDIATE locks the whole file."""

    def hold_accounts(self, accounts: Collection[str]) -> None:
        """Nothing to do, as for terminals."""

    def lapse(self, accounts: Collection[str], since: str) -> None:
        lapse(self._db, accounts, since)

    def lapsed(self, since: str) -> dict[str, Lapsed]:
        return lapsed(self._db, since)

    def accounts_at(self, places: Collection[PaymentName]) -> set[str]:
        sql = f"SELECT account FROM transactions WHERE {_PLACE}"  # noqa: S608 - ours
        return {str(account) for each in places for (account,) in self._db.execute(sql, each)}

    def glance(self, coming: Sequence[Coming], reference: Callable[[int], str]) -> None:
        """Nothing to do: SQLite needs no reading ahead."""

    def add_all(self, entries: Sequence[tuple[Booking, int | None]]) -> None:
        for entry, limit_minor in entries:
            self._check(entry, limit_minor)
            self._db.execute(_INSERT, tuple(row_of(entry).values()))
            if entry.stands:
                self._move(entry.account, entry.spends_minor, entry.holds_minor)

    def _check(self, entry: Booking, limit_minor: int | None) -> None:
        """Raise BooksConflict unless the limit and the original allow what the entry moves."""
        if not entry.stands:
            return
        well = self._rests(entry)
        moved = entry.spends_minor + entry.holds_minor
        if well and moved > 0 and limit_minor is not None and entry.kind in LIMITED:
            funds = self.funds(entry.account)
            well = funds.spent_minor + funds.held_minor + moved <= limit_minor
        if not well:
            raise BooksConflict("the money or the original has changed meanwhile")

    def _rests(self, entry: Booking) -> bool:
        """Whether its original is still approved, with enough money left."""
        if not (originals := RESTS_ON[entry.kind]):
            return True
        values = row_of(entry)
        if entry.kind in USES_A_HOLD:
            return self._db.execute(FREE_HOLD, values).fetchone() is not None
        kinds = msgspec.json.encode([kind.value for kind in originals]).decode()
        row = self._db.execute(LEFT, values | {"kinds": kinds}).fetchone()
        return row is not None and (entry.kind is Kind.REFUND or not row[0])

    def cryptogram_used(self, account: str, cryptogram: bytes) -> bool:
        """Whether this account's card was already seen with the very same ARQC."""
        row = self._db.execute(
            "SELECT 1 FROM transactions WHERE cryptogram = ? AND cryptogram <> x'' AND account = ?",
            (cryptogram, account),
        ).fetchone()
        return row is not None

    def reverse(self, entry: Booking) -> None:
        place = (entry.terminal, entry.batch, entry.stan)
        # from the row, not `entry`: it is 0 where the hold's money was gone: see stand_again
        sql = f"SELECT holds_minor FROM transactions WHERE {_PLACE}"  # noqa: S608 - ours
        holds_minor = int(self._db.execute(sql, place).fetchone()[0])
        voids = entry.kind is Kind.COMPLETION_VOID and holds_minor
        if voids and stand_again(self._db, entry.undoes):
            holds_minor = 0
        sql = f"UPDATE transactions SET state = 'reversed' WHERE {_PLACE}"  # noqa: S608 - ours
        self._db.execute(sql, place)
        self._move(entry.account, -entry.spends_minor, -holds_minor)

    def note_reversal(self, place: PaymentName) -> None:
        """From now on nothing may stand at `place`."""
        self._db.execute("INSERT OR IGNORE INTO reversals VALUES (?, ?, ?)", place)

    def set_pin_failures(self, account: str, failures: int) -> None:
        self._db.execute(
            "INSERT INTO accounts (account, pin_failures) VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET pin_failures = excluded.pin_failures",
            (account, failures),
        )

    def settle(self, terminal: str, batch: int, reference: str, totals: Totals) -> None:
        """Close a batch on these totals."""
        sums = [getattr(totals, name) for name in Totals.__struct_fields__]
        self._db.execute(
            f"INSERT INTO settlements VALUES (?, ?, ?{', ?' * len(sums)})",  # noqa: S608 - ours
            (terminal, batch, reference, *sums),
        )

    def _move(self, account: str, spends_minor: int, holds_minor: int) -> None:
        """Change what an account has spent, and what is held of it: never below nothing."""
        self._db.execute("INSERT OR IGNORE INTO accounts (account) VALUES (?)", (account,))
        self._db.execute(
            "UPDATE accounts SET spent_minor = spent_minor + ?, held_minor = held_minor + ?"
            " WHERE account = ?",
            (spends_minor, holds_minor, account),
        )

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        return self._db.execute(sql.replace("%s", "?"), values).fetchall()


class BooksToRead(Books):
    """The books at `path`, read-only, while others may write them.

    Raises BooksError.
    """

    def __init__(self, path: Path) -> None:  # no log is renewed, no table made
        try:
            self._db = BooksLink.to(path, "ro", of_one_thread=True)
            try:
                self._require_schema(path)
                self._kept = self._found()
            except BaseException:
                self._db.close()
                raise
        except BooksFailedError as error:
            raise BooksError(f"{path}: {error}") from None

    def _require_schema(self, path: Path) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA:
            raise BooksError(f"{path}: schema {version}: expected {SCHEMA}")
