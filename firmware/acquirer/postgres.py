"""The acquirer's books in PostgreSQL: several processes and machines on one database.

Every rule of money is one conditional UPDATE, held once more by a CHECK: a decision that somebody
else's commit has overtaken books nothing and raises BooksConflict, and is to be made anew. A
terminal's messages are taken one after the other (an advisory lock), as are decisions on one
account (its row).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from firmware.acquirer import postgres_sql as sql
from firmware.acquirer.booking import LIMITED, Booking, Kept, Lapsed, row_of
from firmware.acquirer.engine import (
    BY_REFERENCE,
    ENTRY,
    FUNDS,
    HOLDS,
    IS_REFERENCE,
    LAST_SETTLED,
    PIN_FAILURES,
    RESTING,
    REVERSED,
    SETTLEMENT,
    BooksEngine,
    BooksGoneError,
    Coming,
)
from firmware.acquirer.postgres_ahead import PLACE, as_json, as_plain, read_ahead
from firmware.acquirer.postgres_link import (
    BEGIN,
    PostgresLink,
    Read,
    Rows,
    Statement,
)
from firmware.acquirer.postgres_moves import ENTER, LAPSE, LAPSED, REVERSE
from firmware.acquirer.sealed_records import RECORD, TERMINAL, Records
from firmware.core.kinds import Kind, Totals
from firmware.core.payment import PaymentName

_DRAWN = 32  # numbers at once
_KNOWN_MAX = 100_000  # accounts that are known to have a row


class PostgresBooks(BooksEngine):
    """Books by a connection of their own.

    With `kept` no tables are made: the database must hold those books, and no earlier copy of them,
    else BooksGoneError is raised.
    """

    def __init__(self, url: str, kept: Kept | None = None) -> None:
        self.link = PostgresLink(url, may_make=kept is None)
        self._drawn = 0
        self._numbers: list[int] = []  # drawn and not given yet, the next one last
        self._held: set[str] = set()  # terminals
        self._held_accounts: set[str] = set()
        self._known: set[str] = set()  # accounts that have a row
        found = self._found()
        if kept is not None and (found.books != kept.books or found.commits < kept.commits):
            self.close()
            raise BooksGoneError("other books, or an earlier copy, lie there", another=True)
        # a promoted standby may not know a number that was drawn and not committed
        self._kept = Kept(found.books, kept.commits if kept is not None else 0)

    @property
    def kept(self) -> Kept:
        """Identity of the books, and the latest number they had given at the last commit."""
        return self._kept

    def close(self) -> None:
        self.link.close()

    @contextmanager
    def commit(self) -> Iterator[None]:
        self._held.clear()
        self._held_accounts.clear()
        self.link.later(BEGIN)
        try:
            yield
            self.link.commit()
        except BaseException:
            self.link.roll_back()
            raise
        self._kept = Kept(self._kept.books, max(self._kept.commits, self._drawn))
        if len(self._known) > _KNOWN_MAX:
            self._known.clear()
        self._known |= self._held_accounts

    def hold_all(self, terminals: Collection[str]) -> None:
        """Nobody else decides for these terminals until the commit ends.

        Who they are and which batch they settled last is read ahead, and numbers are drawn.
        """
        wanted = [terminal for terminal in dict.fromkeys(terminals) if terminal not in self._held]
        if not wanted:
            return
        asked: list[Statement] = [
            (sql.HOLD_TERMINALS, (sorted(map(_lock_of, wanted)),)),
            (sql.TERMINALS, (wanted,)),
        ]
        if len(self._numbers) < len(wanted):
            asked.append((sql.DRAW, (max(_DRAWN, len(wanted)),)))
        _, found, *drawn = self.link.together(asked)
        if drawn:
            self._keep_drawn(drawn[0])
        for number, settled, record in found:
            self.link.foresee(LAST_SETTLED, (number,), [(settled,)])
            self.link.foresee(RECORD, (TERMINAL, number), [] if record is None else [(record,)])
        self._held.update(wanted)

    def hold_accounts(self, accounts: Collection[str]) -> None:
        """The same for accounts, sent with the next statement that reads: after the terminals."""
        wanted = sorted(set(accounts) - self._held_accounts)
        if not wanted:
            return
        if new := [account for account in wanted if account not in self._known]:
            self.link.later(sql.NEW_ACCOUNTS, (new,), forget=())
        changed = [(name, (account,)) for account in wanted for name in _OF_ACCOUNT]
        self.link.later(sql.HOLD_ACCOUNTS, (wanted,), forget=changed)
        self._held_accounts.update(wanted)

    def lapse(self, accounts: Collection[str], since: str) -> None:
        """End what pre-authorisations from before the day `since` hold on these accounts.

        Sent with the next statement that reads, while the accounts are held.
        """
        if accounts:
            changed = [(FUNDS, (account,)) for account in accounts]
            self.link.later(LAPSE, (sorted(accounts), since), forget=changed)

    def lapsed(self, since: str) -> dict[str, Lapsed]:
        rows = self.link.run(LAPSED, (since,))
        return {str(account): Lapsed(*map(int, sums)) for account, *sums in rows}

    def accounts_at(self, places: Collection[PaymentName]) -> set[str]:
        asked = [dict(zip(PLACE, place, strict=True)) for place in places]
        return {str(row[0]) for row in self.link.run(sql.ACCOUNTS_AT, (as_json(asked),))}

    def glance(self, coming: Sequence[Coming], reference: Callable[[int], str]) -> None:
        """Read ahead what decisions will ask for, once nobody else decides on the accounts."""
        self.hold_accounts({each.account for each in coming if each.account})
        self._draw(len(coming))
        numbers = [reference(number) for number in self._numbers[-len(coming) :]]
        read_ahead(self.link, coming, numbers)

    def next_number(self) -> int:
        """A number never given before; one of a commit that breaks off is left out."""
        self._draw(1)
        self._drawn = self._numbers.pop()
        return self._drawn

    def add_all(self, entries: Sequence[tuple[Booking, int | None]]) -> None:
        """Enter decided requests, each with its limit: sales of different accounts at once.

        What else there is of an account is entered after its sales that came before. Where the
        money is gone the commit raises BooksConflict, and nothing is booked.
        """
        self.hold_accounts({entry.account for entry, _ in entries if entry.stands})
        sales: list[dict[str, object]] = []
        refused: list[dict[str, object]] = []
        for entry, limit_minor in entries:
            values = row_of(entry)
            if entry.stands and any(other["account"] == entry.account for other in sales):
                self._sell(sales)
                sales = []
            if not entry.stands:
                refused.append(as_plain(values))
            elif entry.kind is Kind.SALE:
                sales.append(as_plain(values) | {"limit_minor": limit_minor})
            else:
                moved = _moved_by(entry, limit_minor)
                self.link.later(ENTER[entry.kind], values | moved, forget=())
            for read in _changed_by(entry):
                self.link.forget(read)
        self._sell(sales)
        if refused:
            self.link.later(sql.ENTER_REFUSED, (as_json(refused),), forget=())

    def _sell(self, sales: Sequence[dict[str, object]]) -> None:
        if sales:
            self.link.later(sql.SELL, (as_json(sales), len(sales)), forget=())

    def cryptogram_used(self, account: str, cryptogram: bytes) -> bool:
        """Whether this account's card was already seen with the very same ARQC."""
        return bool(cryptogram) and self.link.row(sql.SEEN, (account, cryptogram)) is not None

    def reverse(self, entry: Booking) -> None:
        """Take back a standing entry and the money it moved; else the commit is a conflict."""
        self.link.later(REVERSE, (entry.terminal, entry.batch, entry.stan, entry.spends_minor))

    def note_reversal(self, place: PaymentName) -> None:
        """From now on nothing may stand at `place`."""
        insert = "INSERT INTO reversals VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
        self.link.later(insert, place, forget=[(REVERSED, place)])

    def set_pin_failures(self, account: str, failures: int) -> None:
        self.link.later(
            "INSERT INTO accounts (account, pin_failures) VALUES (%s, %s)"
            " ON CONFLICT (account) DO UPDATE SET pin_failures = excluded.pin_failures",
            (account, failures),
            forget=[(PIN_FAILURES, (account,))],
        )

    def settle(self, terminal: str, batch: int, reference: str, totals: Totals) -> None:
        """Close a batch on these totals; the commit is a conflict when it is closed already."""
        sums = [getattr(totals, name) for name in Totals.__struct_fields__]
        self.link.later(
            f"INSERT INTO settlements VALUES (%s, %s, %s{', %s' * len(sums)})",  # noqa: S608 - ours
            (terminal, batch, reference, *sums),
            forget=[(SETTLEMENT, (terminal, batch)), (LAST_SETTLED, (terminal,))],
        )

    def _draw(self, count: int) -> None:
        """Draw so many numbers that were never given."""
        if len(self._numbers) < count:
            self._keep_drawn(self.link.run(sql.DRAW, (max(_DRAWN, count),)).fetchall())

    def _keep_drawn(self, rows: Rows) -> None:
        self._numbers = [int(row[0]) for row in rows][::-1] + self._numbers

    def _found(self) -> Kept:
        row = self.link.row("SELECT identity, (SELECT last_value FROM numbers) FROM books")
        assert row is not None
        return Kept(str(row[0]), int(row[1]))

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> Rows:
        return self.link.rows(sql, values)


class PostgresRecords(Records):
    """Records beside the books over `link`, which its owner closes."""

    def __init__(self, link: PostgresLink) -> None:
        self._link = link

    def rows(self, sql: str, *values: object) -> Rows:
        if not sql.startswith("SELECT"):
            self._link.forget((RECORD, values[:2]))
        return self._link.rows(sql, values)

    def close(self) -> None:
        """Nothing of its own is open."""


_OF_ACCOUNT = (FUNDS, PIN_FAILURES)


def _moved_by(entry: Booking, limit_minor: int | None) -> dict[str, object]:
    """What a statement of ENTER is given beside the entry itself."""
    return {
        "limit_minor": limit_minor if entry.kind in LIMITED else None,
        "spends_minor": entry.spends_minor,
        "moved_minor": entry.spends_minor + entry.holds_minor,
    }


def _changed_by(entry: Booking) -> list[Read]:
    """What reads another value once `entry` is in the books."""
    place = (entry.terminal, entry.batch, entry.stan)
    return [
        (ENTRY, place),
        (sql.SEEN, (entry.account, entry.cryptogram)),
        (FUNDS, (entry.account,)),
        (IS_REFERENCE, (entry.reference, entry.reference)),
        (BY_REFERENCE, (entry.reference,)),
        (RESTING, (entry.undoes,)),
        (HOLDS, (entry.account, entry.authorisation_code)),
    ]


def _lock_of(terminal: str) -> int:
    """The key of a terminal's advisory lock."""
    digest = hashlib.sha256(terminal.encode()).digest()[:8]
    return int.from_bytes(digest, "big", signed=True)
