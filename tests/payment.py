"""Payments for tests: a sale of the shop of the default settings, and what differs from it."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec.structs import replace

from firmware.core.kinds import Kind
from firmware.core.money import CURRENCIES, Money
from firmware.core.payment import Payment
from firmware.iso8583.messages import FinancialRequest, ReversalRequest

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
