"""One connection to PostgreSQL, as the acquirer uses it: durable commits, bounded waits."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from firmware.acquirer.engine import BooksBusyError, BooksConflict, BooksError, BooksGoneError
from firmware.acquirer.postgres_schema import MIGRATIONS
from firmware.core.hosts import is_loopback

SCHEMA = len(MIGRATIONS)
CONNECT_S = 5
# every wait ends: where a lock is kept or a server hangs, the terminal gets no answer and
# reverses
_OPTIONS = {
    "lock_timeout": "5s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
    "default_transaction_isolation": "read\\ committed",
    # plans are kept, so those made while the tables are still empty have to use the indexes, too
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
_DURABLE = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply"),
}
_MIGRATING = 0x706F73  # key of the lock under which the tables are made
BEGIN, COMMIT = "BEGIN", "COMMIT"
# another transaction was there first: what was decided on has changed, so decide again
_CONFLICTS = (
    errors.UniqueViolation,
    errors.CheckViolation,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.DivisionByZero,  # of a statement that found nothing to change: see postgres_moves
)
_BUSY = (errors.LockNotAvailable, errors.QueryCanceled)

Values = Sequence[object] | Mapping[str, object]
Statement = tuple[str, Values]
Read = tuple[str, tuple[object, ...]]
Rows = list[tuple[Any, ...]]


def unproven_server(url: str) -> str:
    """The first server beyond this machine that need not prove by a certificate who it is.

    What `url` leaves out is read from the environment, as libpq does. "" if there is none. Raises
    BooksError for what is no connection string.
    """
    try:
        said = conninfo_to_dict(url)
    except psycopg.Error as error:
        raise BooksError(f"--books: {_words(error)}") from None
    names = ("host", "hostaddr", "sslmode", "service")
    asked = {name: str(said.get(name) or os.environ.get(f"PG{name.upper()}", "")) for name in names}
    if asked["sslmode"] == "verify-full":
        return ""
    if asked["service"]:  # whose file may name any host
        return f"service {asked['service']}"
    hosts, numbers = asked["host"].split(","), asked["hostaddr"].split(",")
    for host, number in zip_longest(hosts, numbers, fillvalue=""):
        if not _is_here(number or host):
            return number or host
    return ""


def _is_here(host: str) -> bool:
    """Whether a server is on this machine: a socket's folder, or a loopback address."""
    return not host or host.startswith(("/", "@")) or is_loopback(host)


class PostgresLink:
    """A connection to the database that `url` names, its tables made or brought up to date.

    A statement that changes rows waits for the next read or the commit, and rows that will soon be
    needed are read ahead: both are sent together, so that a request costs few round trips.

    `url` is a libpq connection string: `postgresql://user@a,b/name?target_session_attrs=read-write`
    finds the primary among several servers. Blocks up to CONNECT_S a server. Raises BooksError,
    also where a commit would not be durable; BooksGoneError where tables are to be made, unless
    `may_make`.
    """

    def __init__(self, url: str, *, may_make: bool = True) -> None:
        options = " ".join(f"-c {name}={value}" for name, value in _OPTIONS.items())
        try:
            self._db = psycopg.connect(
                url,
                autocommit=True,  # transactions begin by an explicit BEGIN
                connect_timeout=CONNECT_S,
                options=options,
                application_name="pos-acquirer",
                prepare_threshold=1,  # a statement that comes again is prepared
            )
        except psycopg.Error as error:
            raise BooksError(_words(error)) from None
        self._broken_off = 0
        self._waiting: list[Statement] = []
        self._ahead: dict[Read, Rows] = {}
        try:
            self._check_durable()
            self._migrate(may_make=may_make)
        except BaseException:
            self.close()
            raise

    def run(self, sql: str, values: Values = ()) -> psycopg.Cursor[Any]:
        """Execute what waits and a statement. Raises BooksConflict, when another was first."""
        return self._send([(sql, values)])[-1]

    def later(self, sql: str, values: Values = (), *, forget: Iterable[Read] | None = None) -> None:
        """Execute a statement before the next one that is read, or with the commit.

        Rows read ahead are dropped: those of the reads in `forget`, or all without it.
        """
        if forget is None:
            self._ahead.clear()
        else:
            for each in forget:
                self._ahead.pop(each, None)
        self._waiting.append((sql, values))

    def commit(self) -> None:
        """End the transaction, durable when this returns. Raises BooksConflict."""
        if self._waiting == [(BEGIN, ())]:  # nothing was asked within
            self._waiting.clear()
            return
        self._ahead.clear()
        self._send([(COMMIT, ())])

    def together(self, reads: Sequence[Statement]) -> list[Rows]:
        """The rows of each of some statements, in one round trip.

        They are read one after the other: each sees what was committed when those before it ended.
        """
        return [cursor.fetchall() if cursor.description else [] for cursor in self._send(reads)]

    def foresee(self, sql: str, values: tuple[object, ...], rows: Rows) -> None:
        """Let a statement give these rows, which were read ahead, until they are dropped."""
        self._ahead[sql, values] = rows

    def forget(self, read: Read) -> None:
        """Drop rows that were read ahead: they are about to change."""
        self._ahead.pop(read, None)

    def row(self, sql: str, values: Values = ()) -> tuple[Any, ...] | None:
        """The first row that a statement gives."""
        return next(iter(self.rows(sql, values)), None)

    def rows(self, sql: str, values: Values = ()) -> Rows:
        """All rows that a statement gives."""
        if isinstance(values, tuple) and (sql, values) in self._ahead:
            return self._ahead[sql, values]
        return self.run(sql, values).fetchall()

    def _send(self, statements: Sequence[Statement]) -> list[psycopg.Cursor[Any]]:
        """Execute what waits and then these, in one round trip; their cursors."""
        sent = [*self._waiting, *statements]
        self._waiting.clear()
        try:
            # the statements are this package's own, values always go beside them
            if len(sent) == 1:
                return [self._db.execute(sent[0][0].encode(), sent[0][1] or None)]
            with self._db.pipeline():
                cursors = [self._db.execute(sql.encode(), values or None) for sql, values in sent]
        except _CONFLICTS as error:
            raise BooksConflict(_words(error)) from None
        except _BUSY as error:
            raise BooksBusyError(_words(error)) from None
        except psycopg.Error as error:
            raise BooksError(_words(error)) from None
        return cursors[len(sent) - len(statements) :]

    def roll_back(self) -> None:
        """Leave a transaction that broke off; a connection that is broken has left it already."""
        self._waiting.clear()
        self._ahead.clear()
        if self._db.closed or self._db.info.transaction_status is _IDLE:
            return
        try:
            # of statements that broke off together some were never prepared, and psycopg forgets
            # which were at the first ROLLBACK of a wording alone
            self._broken_off += 1
            self._db.execute(f"ROLLBACK -- {self._broken_off}".encode())
        except psycopg.Error:
            self._db.close()

    def close(self) -> None:
        self._db.close()

    def _check_durable(self) -> None:
        for name, wanted in _DURABLE.items():
            found = self.run(f"SHOW {name}").fetchone()
            if found is None or found[0] not in wanted:
                raise BooksError(f"{name} = {found and found[0]}: expected {' or '.join(wanted)}")

    def _migrate(self, *, may_make: bool) -> None:
        """Bring the tables to SCHEMA; of several processes that start at once one does it."""
        if self._schema() == SCHEMA:
            return
        self.run("BEGIN")
        try:
            self.run("SELECT pg_advisory_xact_lock(%s)", (_MIGRATING,))
            self._make_tables(may_make=may_make)
            self.run("COMMIT")
        except BaseException:
            self.roll_back()
            raise

    def _make_tables(self, *, may_make: bool) -> None:
        found = self._schema()
        if found > SCHEMA:
            raise BooksError(f"schema {found}: expected at most {SCHEMA}")
        if found < SCHEMA and not may_make:
            raise BooksGoneError("no books lie in their place", another=True)
        for number in range(found, SCHEMA):
            self.run(MIGRATIONS[number])
            self.run("UPDATE books SET schema = %s", (number + 1,))

    def _schema(self) -> int:
        found = self.row("SELECT to_regclass('books') IS NOT NULL")
        if found is None or not found[0]:
            return 0
        row = self.row("SELECT schema FROM books")
        return int(row[0]) if row else 0


_IDLE = psycopg.pq.TransactionStatus.IDLE


def _words(error: psycopg.Error) -> str:
    """What the server says, in one line and without the values that it repeats in its detail."""
    return error.diag.message_primary or str(error).strip().partition("\n")[0] or "no connection"
