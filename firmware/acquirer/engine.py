"""What issuer and acquirer ask of their books, in any engine.

SQLite's is `firmware.acquirer.books`; another engine is a module with the same methods. See
tests/contracts/test_books_contract.py. All engines read by the same statements.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from firmware.acquirer.booking import COLUMNS, Booking, Funds, entry_of, totals_of
from firmware.core.kinds import Totals
from firmware.core.payment import PaymentName
from firmware.iso8583 import rounds

if TYPE_CHECKING:
    from firmware.acquirer.booking import Kept, Lapsed
    from firmware.core.sqlite import JournalFault

NAMES = ", ".join(COLUMNS)
PLACE = "terminal = %s AND batch = %s AND stan = %s"
SELECT = f"SELECT {NAMES} FROM transactions "  # noqa: S608 - our own names
ENTRY = f"{SELECT}WHERE {PLACE}"
REVERSED = f"SELECT 1 FROM reversals WHERE {PLACE}"  # noqa: S608 - our own names
FUNDS = "SELECT spent_minor, held_minor FROM accounts WHERE account = %s"
PIN_FAILURES = "SELECT pin_failures FROM accounts WHERE account = %s"
SETTLEMENT = "SELECT * FROM settlements WHERE terminal = %s AND batch = %s"
LAST_SETTLED = "SELECT COALESCE(MAX(batch), 0) FROM settlements WHERE terminal = %s"
IS_REFERENCE = (
    "SELECT 1 FROM transactions WHERE reference = %s"
    " UNION ALL SELECT 1 FROM settlements WHERE reference = %s"
)
BY_REFERENCE = f"{SELECT}WHERE reference = %s"
RESTING = f"{SELECT}WHERE undoes = %s AND undoes <> '' AND state = 'standing'"
HOLDS = (
    f"{SELECT}WHERE account = %s AND authorisation_code = %s AND kind = 'preauth'"
    " ORDER BY decided_on DESC, reference DESC"
)
SALES_OF_DAY = (
    "SELECT COUNT(*), COALESCE(SUM(amount_minor), 0) FROM transactions WHERE account = %s"
    " AND decided_on = %s AND state = 'standing' AND kind IN ('sale', 'completion')"
)
_TOTALS = (
    "SELECT kind, COUNT(*), CAST(SUM(amount_minor) AS bigint) FROM transactions WHERE"
    " terminal = %s AND batch = %s AND state = 'standing' GROUP BY kind"
)
_BATCHES = (
    "SELECT terminal, batch FROM transactions UNION SELECT terminal, batch FROM settlements"
    " ORDER BY 1, 2"
)


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
    """It waited too long for other processes; nothing was booked, and nothing is broken."""


class BooksConflict(BooksError):  # noqa: N818 - what happened
    """What was decided does not fit the books any more; nothing was booked: decide anew."""


class RecordDamagedError(BooksError):
    """A record cannot be opened; the books and all others can."""


class Coming(Struct, frozen=True):
    """What a request says of the rows that the decision on it will read."""

    place: PaymentName
    account: str
    cryptogram: bytes = b""
    original: str = ""  # reference of its original


class BooksEngine(Protocol):
    """Open books, used from any thread by one at a time. All raise BooksError."""

    @property
    def kept(self) -> Kept: ...

    def close(self) -> None: ...

    def commit(self) -> AbstractContextManager[None]:
        """What is written within is durable at its end, or, after an exception, not there."""
        ...

    def next_number(self) -> int: ...

    def hold_all(self, terminals: Collection[str]) -> None:
        """Nobody else decides for these terminals until the commit ends.

        It is the first thing in a commit: the terminals are read ahead.
        """
        ...

    def hold_accounts(self, accounts: Collection[str]) -> None:
        """The same for accounts; after the terminals, else two could wait for each other."""
        ...

    def lapse(self, accounts: Collection[str], since: str) -> None:
        """End what pre-authorisations from before the day `since` hold on these accounts.

        Only of those neither voided nor completed. To be called while the accounts are held.
        """
        ...

    def lapsed(self, since: str) -> dict[str, Lapsed]:
        """For each account: holds that have lapsed, and those that will at its next decision."""
        ...

    def accounts_at(self, places: Collection[PaymentName]) -> set[str]:
        """The accounts of those requests that the books have."""
        ...

    def glance(self, coming: Sequence[Coming], reference: Callable[[int], str]) -> None:
        """May read ahead what the decisions will ask; `reference` makes a reference of a number."""
        ...

    def add_all(self, entries: Sequence[tuple[Booking, int | None]]) -> None:
        """Enter decided requests, each with its limit, and move the money of those that stand.

        What charges or holds is entered only if its account has then spent and held no more than
        the limit in minor units; a void, refund or completion only if its original is still
        approved, with enough money left. Else this or the commit raises BooksConflict.
        """
        ...

    def cryptogram_used(self, account: str, cryptogram: bytes) -> bool: ...

    def reverse(self, entry: Booking) -> None:
        """Take back a standing entry and the money it moved.

        A completion whose void is taken back stands again. Where its hold's money is gone, because
        another has used it since, it stands without: its `holds_minor` is 0 from then on.
        """
        ...

    def note_reversal(self, place: PaymentName) -> None: ...

    def set_pin_failures(self, account: str, failures: int) -> None: ...

    def settle(self, terminal: str, batch: int, reference: str, totals: Totals) -> None: ...

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows that a statement gives; `%s` is the place of a value."""
        ...

    def entry(self, place: PaymentName) -> Booking | None:
        """The request that `place` names."""
        return next(iter(self._entries(ENTRY, place)), None)

    def by_reference(self, reference: str) -> Booking | None:
        return next(iter(self._entries(BY_REFERENCE, (reference,))), None)

    def holds_of(self, account: str, authorisation_code: str) -> list[Booking]:
        """The account's pre-authorisations with this code, newest first."""
        return self._entries(HOLDS, (account, authorisation_code))

    def resting_on(self, reference: str) -> list[Booking]:
        """The standing voids, refunds and completions of what has this reference."""
        return self._entries(RESTING, (reference,))

    def entries(self) -> list[Booking]:
        """Every request, by terminal, batch and STAN."""
        return self._entries(SELECT + "ORDER BY terminal, batch, stan")

    def in_batch(self, terminal: str, batch: int) -> list[Booking]:
        """The requests of a batch, by STAN."""
        where = "WHERE terminal = %s AND batch = %s ORDER BY stan"
        return self._entries(SELECT + where, (terminal, batch))

    def is_reversed(self, place: PaymentName) -> bool:
        return any(self.rows(REVERSED, place))

    def funds(self, account: str) -> Funds:
        """What was charged and not given back, and what is held."""
        return next((Funds(*map(int, row)) for row in self.rows(FUNDS, (account,))), Funds())

    def all_funds(self) -> dict[str, Funds]:
        """The same for every account that ever moved or held money."""
        rows = self.rows("SELECT account, spent_minor, held_minor FROM accounts")
        return {account: Funds(spent, held) for account, spent, held in rows}

    def spent(self) -> dict[str, int]:
        """What every account has spent."""
        return {account: funds.spent_minor for account, funds in self.all_funds().items()}

    def sales_of_day(self, account: str, day: str) -> tuple[int, int]:
        """Count and sum of what was charged to the account on `day` and stands."""
        ((count, minor),) = self.rows(SALES_OF_DAY, (account, day))
        return int(count), int(minor)

    def pin_failures(self, account: str) -> int:
        return self._number(PIN_FAILURES, account)

    def totals(self, terminal: str, batch: int) -> Totals:
        """Count and sum of what stands in a batch, by kind; a voided sale counts, and its void."""
        return totals_of(self.rows(_TOTALS, (terminal, batch)))

    def batches(self) -> list[tuple[str, int]]:
        """Terminal and batch of all that was ever booked or settled, in this order."""
        return [(str(terminal), int(batch)) for terminal, batch in self.rows(_BATCHES)]

    def settlement(self, terminal: str, batch: int) -> tuple[str, Totals] | None:
        """Reference and host's totals of a batch that was settled."""
        for row in self.rows(SETTLEMENT, (terminal, batch)):
            return row[2], Totals(**dict(zip(Totals.__struct_fields__, row[3:], strict=True)))
        return None

    def last_settled(self, terminal: str) -> int:
        """The latest batch of a terminal that was settled; 0 when none was."""
        return self._number(LAST_SETTLED, terminal)

    def serial_of(self, terminal: str, number: int) -> int:
        """The batch that a terminal calls by this number now, as the books count."""
        return rounds.serial_of(number, self.last_settled(terminal))

    def is_reference(self, reference: str) -> bool:
        """Whether a request or a settlement was given this reference number."""
        return any(self.rows(IS_REFERENCE, (reference, reference)))

    def _number(self, sql: str, value: str) -> int:
        return next((int(row[0]) for row in self.rows(sql, (value,))), 0)

    def _entries(self, sql: str, values: tuple[object, ...] = ()) -> list[Booking]:
        return [entry_of(row) for row in self.rows(sql, values)]
