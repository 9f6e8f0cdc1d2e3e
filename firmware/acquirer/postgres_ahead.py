"""Read what many decisions will ask for in one round trip, for books in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from firmware.acquirer import postgres_sql as sql
from firmware.acquirer.booking import COLUMNS
from firmware.acquirer.engine import (
    BY_REFERENCE,
    ENTRY,
    FUNDS,
    IS_REFERENCE,
    PIN_FAILURES,
    RESTING,
    REVERSED,
    SETTLEMENT,
    Coming,
)
from firmware.acquirer.postgres_link import PostgresLink, Rows, Statement
from firmware.acquirer.sealed_records import ACCOUNT, RECORD

PLACE = ("terminal", "batch", "stan")
_REFERENCE, _UNDOES = COLUMNS.index("reference"), COLUMNS.index("undoes")


def read_ahead(link: PostgresLink, coming: Sequence[Coming], references: Sequence[str]) -> None:
    """Have `link` foresee what is read for each of `coming`, and for its reference number."""
    asked = [
        dict(zip(PLACE, each.place, strict=True))
        | {"at": at, "account": each.account, "cryptogram": _bytea(each.cryptogram)}
        | {"reference": reference}
        for at, (each, reference) in enumerate(zip(coming, references, strict=True))
    ]
    reads: list[Statement] = [(sql.GLANCE, (as_json(asked),))]
    originals = sorted({each.original for each in coming if each.original})
    if originals:
        reads += [(sql.ORIGINALS, (originals,)), (sql.RESTING_ON_ANY, (originals,))]
    found, *rest = link.together(reads)
    for each, reference, row in zip(coming, references, found, strict=True):
        _foresee(link, each, reference, row)
    if rest:
        _foresee_originals(link, originals, *rest)


def _foresee(link: PostgresLink, each: Coming, reference: str, row: tuple[Any, ...]) -> None:
    """What the decision on one request will read, as far as `row` of GLANCE says."""
    there = (
        (ENTRY, each.place),
        (SETTLEMENT, each.place[:2]),
        (REVERSED, each.place),
        (sql.SEEN, (each.account, each.cryptogram)),
        (IS_REFERENCE, (reference, reference)),
    )
    for read, exists in zip(there, row, strict=False):
        if not exists:  # else it is read in full
            link.foresee(*read, [])
    spent, held, pin_failures, record = row[len(there) :]
    values = (
        (FUNDS, (each.account,), (spent, held)),
        (PIN_FAILURES, (each.account,), (pin_failures,)),
        (RECORD, (ACCOUNT, each.account), (record,)),
    )
    for name, asked, found in values:
        link.foresee(name, asked, [] if found[0] is None else [found])


def _foresee_originals(
    link: PostgresLink, references: Sequence[str], sales: Rows, resting: Rows
) -> None:
    """The sales that are named, and what rests on them."""
    named: defaultdict[object, Rows] = defaultdict(list)
    on: defaultdict[object, Rows] = defaultdict(list)
    for row in sales:
        named[row[_REFERENCE]].append(row)
    for row in resting:
        on[row[_UNDOES]].append(row)
    for reference in references:
        link.foresee(BY_REFERENCE, (reference,), named[reference])
        link.foresee(RESTING, (reference,), on[reference])


def as_json(rows: Sequence[dict[str, object]]) -> str:
    """Rows for json_to_recordset."""
    return msgspec.json.encode(rows).decode()


def as_plain(values: dict[str, object]) -> dict[str, object]:
    """A row whose bytes are text, as PostgreSQL reads them."""
    return {
        name: _bytea(value) if isinstance(value, bytes) else value for name, value in values.items()
    }


def _bytea(value: bytes) -> str:
    return "\\x" + value.hex()
