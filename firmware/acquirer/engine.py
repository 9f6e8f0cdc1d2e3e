"""What issuer and acquirer ask of their books, whatever engine keeps them.

SQLite's is `firmware.acquirer.books`; another engine is another module that does the same. See
tests/contracts/test_books_contract.py.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from firmware.core.kinds import Totals
from firmware.core.payment import PaymentName

if TYPE_CHECKING:
    from firmware.acquirer.booking import Booking, Funds, Kept, Lapsed, Tie
    from firmware.core.sqlite import JournalFault


class BooksError(Exception):
    """The books cannot be kept as promised: wrong journal mode, sync level or schema."""


class BooksFailedError(BooksError):
    """The database or the disk under the books failed; `fault` says how."""

    def __init__(self, words: str, fault: JournalFault) -> None:
        super().__init__(words)
        self.fault = fault


class BooksGoneError(BooksError):
    """The books that were kept are not in their place; `another` lies there if it is true."""

    def __init__(self, words: str, *, another: bool) -> None:
        super().__init__(words)
        self.another = another


class BooksBusyError(BooksError):
    """Others kept it waiting for too long; nothing was booked, and nothing is broken."""


class BooksConflict(BooksError):  # noqa: N818 - what happened
    """What was decided does not fit the books any more; nothing was booked: decide anew."""


class RecordDamagedError(BooksError):
    """A record cannot be opened; the books and all others can."""


class Coming(Struct, frozen=True):
    """A request that is about to be decided, as far as it says what will be read for it."""

    place: PaymentName
    account: str
    cryptogram: bytes = b""
    original: str = ""  # reference of what it rests on


class BooksEngine(Protocol):
    """Open books, used from any thread by one at a time. All raise BooksError."""

    @property
    def kept(self) -> Kept: ...

    def close(self) -> None: ...

    def commit(self) -> AbstractContextManager[None]:
        """What is written within is durable at its end, or, after an exception, not there."""
        ...

    def tie(self) -> Tie | None: ...

    def set_tie(self, tie: Tie) -> None: ...

    def next_number(self) -> int: ...

    def hold(self, terminal: str, account: str = "") -> None:
        """Nobody else decides for this terminal, or on this account, until the commit ends."""
        ...

    def hold_all(self, terminals: Collection[str]) -> None:
        """The same for many terminals, the first that a commit does; they are read ahead."""
        ...

    def hold_accounts(self, accounts: Collection[str]) -> None:
        """The same for many accounts, after the terminals."""
        ...

    def lapse(self, accounts: Collection[str], since: str) -> None:
        """Let go what these accounts hold by pre-authorisations of before the day `since`.

        Of those alone that are neither released nor completed, while the accounts are held.
        """
        ...

    def lapsed(self, since: str) -> dict[str, Lapsed]:
        """Of each account what was let go so, and what is to be on the next occasion."""
        ...

    def accounts_at(self, places: Collection[PaymentName]) -> set[str]:
        """The accounts of those requests that the books have."""
        ...

    def glance(self, coming: Sequence[Coming], reference: Callable[[int], str]) -> None:
        """Told what decisions will ask for; `reference` says what a number's would be."""
        ...

    def add(self, entry: Booking, limit_minor: int | None = None) -> None:
        """Enter a request and move its money, on conditions that the commit may refuse."""
        ...

    def add_all(self, entries: Sequence[tuple[Booking, int | None]]) -> None:
        """The same for many, each with its limit."""
        ...

    def entry(self, place: PaymentName) -> Booking | None: ...

    def by_reference(self, reference: str) -> Booking | None: ...

    def holds_of(self, account: str, authorisation_code: str) -> list[Booking]: ...

    def resting_on(self, reference: str) -> list[Booking]: ...

    def entries(self) -> list[Booking]: ...

    def cryptogram_used(self, account: str, cryptogram: bytes) -> bool: ...

    def reverse(self, entry: Booking) -> None:
        """Take back a standing entry and the money it moved.

        A completion whose void is taken back stands again. Where its hold's money is gone, because
        another has used it since, it stands without: its `holds_minor` is 0 from then on.
        """
        ...

    def note_reversal(self, place: PaymentName) -> None: ...

    def is_reversed(self, place: PaymentName) -> bool: ...

    def spent_minor(self, account: str) -> int: ...

    def funds(self, account: str) -> Funds: ...

    def all_funds(self) -> dict[str, Funds]: ...

    def spent(self) -> dict[str, int]: ...

    def sales_of_day(self, account: str, day: str) -> tuple[int, int]: ...

    def pin_failures(self, account: str) -> int: ...

    def set_pin_failures(self, account: str, failures: int) -> None: ...

    def totals(self, terminal: str, batch: int) -> Totals: ...

    def batches(self) -> list[tuple[str, int]]: ...

    def in_batch(self, terminal: str, batch: int) -> list[Booking]: ...

    def settlement(self, terminal: str, batch: int) -> tuple[str, Totals] | None: ...

    def last_settled(self, terminal: str) -> int: ...

    def is_reference(self, reference: str) -> bool: ...

    def settle(self, terminal: str, batch: int, reference: str, totals: Totals) -> None: ...


class OpenBooks(Protocol):
    """Opens the books at a place; with `kept` only those very ones. See books.Books."""

    def __call__(self, path: Path, kept: Kept | None = None, /) -> BooksEngine: ...
