"""What `pos journal export` gives out: tables of transactions, batches and totals.

In all of them an amount is what moved: a void and a refund are negative, and what was declined or
reversed, what is only held, and a training transaction, is zero. So every sum over the column is
right, whatever is filtered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import Enum

from msgspec import Struct, field

from firmware.audit.spans import Span, clock_text, dashed, transactions
from firmware.core.kinds import COUNTED, Kind
from firmware.core.money import currency_of, major_text
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import State, Transaction
from firmware.receipts.sheet import masked_number

Cell = str | int | bool
SheetRow = dict[str, Cell]


class Is(Enum):
    """What a column holds, so that each format can show it rightly."""

    TEXT = "text"  # what a card, a host or a person named: never computed with
    NUMBER = "identifier"  # digits whose zeros count: a voucher, an authorisation code
    DAY = "day"  # 2026-11-28
    CLOCK = "time"  # 19:32:05
    MONEY = "money"  # major units of the row's currency, with their decimals
    COUNT = "count"
    FLAG = "flag"


class Table(Struct, frozen=True):
    """A table: its columns in order, and how its rows are made of transactions, oldest first."""

    columns: dict[str, Is]
    rows: Callable[[Lookups, Iterable[Transaction]], Iterator[SheetRow]]


def export(journal: Lookups, name: str, span: Span) -> Iterator[SheetRow]:
    """The rows of a table of `TABLES`, one after another.

    Raises Refused for a batch that is not there or whose sums are not the journal's own, at its
    first row; JournalFault when it cannot be read.
    """
    return TABLES[name].rows(journal, transactions(journal, span))


def moved_minor(one: Transaction) -> int:
    """Minor units that a transaction moved to the merchant: below zero for what is given back."""
    if one.state is not State.APPROVED or one.training:
        return 0
    return one.kind.sign * one.amount_minor


def money(minor: int, code: str) -> str:
    """Minor units of a currency in major ones, with a sign below zero."""
    return major_text(minor, currency_of(code))


def _each(_: Lookups, found: Iterable[Transaction]) -> Iterator[SheetRow]:
    for one in found:
        yield {name: cell(one) for name, (_, cell) in _TRANSACTION.items()}


def _number(number: int) -> str:
    """A batch or a voucher; "" for 0, which is none."""
    return f"{number:06d}" if number else ""


def _counts(one: Transaction) -> int:
    return int(one.state is State.APPROVED and not one.training and bool(one.kind.sign))


class Tally(Struct):
    """Transactions that moved money, by kind: how many, and how many minor units."""

    counts: Counter[Kind] = field(default_factory=Counter)
    minors: Counter[Kind] = field(default_factory=Counter)

    def add(self, one: Transaction) -> None:
        """Count a transaction, if it moved money."""
        self.counts[one.kind] += _counts(one)
        self.minors[one.kind] += moved_minor(one)

    @property
    def net_minor(self) -> int:
        """What is left of the sales."""
        return sum(self.minors.values())


class _Sums(Tally):
    """The same, with the days and whether the last batch is settled."""

    settled: bool = False
    first: str = "9"
    last: str = ""

    def add(self, one: Transaction) -> None:
        if not one.kind.sign:  # what is only held counts nowhere
            return
        super().add(one)
        self.settled = one.settled
        self.first, self.last = min(self.first, one.date), max(self.last, one.date)

    def cells(self, code: str) -> SheetRow:
        row: SheetRow = {"first_date": dashed(self.first), "last_date": dashed(self.last)}
        row["currency"] = code
        for kind in COUNTED:
            row[f"{kind.value}s"] = self.counts[kind]
            row[f"{kind.value}s_amount"] = money(self.minors[kind], code)
        return row | {"net": money(self.net_minor, code), "net_minor": self.net_minor}


def _summed(
    found: Iterable[Transaction], *, by_batch: bool
) -> Iterator[tuple[tuple[int, int, str], _Sums]]:
    """Sums by currency, or by batch and currency, in their order.

    A batch's number may come again after a million batches: a change of it begins another one.
    """
    sums: dict[tuple[int, int, str], _Sums] = {}
    place, batch = 0, 0
    for one in found:
        if by_batch and one.batch != batch:
            place, batch = place + 1, one.batch
        key = (place, batch, one.currency)
        sums.setdefault(key, _Sums()).add(one)
    yield from sorted(sums.items(), key=lambda item: item[0])


def _by_batch(journal: Lookups, found: Iterable[Transaction]) -> Iterator[SheetRow]:
    for (_, batch, code), sums in _summed(found, by_batch=True):
        closed = journal.settlement(batch, date=sums.last) if sums.settled else None
        yield {
            "batch": f"{batch:06d}",
            **sums.cells(code),
            "settled": dashed(closed.date) if closed else "",
            "balanced": closed.balanced if closed else "",
        }


def _totals(journal: Lookups, found: Iterable[Transaction]) -> Iterator[SheetRow]:
    record, head_hash = journal.head()
    for (_, _, code), sums in _summed(found, by_batch=False):
        yield sums.cells(code) | {"head_record": record, "head_hash": head_hash}


_TRANSACTION: dict[str, tuple[Is, Callable[[Transaction], Cell]]] = {
    "date": (Is.DAY, lambda one: dashed(one.date)),
    "time": (Is.CLOCK, lambda one: clock_text(one.time)),
    "batch": (Is.NUMBER, lambda one: f"{one.batch:06d}"),
    "voucher": (Is.NUMBER, lambda one: f"{one.stan:06d}"),
    "type": (Is.TEXT, lambda one: one.kind.value),
    "currency": (Is.TEXT, lambda one: one.currency),
    "amount": (Is.MONEY, lambda one: money(moved_minor(one), one.currency)),
    "requested": (Is.MONEY, lambda one: money(one.amount_minor, one.currency)),
    "state": (Is.TEXT, lambda one: one.state.value),
    "counts": (Is.COUNT, _counts),
    "training": (Is.FLAG, lambda one: one.training),
    "response": (Is.NUMBER, lambda one: one.response_code),
    "reason": (Is.TEXT, lambda one: one.reason),
    "authorisation": (Is.NUMBER, lambda one: one.authorisation_code),
    "reference": (Is.NUMBER, lambda one: one.reference),
    "card": (Is.TEXT, lambda one: masked_number(one.card, show_first6=True).replace(" ", "")),
    "scheme": (Is.TEXT, lambda one: one.card.scheme),
    "operator": (Is.NUMBER, lambda one: one.operator),
    # of another terminal's transaction both are 0
    "original_batch": (Is.NUMBER, lambda one: _number(one.original.batch if one.original else 0)),
    "original_voucher": (Is.NUMBER, lambda one: _number(one.original.stan if one.original else 0)),
    "voided_by": (Is.NUMBER, lambda one: _number(one.voided_by)),
    "completed_by": (Is.NUMBER, lambda one: _number(one.completed_by)),
    "refunded": (Is.MONEY, lambda one: money(one.refunded_minor, one.currency)),
    "undo": (Is.FLAG, lambda one: one.undo),
    "offline": (Is.FLAG, lambda one: one.offline),
    "settled": (Is.FLAG, lambda one: one.settled),
    "merchant": (Is.NUMBER, lambda one: one.merchant),
    "merchant_name": (Is.TEXT, lambda one: one.merchant_name),
    "store": (Is.TEXT, lambda one: one.store),
    "terminal": (Is.NUMBER, lambda one: one.terminal),
    "amount_minor": (Is.COUNT, moved_minor),
    "requested_minor": (Is.COUNT, lambda one: one.amount_minor),
    "refunded_minor": (Is.COUNT, lambda one: one.refunded_minor),
    "record": (Is.COUNT, lambda one: one.record_seq),
    "record_hash": (Is.TEXT, lambda one: one.record_hash),
    "order_id": (Is.TEXT, lambda one: one.order_id),
    "order_reference": (Is.TEXT, lambda one: one.order_reference),
    "issuer": (Is.NUMBER, lambda one: one.issuer),
}
_SUMS = {
    "first_date": Is.DAY,
    "last_date": Is.DAY,
    "currency": Is.TEXT,
    **{
        name: what
        for kind in COUNTED
        for name, what in (
            (f"{kind.value}s", Is.COUNT),
            (f"{kind.value}s_amount", Is.MONEY),
        )
    },
    "net": Is.MONEY,
    "net_minor": Is.COUNT,
}
TABLES = {
    "transactions": Table({name: what for name, (what, _) in _TRANSACTION.items()}, _each),
    "batches": Table(
        {"batch": Is.NUMBER, **_SUMS, "settled": Is.DAY, "balanced": Is.FLAG}, _by_batch
    ),
    "totals": Table({**_SUMS, "head_record": Is.COUNT, "head_hash": Is.TEXT}, _totals),
}
