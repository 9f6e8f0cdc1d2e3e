"""Every transaction of a journal as CSV or JSON Lines, with totals that add up.

A row's `counts` is 1 for an approved transaction that is no lesson, else 0; a total's `counts` and
`amount_minor` are sums over the rows that count. They are held against the journal's own sums.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from firmware.core.exits import FAILED, Refused
from firmware.core.kinds import Kind, Totals
from firmware.core.money import currency_of, major_text
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import State, Transaction

FORMATS = ("csv", "jsonl")
COLUMNS = (
    "row",
    "type",
    "counts",
    "amount",
    "amount_minor",
    "currency",
    "batch",
    "voucher",
    "date",
    "time",
    "state",
    "response",
    "reason",
    "authorisation",
    "reference",
    "card",
    "scheme",
    "operator",
    "original_batch",
    "original_voucher",
    "voided_by",
    "refunded_minor",
    "undo",
    "training",
    "settled",
    "merchant",
    "store",
    "terminal",
    "record",
    "record_hash",
    "order_id",
    "order_reference",
)
_BATCH_ROWS_MAX = 2_000_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute with what a card says

Cell = str | int | bool
Sums = Counter[tuple[str, Kind]]


def export(journal: Lookups, form: str, file: TextIO) -> None:
    """Write every transaction, oldest first, and the totals.

    Raises Refused when the sums are not the journal's own, JournalFault when it cannot be read.
    """
    counts: Sums = Counter()
    minors: Sums = Counter()
    table = csv.writer(file)
    if form == "csv":
        table.writerow(COLUMNS)
    for one in _transactions(journal):
        row = _row(one)
        if row["counts"]:
            counts[one.currency, one.kind] += 1
            minors[one.currency, one.kind] += one.amount_minor
        if form == "csv":
            table.writerow([_tame(row.get(name, "")) for name in COLUMNS])
        else:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    totals = list(_totals(counts, minors))
    if form == "csv":
        table.writerows([row.get(name, "") for name in COLUMNS] for row in totals)
    else:
        record, head_hash = journal.head()
        last = {"row": "totals", "totals": totals, "record": record, "record_hash": head_hash}
        file.write(json.dumps(last) + "\n")
    _hold_against(journal, counts, minors)


def _transactions(journal: Lookups) -> Iterator[Transaction]:
    for serial in journal.serials():  # a batch at a time: years of trade do not fit a Pi's memory
        pages = [
            journal.list_transactions(None, 0, _BATCH_ROWS_MAX, training=training, serial=serial)
            for training in (False, True)
        ]
        for page in pages:
            yield from reversed(page)


def _row(one: Transaction) -> dict[str, Cell]:
    original = one.original
    return {
        "row": "transaction",
        "type": one.kind.value,
        "counts": int(one.state is State.APPROVED and not one.training),
        "amount": major_text(one.amount_minor, currency_of(one.currency)),
        "amount_minor": one.amount_minor,
        "currency": one.currency,
        "batch": f"{one.batch:06d}",
        "voucher": f"{one.stan:06d}",
        "date": one.date,
        "time": one.time,
        "state": one.state.value,
        "response": one.response_code,
        "reason": one.reason,
        "authorisation": one.authorisation_code,
        "reference": one.reference,
        "card": f"{one.card.first6}{'*' * (one.card.pan_length - 10)}{one.card.last4}",
        "scheme": one.card.scheme,
        "operator": one.operator,
        "original_batch": f"{original.batch:06d}" if original else "",
        "original_voucher": f"{original.stan:06d}" if original else "",
        "voided_by": f"{one.voided_by:06d}" if one.voided_by else "",
        "refunded_minor": one.refunded_minor,
        "undo": one.undo,
        "training": one.training,
        "settled": one.settled,
        "merchant": one.merchant,
        "store": one.store,
        "terminal": one.terminal,
        "record": one.record_seq,
        "record_hash": one.record_hash,
        "order_id": one.order_id,
        "order_reference": one.order_reference,
    }


def _totals(counts: Sums, minors: Sums) -> Iterator[dict[str, Cell]]:
    """A total for each kind and currency, and what is left of sales after voids and refunds."""
    for currency in sorted({currency for currency, _ in counts}):
        for kind in Kind:
            sums = counts[currency, kind], minors[currency, kind]
            yield _total(kind.value, currency, *sums)
        net_minor = minors[currency, Kind.SALE] * 2 - sum(minors[currency, kind] for kind in Kind)
        yield _total("net", currency, sum(counts[currency, kind] for kind in Kind), net_minor)


def _total(name: str, currency: str, count: int, minor: int) -> dict[str, Cell]:
    return {
        "row": "total",
        "type": name,
        "counts": count,
        "amount": major_text(minor, currency_of(currency)),
        "amount_minor": minor,
        "currency": currency,
    }


def _hold_against(journal: Lookups, counts: Sums, minors: Sums) -> None:
    own = [journal.totals(0, serial=serial) for serial in journal.serials()]
    for kind in Kind:
        name = f"{kind.value}s"
        found = (
            sum(number for (_, of), number in counts.items() if of is kind),
            sum(minor for (_, of), minor in minors.items() if of is kind),
        )
        expected = _sum(own, name), _sum(own, f"{name}_minor")
        if found != expected:
            words = f"{name} are {found[0]}/{found[1]}, the journal's own totals {expected}"
            raise Refused(f"the journal does not add up: {words}; see `pos verify`", code=FAILED)


def _sum(totals: list[Totals], name: str) -> int:
    return sum(getattr(one, name) for one in totals)


def _tame(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
