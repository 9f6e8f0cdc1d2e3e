"""The embedded host: answers the terminal's messages against its own books.

It speaks an acquirer's messages behind the same port, under the profile `embedded`, so that the
terminal cannot tell them apart. What it answers is durable in its books before it leaves.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.acquirer.booking import Kept, Tie
from firmware.acquirer.books import Books
from firmware.acquirer.engine import (
    BooksError,
    BooksFailedError,
    BooksGoneError,
)
from firmware.acquirer.named_books import BookEntry, NamedBooks
from firmware.core.kinds import HOLD_DAYS, Totals
from firmware.core.masked import SecretKey
from firmware.core.sqlite import JournalFault, Trouble
from firmware.iso8583.keys import SessionKeys, derive

if TYPE_CHECKING:
    from firmware.acquirer.accounts import Account
    from firmware.acquirer.answering import Answering
    from firmware.acquirer.registration import Registration


class LocalHost:
    """A HostLink whose other end is in here.

    `terminals` are the registered ones by number, `clock_now` the host's wall clock, `master` the
    key from which the books' hash key is derived. Made and queried on one thread, it may exchange
    on another. The books are made at the start alone, if there are none; later on only the same
    ones are opened again. Raises BooksError when they cannot be opened.

    Its terminals live in this process, so they take the keys of their messages from `session`: they
    are new with each start, and no sign-on brings them.
    """

    journal_head: Callable[[], tuple[int, bytes]] | None = None  # see firmware.terminal.tie
    undelivered = False  # whatever is exchanged has been taken

    def __init__(
        self,
        books_path: Path,
        accounts: Sequence[Account],
        *,
        master: SecretKey,
        terminals: Mapping[str, Registration],
        clock_now: Callable[[], datetime],
        test_amounts: bool = False,
        hold_days: int = HOLD_DAYS,
        open_books: Callable[[Path, Kept | None], Books] = Books,
    ) -> None:
        self._path = books_path
        self._lock = threading.RLock()  # one uses the books, another gives them back
        self._open_books = open_books
        self._kept: Kept | None = None
        self._books: Books | None = open_books(books_path, self._kept)
        self._hash_key = derive(master, "books|accounts", 32)
        self.session = SessionKeys.fresh()
        self._now = clock_now
        self._accounts = {account.pan.keyed_hash(self._hash_key): account for account in accounts}
        self._named = NamedBooks(self._accounts)
        self._terminals = dict(terminals)
        self._test_amounts, self._hold_days = test_amounts, hold_days

    @functools.cached_property
    def _answering(self) -> Answering:
        # imported with the first request: a start needs none of it
        from firmware.acquirer.answering import Answering  # noqa: PLC0415
        from firmware.acquirer.decisions import AcquirerService  # noqa: PLC0415
        from firmware.iso8583.unionpay import embedded_line  # noqa: PLC0415

        service = AcquirerService(
            self._accounts.get,
            self._terminals.get,
            hash_key=self._hash_key,
            clock_now=self._now,
            test_amounts=self._test_amounts,
            hold_days=self._hold_days,
        )
        return Answering(service, embedded_line(0), self._now)

    def exchange(self, message: bytes, timeout_ms: int) -> bytes | None:
        """Decide on a frame and give the answer's; None for what is never answered.

        None also when the disk refuses: the books may or may not hold it, so it is to be reversed.
        """
        del timeout_ms  # an answer from in here is there at once or never
        with self._lock:
            try:
                return self._answering.answer(
                    self._opened(), message, self.session, self._note_journal
                )
            except BooksError:
                # a failed sync is not to be retried in place: begin anew from what is on the disk
                self.close()
                return None

    def close(self) -> None:
        """Close the books; a later exchange opens them again."""
        with self._lock:
            if self._books is not None:
                self._kept = self._books.kept
                self._books.close()
                self._books = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that have to be where they were."""
        return (self._path,)

    def check(self) -> None:
        """Open the books if they are closed. Raises JournalFault when they are not the same."""
        with self._lock:
            try:
                self._opened()
            except BooksGoneError as error:
                trouble = Trouble.OTHERS if error.another else Trouble.GONE
                raise JournalFault(trouble, str(error)) from error
            except BooksFailedError as error:
                raise error.fault from error
            except BooksError as error:
                raise JournalFault(Trouble.IO, str(error)) from error

    def books(self) -> list[BookEntry]:
        """Every financial request and what became of it, by terminal, batch and STAN."""
        return self._named.entries(self._opened())

    def balances(self) -> dict[str, int]:
        """What each account by name has spent: what was charged and not given back."""
        return self._named.balances(self._opened())

    def holds(self) -> dict[str, int]:
        """What pre-authorisations hold on each account by name, where they hold something."""
        return self._named.holds(self._opened())

    def totals(self, terminal: str, batch: int) -> Totals:
        """What stands in a batch, as its settlement would say it."""
        books = self._opened()
        return books.totals(terminal, books.serial_of(terminal, batch))

    def names_by_hash(self, key: SecretKey) -> dict[str, str]:
        """The accounts' names by the hash that their PAN has under a terminal's key."""
        return self._named.names_by_hash(key)

    def tie(self) -> Tie | None:
        """What the books know of the terminal's journal. Raises BooksError."""
        return self._opened().tie()

    def begin_tie(self, identity: str, seq: int, digest: bytes) -> None:
        """Note the journal that is answered from now on; durable when this returns."""
        books = self._opened()
        with books.commit():
            books.set_tie(Tie(identity, self.key_check, seq, digest))

    def has_answered(self, terminal: str, batch: int, stan: int, reference: str) -> bool:
        """Whether the books hold this request with this reference number.

        `batch` is its number, as the terminal has it.
        """
        books = self._opened()
        entry = books.entry((terminal, books.serial_of(terminal, batch), stan))
        return entry is not None and entry.reference == reference

    @property
    def key_check(self) -> str:
        """Eight bytes in hex that change with the key under which accounts are found."""
        return hmac.new(self._hash_key.reveal(), b"pos-key-check", hashlib.sha256).hexdigest()[:16]

    def _note_journal(self) -> None:
        """Note the last record of the journal that is answered, in the answer's commit."""
        if self.journal_head is not None:
            self._opened().note_journal(*self.journal_head())

    def _opened(self) -> Books:
        if self._books is None:
            self._books = self._open_books(self._path, self._kept)
        return self._books
