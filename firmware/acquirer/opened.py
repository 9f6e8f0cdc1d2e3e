"""An acquirer's data directory or database, opened: its master key, books, terminals, accounts."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from firmware.acquirer.booking import Kept
from firmware.acquirer.books import BOOKS, Books, BooksToRead
from firmware.acquirer.books_pool import BooksConnection, BooksPool
from firmware.acquirer.decisions import AcquirerService
from firmware.acquirer.engine import BooksEngine, BooksError
from firmware.acquirer.registry import KnownTerminals, Registry
from firmware.acquirer.sealed_records import FILE, Records, SqliteRecords
from firmware.acquirer.server import ALONE
from firmware.core.kinds import HOLD_DAYS
from firmware.iso8583.keys import MASTER, KeyFileError, read_or_make_master

LOCK = "serve.lock"
POSTGRES = ("postgresql://", "postgres://")
POSTGRES_CONNECTIONS = 1 + ALONE  # of one server; SQLite has one writer


class AcquirerPlace:
    """What `folder` holds, or the database `url` with the master key in `folder`.

    Several machines on one database share the file of the master key. The line to a database of
    another machine is over TLS, unless it may be `plain`. Raises BooksError.
    """

    def __init__(self, folder: Path, url: str = "", *, plain: bool = False) -> None:
        if url and not url.startswith(POSTGRES):
            raise BooksError("--books: expected postgresql://…")
        if url and not plain:
            _check_line(url)
        self._folder, self._url = folder, url
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._master = read_or_make_master(folder / MASTER)
        except KeyFileError as error:
            raise BooksError(str(error)) from None
        except OSError as error:
            raise BooksError(f"{error.filename or folder}: {error.strerror}") from None

    @property
    def is_shared(self) -> bool:
        """Whether several servers may have its books at once."""
        return bool(self._url)

    def registry(self) -> tuple[Registry, Callable[[], None]]:
        """The terminals and accounts, and how to close them; servers may run meanwhile."""
        if self._url:
            _, registry, close = self._opened(None, BooksToRead)
            return registry, close
        records = SqliteRecords(self._folder / FILE)  # there may be no books yet
        return Registry(records, self._master), records.close

    def to_read(self) -> tuple[BooksEngine, Registry, Callable[[], None]]:
        """Books and registry as they are, and how to close them; servers may run meanwhile."""
        return self._opened(None, BooksToRead)

    def pool(
        self,
        clock_now: Callable[[], datetime],
        *,
        test_amounts: bool = False,
        hold_days: int = HOLD_DAYS,
    ) -> BooksPool:
        """Connections for a server. Raises BooksError: the first is opened now."""

        def open_connection(kept: Kept | None) -> BooksConnection:
            books, registry, close = self._opened(kept, lambda path: Books(path, kept))
            terminals = KnownTerminals(registry)
            service = AcquirerService(
                registry.account,
                terminals.get,
                hash_key=registry.hash_key,
                clock_now=clock_now,
                test_amounts=test_amounts,
                hold_days=hold_days,
            )
            return BooksConnection(books, registry, terminals, service, close)

        pool = BooksPool(open_connection, POSTGRES_CONNECTIONS if self._url else 1)
        with pool.taken():
            return pool

    def lock(self) -> int:
        """Be the only server on this data directory's books, until the descriptor is closed.

        Raises BooksError while another is.
        """
        handle = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise BooksError(f"{self._folder}: another server has these books") from None
        return handle

    def _opened(
        self, kept: Kept | None, in_sqlite: Callable[[Path], BooksEngine]
    ) -> tuple[BooksEngine, Registry, Callable[[], None]]:
        """Books of the engine that is used, the registry beside them, and how to close both."""
        if self._url:
            books, records = self._in_postgres(kept)
        else:
            books = in_sqlite(self._folder / BOOKS)
            try:
                records = SqliteRecords(self._folder / FILE)
            except BaseException:
                books.close()
                raise

        def close() -> None:
            records.close()
            books.close()

        return books, Registry(records, self._master), close

    def _in_postgres(self, kept: Kept | None) -> tuple[BooksEngine, Records]:
        try:
            from firmware.acquirer.postgres import (  # noqa: PLC0415 - an extra
                PostgresBooks,
                PostgresRecords,
            )
        except ModuleNotFoundError:
            raise BooksError("PostgreSQL needs psycopg: install the extra `postgres`") from None
        books = PostgresBooks(self._url, kept)
        return books, PostgresRecords(books.link)


def _check_line(url: str) -> None:
    """Raises BooksError where a stranger on the line could read or change the books."""
    try:
        from firmware.acquirer.postgres_link import unproven_server  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        return  # said when it is opened
    if server := unproven_server(url):
        words = "expected sslmode=verify-full, or --books-plain: books would go over the network"
        raise BooksError(f"--books: {server}: {words} to whoever answers")
