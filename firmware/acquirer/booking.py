"""What books hold in any engine: requests, their answers, and whose books they are."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from firmware.core.kinds import Kind, Totals
from firmware.core.money import Money, currency_of
from firmware.core.payment import Payment


class Standing(enum.Enum):
    """Whether a request in the books counts."""

    STANDING = "standing"  # approved, and money moved
    REFUSED = "refused"
    REVERSED = "reversed"
    BLOCKED = "blocked"  # its reversal came first
    LAPSED = "lapsed"  # a pre-authorisation whose days are over: it holds nothing any more


class Booking(Struct, frozen=True, kw_only=True):
    """One financial request and what was answered; `account` is the keyed hash of the PAN.

    Batches are counted on where their numbers begin anew, see `firmware.iso8583.rounds`.
    """

    terminal: str
    batch: int
    stan: int
    kind: Kind
    merchant: str
    account: str
    amount: Money
    date: str  # the terminal's, YYYYMMDD
    time: str = ""  # the terminal's, HHMMSS; "" in books of earlier releases
    original_batch: int = 0
    original_stan: int = 0
    original_reference: str = ""
    state: Standing
    response_code: str
    reference: str
    authorisation_code: str = ""
    issuer_data: bytes | None = None  # tag 91
    cryptogram: bytes = b""
    muted: bool = False  # booked, and the answer is never sent
    decided_on: str  # the host's day, YYYYMMDD
    undoes: str = ""  # reference of the original of a void, refund or completion
    holds_minor: int = 0  # by how much this entry, if it stands, raises what is held

    @property
    def spends_minor(self) -> int:
        """By how much this entry, if it stands, raises what the account has spent."""
        return self.kind.sign * self.amount.minor if self.stands else 0

    @property
    def stands(self) -> bool:
        return self.state is Standing.STANDING


class Funds(Struct, frozen=True):
    """What an account has spent, and what pre-authorisations hold of it: sums in minor units."""

    spent_minor: int = 0
    held_minor: int = 0


class Lapsed(Struct, frozen=True):
    """The pre-authorisations of an account whose days are over; minor units.

    `held_minor` is the part that still counts as held in the account's Funds.
    """

    count: int = 0
    minor: int = 0
    held_minor: int = 0


def asked_of(payment: Payment, account: str) -> dict[str, Any]:
    """What was asked, by the names of an entry's fields."""
    original = payment.original
    return {
        "terminal": payment.terminal,
        "batch": payment.batch,
        "stan": payment.stan,
        "kind": payment.kind,
        "merchant": payment.merchant,
        "account": account,
        "amount": payment.amount,
        "date": payment.date,
        "time": payment.time,
        "original_batch": original.batch if original else 0,
        "original_stan": original.stan if original else 0,
        "original_reference": original.reference if original else "",
    }


def is_same(entry: Booking, payment: Payment, account: str) -> bool:
    """Whether `payment` asks again what `entry` has decided."""
    asked = asked_of(payment, account)
    if not entry.time or not payment.date:  # books of earlier releases, or a line that says neither
        del asked["time"]
    if not payment.date:
        del asked["date"]
    return all(getattr(entry, name) == value for name, value in asked.items())


_SAME = tuple(name for name in Booking.__struct_fields__ if name != "amount")
COLUMNS = (*_SAME, "amount_minor", "currency")  # an entry as a database has it
LIMITED = tuple(kind for kind in Kind if not kind.gives_back)  # may not pass the account's limit


class Tie(Struct, frozen=True):
    """What the books hold about the journal that they belong to.

    `identity` is these books' own, `key_check` changes with the key under which accounts are
    found, `seq` and `hash` are of the record that was the journal's last at the last answer.
    """

    identity: str
    key_check: str
    seq: int
    hash: bytes


class Kept(Struct, frozen=True):
    """The identity of the books, and the number of their commits."""

    books: str
    commits: int


def totals_of(rows: Iterable[tuple[str, int, int]]) -> Totals:
    """A batch's Totals, of rows of kind, count and sum; pre-authorisations do not count."""
    sums: dict[str, int] = {}
    for kind, count, minor in rows:
        if Kind(kind).sign:
            sums |= {f"{kind}s": count, f"{kind}s_minor": minor}
    return Totals(**sums)


def row_of(entry: Booking) -> dict[str, object]:
    """The values of an entry by COLUMNS, as a database takes them."""
    row = {name: getattr(entry, name) for name in _SAME}
    row |= {"kind": entry.kind.value, "state": entry.state.value}
    return row | {"amount_minor": entry.amount.minor, "currency": entry.amount.currency.numeric}


def entry_of(row: tuple[Any, ...]) -> Booking:
    """The request in a row that has COLUMNS."""
    *same, minor, currency = row
    values = dict(zip(_SAME, same, strict=True))
    values["kind"] = Kind(values["kind"])
    values["state"] = Standing(values["state"])
    values["muted"] = bool(values["muted"])
    return Booking(amount=Money(minor, currency_of(currency)), **values)
