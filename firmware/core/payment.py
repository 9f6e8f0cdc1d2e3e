"""A payment with its number: one value for the journal, both ends of the line, and receipts."""

from __future__ import annotations

from msgspec import Struct

from firmware.core.kinds import Kind, OriginalRef
from firmware.core.money import Money

BATCH_MAX = STAN_MAX = 999_999  # six digits each; after these both begin anew at 1
PaymentName = tuple[str, int, int]
"""What names a payment: terminal, batch, STAN."""


class Payment(Struct, frozen=True, kw_only=True):
    """A sale, void or refund, as it was agreed to. Asking for one twice moves money once.

    The shop's and the till's names are for journal and receipts: no message carries them.
    """

    kind: Kind
    terminal: str
    merchant: str  # the merchant's number, 15 characters
    batch: int
    stan: int
    amount: Money
    date: str  # YYYYMMDD, the shop's
    time: str  # HHMMSS
    operator: str = ""
    original: OriginalRef | None = None  # of a void or refund
    training: bool = False
    merchant_name: str = ""
    store: str = ""
    order_id: str = ""  # of a till's order
    order_reference: str = ""  # the till's own name for it

    @property
    def place(self) -> PaymentName:
        return self.terminal, self.batch, self.stan
