"""The acquirer's books in PostgreSQL: several processes and machines on one database.

Every rule of money is one conditional UPDATE, held once more by a CHECK: a decision that somebody
else's commit has overtaken books nothing and raises BooksConflict, and is to be made anew. A
terminal's messages are taken one after the other (an advisory lock), as are decisions on one
account (its row).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from firmware.acquirer.booking import (
    COLUMNS,
    LIMITED,
    Booking,
    Funds,
    Kept,
    Tie,
    entry_of,
    stored,
    totals_of,
)
from firmware.acquirer.engine import BooksGoneError
from firmware.acquirer.postgres_link import BEGIN, NoTablesError, PostgresLink, Values
from firmware.acquirer.postgres_moves import ENTER, ENTER_REFUSED, NAMES, PLACE, REVERSE
from firmware.acquirer.postgres_records import RECORD
from firmware.acquirer.records import ACCOUNT
from firmware.core.kinds import Totals
from firmware.core.payment import Place

_SELECT = f"SELECT {NAMES} FROM transactions "  # noqa: S608 - our own names
_HOLD_ACCOUNT = "SELECT 1 FROM accounts WHERE account = %s FOR UPDATE"
_HOLD_TERMINAL = "SELECT pg_advisory_xact_lock(%s)"
_ENTRY = _SELECT + "WHERE " + PLACE
_REVERSED = f"SELECT 1 FROM reversals WHERE {PLACE}"  # noqa: S608 - our own names
_FUNDS = "SELECT spent_minor, held_minor FROM accounts WHERE account = %s"
_SPENT = "SELECT spent_minor FROM accounts WHERE account = %s"
_HELD = "SELECT held_minor FROM accounts WHERE account = %s"
_PIN_FAILURES = "SELECT pin_failures FROM accounts WHERE account = %s"
_SEEN = "SELECT 1 FROM transactions WHERE account = %s AND cryptogram = %s"
_SETTLEMENT = "SELECT * FROM settlements WHERE terminal = %s AND batch = %s"
_LAST_SETTLED = "SELECT COALESCE(MAX(batch), 0) FROM settlements WHERE terminal = %s"
_IS_REFERENCE = (
    "SELECT 1 FROM transactions WHERE reference = %s"
    " UNION ALL SELECT 1 FROM settlements WHERE reference = %s"
)
# each of them in one row: whether there is one, or of the last ones the value itself
_WHOLE = 2  # the first so many are read anew where there is one
_GLANCE = (
    f"SELECT {', '.join(f'EXISTS ({sql})' for sql in (_ENTRY, _SETTLEMENT, _REVERSED, _SEEN))},"
    f" EXISTS ({_IS_REFERENCE}), ({_PIN_FAILURES}), ({RECORD}), ({_SPENT}), ({_HELD})"
)
_DRAW = "SELECT nextval('numbers') FROM generate_series(1, 32)"  # so many at once


class PostgresBooks:
    """Books by a connection of their own. See firmware.acquirer.engine.BooksEngine.

    With `kept` they are opened again: no tables are made, and what is found must be those books, no
    earlier copy among them, else BooksGoneError is raised.
    """

    def __init__(self, url: str, kept: Kept | None = None) -> None:
        try:
            self.link = PostgresLink(url, may_make=kept is None)
        except NoTablesError as error:
            raise BooksGoneError(str(error), another=True) from None
        self._drawn = 0
        self._numbers: list[int] = []  # drawn and not given yet, the next one last
        self._held: set[str] = set()
        found = self._found()
        if kept is not None and (found.books != kept.books or found.commits < kept.commits):
            self.close()
            raise BooksGoneError("other books, or an earlier copy, lie there", another=True)
        # a number that was drawn and not committed may be unknown to whoever takes over
        self._kept = Kept(found.books, kept.commits if kept is not None else 0)

    @property
    def kept(self) -> Kept:
        """Which they are, and the latest number that they gave as of the last commit."""
        return self._kept

    def close(self) -> None:
        self.link.close()

    @contextmanager
    def commit(self) -> Iterator[None]:
        """All that is written within is durable at its end, or, after an exception, not there."""
        self._held.clear()
        self.link.later(BEGIN)
        try:
            yield
            self.link.commit()
        except BaseException:
            self.link.roll_back()
            raise
        self._kept = Kept(self._kept.books, max(self._kept.commits, self._drawn))

    def hold(self, terminal: str, account: str = "") -> None:
        """Nobody else decides for this terminal, or on this account, until the commit ends.

        The terminal is to be held before an account, else two could wait for each other.
        """
        if terminal and terminal not in self._held:
            digest = hashlib.sha256(terminal.encode()).digest()[:8]
            key = int.from_bytes(digest, "big", signed=True)
            last = (_LAST_SETTLED, (terminal,))
            self.link.foresee(*last, self.link.rows([(_HOLD_TERMINAL, (key,)), last])[-1])
            self._held.add(terminal)
        if account and f"account {account}" not in self._held:
            if self.link.row(_HOLD_ACCOUNT, (account,)) is None:
                insert = "INSERT INTO accounts (account) VALUES (%s) ON CONFLICT DO NOTHING"
                self.link.later(insert, (account,))
                self.link.run(_HOLD_ACCOUNT, (account,))
            self._held.add(f"account {account}")

    def glance(
        self, place: Place, account: str, cryptogram: bytes, reference: Callable[[int], str]
    ) -> None:
        """Read ahead what a decision will ask for, once nobody else decides on the account."""
        if not self._numbers:
            self._numbers = [int(row[0]) for row in self.link.run(_DRAW)][::-1]
        number = reference(self._numbers[-1])
        asked: tuple[tuple[str, tuple[object, ...]], ...] = (
            (_ENTRY, place),
            (_SETTLEMENT, place[:2]),
            (_REVERSED, place),
            (_SEEN, (account, cryptogram)),
            (_IS_REFERENCE, (number, number)),
            (_PIN_FAILURES, (account,)),
            (RECORD, (ACCOUNT, account)),
            (_SPENT, (account,)),
            (_HELD, (account,)),
        )
        values = tuple(value for _, each in asked for value in each)
        held, found = self.link.rows([(_HOLD_ACCOUNT, (account,)), (_GLANCE, values)])
        if held is None or found is None:
            return
        self.link.foresee(_HOLD_ACCOUNT, (account,), held)
        for at, (one, there) in enumerate(zip(asked, found, strict=True)):
            if there in (False, None):
                self.link.foresee(*one, None)
            elif at >= _WHOLE:
                self.link.foresee(*one, (there,))
        spent, held_minor = found[-2:]
        funds = None if spent is None else (spent, held_minor)
        self.link.foresee(_FUNDS, (account,), funds)

    def tie(self) -> Tie | None:
        """The journal that these books answer, and how far they know it; None before the first."""
        row = self.link.row("SELECT identity, key_check, seq, hash FROM tie")
        return None if row is None else Tie(*row)

    def set_tie(self, tie: Tie) -> None:
        """Note how far the journal is known. Part of the commit it is called in."""
        self.link.later(
            "INSERT INTO tie VALUES (1, %s, %s, %s, %s) ON CONFLICT (one) DO UPDATE SET"
            " identity = excluded.identity, key_check = excluded.key_check,"
            " seq = excluded.seq, hash = excluded.hash",
            (tie.identity, tie.key_check, tie.seq, tie.hash),
        )

    def next_number(self) -> int:
        """A number never given before; one of a commit that breaks off is left out."""
        if not self._numbers:
            self._numbers = [int(row[0]) for row in self.link.run(_DRAW)][::-1]
        self._drawn = self._numbers.pop()
        return self._drawn

    def add(self, entry: Booking, limit_minor: int | None = None) -> None:
        """Enter a decided request, and move the money if it stands.

        What nobody can know before the commit is a BooksConflict there, and nothing is booked: what
        charges or holds is entered only if its account has then spent and held no more than
        `limit_minor`; what rests on another entry only if that stands, and has that much left.
        """
        values = {name: stored(getattr(entry, name)) for name in COLUMNS}
        values |= {
            "limit_minor": limit_minor if entry.kind in LIMITED else None,
            "spends_minor": entry.spends_minor,
            "moved_minor": entry.spends_minor + entry.holds_minor,
        }
        if not entry.stands:
            self.link.later(ENTER_REFUSED, values)
            return
        self.hold("", entry.account)
        self.link.later(ENTER[entry.kind], values)

    def entry(self, place: Place) -> Booking | None:
        """The request that `place` names."""
        row = self.link.row(_ENTRY, place)
        return None if row is None else entry_of(row)

    def by_reference(self, reference: str) -> Booking | None:
        return self._one("WHERE reference = %s", (reference,))

    def holds_of(self, account: str, authorisation_code: str) -> list[Booking]:
        """The account's pre-authorisations with this code, newest first."""
        where = "WHERE account = %s AND authorisation_code = %s AND kind = 'preauth'"
        order = "ORDER BY decided_on DESC, reference DESC"
        return self._many(f"{where} {order}", (account, authorisation_code))

    def resting_on(self, reference: str) -> list[Booking]:
        """The standing voids, refunds and completions of what has this reference."""
        return self._many("WHERE undoes = %s AND undoes <> '' AND state = 'standing'", (reference,))

    def entries(self) -> list[Booking]:
        """Every request, by terminal, batch and STAN."""
        return self._many("ORDER BY terminal, batch, stan", ())

    def cryptogram_used(self, account: str, cryptogram: bytes) -> bool:
        """Whether this account's card was already seen with the very same ARQC."""
        return bool(cryptogram) and self.link.row(_SEEN, (account, cryptogram)) is not None

    def reverse(self, entry: Booking) -> None:
        """Take back a standing entry and the money it moved; else the commit is a conflict."""
        moved = entry.spends_minor, entry.holds_minor
        self.link.later(REVERSE, (entry.terminal, entry.batch, entry.stan, *moved))

    def note_reversal(self, place: Place) -> None:
        """From now on nothing may stand at `place`."""
        self.link.later("INSERT INTO reversals VALUES (%s, %s, %s) ON CONFLICT DO NOTHING", place)

    def is_reversed(self, place: Place) -> bool:
        return self.link.row(_REVERSED, place) is not None

    def funds(self, account: str) -> Funds:
        """What was charged and not given back, and what is held."""
        row = self.link.row(_FUNDS, (account,))
        return Funds(int(row[0]), int(row[1])) if row else Funds()

    def spent_minor(self, account: str) -> int:
        """What was charged and not given back."""
        return self.funds(account).spent_minor

    def all_funds(self) -> dict[str, Funds]:
        """The same for every account that ever moved or held money."""
        rows = self.link.run("SELECT account, spent_minor, held_minor FROM accounts").fetchall()
        return {account: Funds(spent, held) for account, spent, held in rows}

    def spent(self) -> dict[str, int]:
        """What every account has spent."""
        return {account: funds.spent_minor for account, funds in self.all_funds().items()}

    def sales_of_day(self, account: str, day: str) -> tuple[int, int]:
        """Count and sum of what was charged to the account on `day` and stands."""
        row = self.link.row(
            "SELECT COUNT(*), COALESCE(SUM(amount_minor), 0) FROM transactions WHERE account = %s"
            " AND decided_on = %s AND state = 'standing'"
            " AND kind IN ('sale', 'completion')",
            (account, day),
        )
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def pin_failures(self, account: str) -> int:
        return self._number(_PIN_FAILURES, (account,))

    def set_pin_failures(self, account: str, failures: int) -> None:
        self.link.later(
            "INSERT INTO accounts (account, pin_failures) VALUES (%s, %s)"
            " ON CONFLICT (account) DO UPDATE SET pin_failures = excluded.pin_failures",
            (account, failures),
        )

    def totals(self, terminal: str, batch: int) -> Totals:
        """Count and sum of what stands in a batch, by kind; a voided sale counts, and its void."""
        rows = self.link.run(
            "SELECT kind, COUNT(*), SUM(amount_minor)::bigint FROM transactions WHERE"
            " terminal = %s AND batch = %s AND state = 'standing' GROUP BY kind",
            (terminal, batch),
        )
        return totals_of(rows)

    def batches(self) -> list[tuple[str, int]]:
        """Terminal and batch of all that was ever booked or settled, in this order."""
        rows = self.link.run(
            "SELECT terminal, batch FROM transactions"
            " UNION SELECT terminal, batch FROM settlements ORDER BY 1, 2"
        )
        return [(str(terminal), int(batch)) for terminal, batch in rows]

    def in_batch(self, terminal: str, batch: int) -> list[Booking]:
        """The requests of a batch, by STAN."""
        return self._many("WHERE terminal = %s AND batch = %s ORDER BY stan", (terminal, batch))

    def settlement(self, terminal: str, batch: int) -> tuple[str, Totals] | None:
        """Reference and host's totals of a batch that was settled."""
        row = self.link.row(_SETTLEMENT, (terminal, batch))
        if row is None:
            return None
        names = Totals.__struct_fields__
        return row[2], Totals(**dict(zip(names, row[3:], strict=True)))

    def last_settled(self, terminal: str) -> int:
        """The latest batch of a terminal that was settled; 0 when none was."""
        return self._number(_LAST_SETTLED, (terminal,))

    def is_reference(self, reference: str) -> bool:
        """Whether a request or a settlement was given this reference number."""
        return self.link.row(_IS_REFERENCE, (reference, reference)) is not None

    def settle(self, terminal: str, batch: int, reference: str, totals: Totals) -> None:
        """Close a batch on these totals; the commit is a conflict when it is closed already."""
        sums = [getattr(totals, name) for name in Totals.__struct_fields__]
        self.link.later(
            f"INSERT INTO settlements VALUES (%s, %s, %s{', %s' * len(sums)})",  # noqa: S608 - ours
            (terminal, batch, reference, *sums),
        )

    def _found(self) -> Kept:
        row = self.link.row("SELECT identity, (SELECT last_value FROM numbers) FROM books")
        assert row is not None
        return Kept(str(row[0]), int(row[1]))

    def _number(self, sql: str, values: Values = ()) -> int:
        row = self.link.row(sql, values)
        return int(row[0]) if row else 0

    def _one(self, where: str, values: tuple[object, ...]) -> Booking | None:
        return next(iter(self._many(where, values)), None)

    def _many(self, where: str, values: tuple[object, ...]) -> list[Booking]:
        return [entry_of(row) for row in self.link.run(_SELECT + where, values)]
