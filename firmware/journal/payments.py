"""A payment as records and their projection keep it: under the same names, its amount in two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from firmware.core.money import Money, currency_of
from firmware.core.payment import Payment

if TYPE_CHECKING:
    from firmware.journal.records import IntentRecorded
    from firmware.journal.transactions import Transaction

_SAME = tuple(name for name in Payment.__struct_fields__ if name != "amount")


def fields_of(payment: Payment) -> dict[str, Any]:
    """The payment by the names of `IntentRecorded`."""
    amount = payment.amount
    kept = {name: getattr(payment, name) for name in _SAME}
    return kept | {"amount_minor": amount.minor, "currency": amount.currency.alpha}


def payment_of(kept: IntentRecorded | Transaction) -> Payment:
    """The payment that was kept. Raises KeyError or MoneyError for what is no amount."""
    amount = Money(kept.amount_minor, currency_of(kept.currency))
    return Payment(amount=amount, **{name: getattr(kept, name) for name in _SAME})
