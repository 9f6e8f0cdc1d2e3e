"""Questions about tills' orders, as values that a flow can await."""

from __future__ import annotations

from msgspec import Struct

from firmware.journal.orders import OrderFound
from firmware.journal.store import Journal


class OrderById(Struct, frozen=True):
    """The order of this id, if one was ever taken."""

    id: str

    def read(self, journal: Journal) -> OrderFound | None:
        return journal.order(self.id)


class OpenOrders(Struct, frozen=True):
    """Orders that were taken and have neither an intent nor an end."""

    def read(self, journal: Journal) -> list[OrderFound]:
        return journal.open_orders()
