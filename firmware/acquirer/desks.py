"""Open books for several threads: each takes a desk, works alone at it, and gives it back.

A desk whose books failed is closed, and so are all that were opened before that: what broke one
connection has broken the others. The next thread that takes one opens it anew, because a sync or a
connection that failed must not be retried in place.
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


class ServiceDesk(Struct):
    """Books, and the registry beside them, over one connection or two."""

    books: BooksEngine
    registry: Registry
    terminals: KnownTerminals
    service: AcquirerService
    close: Callable[[], None]
    era: int = 0  # of the pool: how often books had failed when it was opened


class OpenBooksPool:
    """Up to `count` desks, each opened by `open_desk` when it is first wanted."""

    def __init__(self, open_desk: Callable[[Kept | None], ServiceDesk], count: int) -> None:
        self._open = open_desk
        self._kept: Kept | None = None
        self._era = 0
        self._free: queue.LifoQueue[ServiceDesk | None] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(None)

    @contextmanager
    def taken(self) -> Iterator[ServiceDesk]:
        """A desk for one request. Blocks while all are taken, up to WAIT_S.

        Raises BooksError when the books cannot be opened, BooksBusyError when no desk becomes free.
        """
        try:
            desk = self._free.get(timeout=WAIT_S)
        except queue.Empty:
            raise BooksBusyError("all desks are taken") from None
        try:
            if desk is not None and desk.era != self._era:
                desk.close()
                desk = None
            if desk is None:
                era = self._era
                desk = self._open(self._kept)
                desk.era = era
            yield desk
            self._note(desk.books.kept)
        except (BooksConflict, BooksBusyError, RecordDamagedError):
            raise
        except BooksError:
            if desk is not None:
                self._era = max(self._era, desk.era + 1)  # several may fail at once
                desk.close()
            desk = None
            raise
        finally:
            self._free.put(desk)

    def close(self) -> None:
        """Close the desks that no thread has taken."""
        while not self._free.empty():
            desk = self._free.get_nowait()
            if desk is not None:
                desk.close()

    def _note(self, kept: Kept) -> None:
        """Keep the latest state that a desk saw: books opened later must not be older."""
        if self._kept is None or kept.commits > self._kept.commits:
            self._kept = kept
