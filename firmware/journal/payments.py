"""A payment in records and their projection: the same field names, the amount in two fields."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from firmware.core.kinds import CardFacts, Kind, OriginalRef
from firmware.core.money import Money, currency_of
from firmware.core.payment import Payment

_SAME = tuple(name for name in Payment.__struct_fields__ if name != "amount")


class RecordedPayment(Struct, frozen=True, kw_only=True):
    """What an intent records, and what a transaction has of its intent."""

    kind: Kind
    batch: int
    stan: int
    amount_minor: int
    currency: str  # ISO 4217
    card: CardFacts
    operator: str
    merchant: str  # 15-character merchant number
    merchant_name: str
    store: str
    terminal: str
    date: str  # YYYYMMDD, the shop's
    time: str  # HHMMSS
    frame_sha256: str
    original: OriginalRef | None = None
    undo: bool = False
    training: bool = False
    order_id: str = ""  # of a till's order
    order_reference: str = ""  # the till's own name for it

    @property
    def amount(self) -> Money:
        """Raises KeyError or MoneyError for what is no amount."""
        return Money(self.amount_minor, currency_of(self.currency))

    @property
    def payment(self) -> Payment:
        """Raises as `amount` does."""
        return Payment(amount=self.amount, **{name: getattr(self, name) for name in _SAME})


def fields_of(payment: Payment) -> dict[str, Any]:
    """The payment by the names of `RecordedPayment`."""
    amount = payment.amount
    kept = {name: getattr(payment, name) for name in _SAME}
    return kept | {"amount_minor": amount.minor, "currency": amount.currency.alpha}
