"""Which days and batches a command is to look at, and the transactions of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from firmware.core.exits import FAILED, Refused
from firmware.core.kinds import COUNTED
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import State, Transaction

BATCH_ROWS_MAX = 2_000_000  # more than a batch has voucher numbers, training transactions included
DAY = "YYYY-MM-DD"  # how people write one


class Span(Struct, frozen=True):
    """Batches and days, both ends included; None is no limit. Days are YYYYMMDD."""

    batches: tuple[int, int] | None = None
    since: str | None = None
    until: str | None = None

    def has(self, one: Transaction) -> bool:
        """Whether a transaction is of these days. Its batch is not looked at."""
        return (self.since or "") <= one.date <= (self.until or "9")


def transactions(journal: Lookups, span: Span) -> Iterator[Transaction]:
    """The transactions of a span, oldest first, a batch's training transactions after its trade.

    Raises Refused for a batch that is not there; and when it comes to one whose sums are not the
    journal's own, before any of it is given. JournalFault when it cannot be read.
    """
    return _of_batches(journal, _serials(journal, span), span)


def _of_batches(journal: Lookups, serials: Iterable[int], span: Span) -> Iterator[Transaction]:
    for serial in serials:  # one at a time: years do not fit a Pi's memory
        trade, trained = (
            journal.list_transactions(None, BATCH_ROWS_MAX, training=training, serial=serial)
            for training in (False, True)
        )
        _require_own_totals(journal, serial, trade)
        yield from (one for one in (*reversed(trade), *reversed(trained)) if span.has(one))


def _serials(journal: Lookups, span: Span) -> list[int]:
    """The batches of a span by their place among all: their numbers begin anew."""
    first, last = 1, journal.serials()[-1]
    if span.batches is not None:
        first, last = (serial_of(journal, batch) for batch in span.batches)
    if span.since is None and span.until is None:
        return list(range(first, last + 1))
    dated = journal.serials_between(span.since or "", span.until or "9")
    return [serial for serial in dated if first <= serial <= last]


def serial_of(journal: Lookups, batch: int) -> int:
    """The latest batch of this number by its place among all. Raises Refused if there is none."""
    serial = journal.serial_of(batch)
    if not serial:
        raise Refused(f"there is no batch {batch:06d}", code=FAILED)
    return serial


def _require_own_totals(journal: Lookups, serial: int, trade: list[Transaction]) -> None:
    own = journal.totals(0, serial=serial)
    for kind in COUNTED:
        approved = [one for one in trade if one.state is State.APPROVED and one.kind is kind]
        found = len(approved), sum(one.amount_minor for one in approved)
        expected = own.of(kind)
        if found != expected:
            batch = f" of batch {trade[0].batch:06d}" if trade else ""
            words = f"{kind.value}s{batch} are {found[0]}/{found[1]}"
            words += f", the journal's own totals {expected[0]}/{expected[1]}"
            raise Refused(f"the journal does not add up: {words}; see `pos verify`", code=FAILED)


def dashed(day: str) -> str:
    """A day of the journal as people and spreadsheets read it, 2026-11-28."""
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def clock_text(time: str) -> str:
    """A time of the journal, HHMMSS, as 19:32:05."""
    return f"{time[:2]}:{time[2:4]}:{time[4:]}"
