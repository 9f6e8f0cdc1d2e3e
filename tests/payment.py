"""Payments for tests: a sale of the shop of the default settings, and what differs from it."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec.structs import replace

from firmware.core.kinds import Kind, OriginalRef, Totals
from firmware.core.money import CURRENCIES, Money
from firmware.core.payment import Payment
from firmware.iso8583.messages import FinancialRequest, ReversalRequest
from firmware.journal.records import SettlementCompleted
from firmware.journal.transactions import Transaction

_PAYMENT = Payment(
    kind=Kind.SALE,
    terminal="10000001",
    merchant="104110054110001",
    batch=1,
    stan=1,
    amount=Money(12_850, CURRENCIES["CNY"]),
    date="20261122",
    time="090000",
    operator="01",
    merchant_name="幸福小店",
    store="S01",
)
_CLOSED = SettlementCompleted(
    batch=1,
    totals=Totals(),
    host_totals=Totals(),
    balanced=True,
    operator="01",
    date="20261122",
    time="220000",
)
_Request = TypeVar("_Request", FinancialRequest, ReversalRequest)


def yuan(minor: int) -> Money:
    """An amount in the terminal's own currency."""
    return Money(minor, CURRENCIES["CNY"])


def payment(**changes: Any) -> Payment:
    """The sale with other fields."""
    return replace(_PAYMENT, **changes)


def on_the_line(**changes: Any) -> Payment:
    """The same as a message carries it: without the shop's names."""
    return payment(**{"merchant_name": "", "store": ""} | changes)


def changed(request: _Request, **changes: Any) -> _Request:
    """The request with other fields: its payment's where it has such, else its own."""
    paid = {name: changes.pop(name) for name in list(changes) if hasattr(request.payment, name)}
    return replace(request, payment=replace(request.payment, **paid), **changes)


def closed_batch(totals: Totals, **changes: Any) -> SettlementCompleted:
    """A batch that was settled, the host's totals being the terminal's, and what differs."""
    return replace(_CLOSED, **{"totals": totals, "host_totals": totals} | changes)


def original_of(sale: Transaction) -> OriginalRef:
    """How a void or refund names its sale."""
    return OriginalRef(
        batch=sale.batch,
        stan=sale.stan,
        reference=sale.reference,
        date=sale.date,
        amount_minor=sale.amount_minor,
    )
