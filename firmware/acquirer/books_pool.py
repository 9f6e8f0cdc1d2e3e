"""Open books for several threads: each takes a connection, uses it alone, and gives it back.

If the books of one fail, all connections opened before the failure are closed too: what broke one
has broken the others. The next thread that takes one opens it anew, because a sync or a connection
that failed must not be retried in place.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from firmware.acquirer.booking import Kept
from firmware.acquirer.decisions import AcquirerService
from firmware.acquirer.engine import (
    BooksBusyError,
    BooksConflict,
    BooksEngine,
    BooksError,
    RecordDamagedError,
)
from firmware.acquirer.registry import KnownTerminals, Registry

WAIT_S = 10


class BooksConnection(Struct):
    """Open books, and the registry beside them: over one connection of the database or two."""

    books: BooksEngine
    registry: Registry
    terminals: KnownTerminals
    service: AcquirerService
    close: Callable[[], None]
    era: int = 0  # of the pool: how often books had failed when it was opened


class BooksPool:
    """Up to `count` connections, each opened by `open_connection` when it is first wanted."""

    def __init__(
        self, open_connection: Callable[[Kept | None], BooksConnection], count: int
    ) -> None:
        self._open = open_connection
        self._kept: Kept | None = None
        self._era = 0
        self._free: queue.LifoQueue[BooksConnection | None] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(None)

    @contextmanager
    def taken(self) -> Iterator[BooksConnection]:
        """A connection for one request. Blocks while all are taken, up to WAIT_S.

        Raises BooksError when the books cannot be opened, BooksBusyError when none becomes free.
        """
        try:
            connection = self._free.get(timeout=WAIT_S)
        except queue.Empty:
            raise BooksBusyError("all connections to the books are taken") from None
        try:
            if connection is not None and connection.era != self._era:
                connection.close()
                connection = None
            if connection is None:
                era = self._era
                connection = self._open(self._kept)
                connection.era = era
            yield connection
            self._note(connection.books.kept)
        except (BooksConflict, BooksBusyError, RecordDamagedError):
            raise
        except BooksError:
            if connection is not None:
                self._era = max(self._era, connection.era + 1)  # several may fail at once
                connection.close()
            connection = None
            raise
        finally:
            self._free.put(connection)

    def close(self) -> None:
        """Close the connections that no thread has taken."""
        while not self._free.empty():
            connection = self._free.get_nowait()
            if connection is not None:
                connection.close()

    def _note(self, kept: Kept) -> None:
        """Keep the latest state that a connection saw: books opened later must not be older."""
        if self._kept is None or kept.commits > self._kept.commits:
            self._kept = kept
