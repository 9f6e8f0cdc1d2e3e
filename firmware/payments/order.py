"""What is to be paid, and what is known of it before it has a number."""

from __future__ import annotations

import enum

from msgspec import Struct

from firmware.core.kinds import CardFacts, EmvData, Kind, OriginalRef, Result, Verification
from firmware.core.money import Money
from firmware.iso8583.messages import CardPresented


class Source(enum.Enum):
    """Who asked for a payment."""

    KEYPAD = "keypad"
    PRICE_LIST = "price list"
    TILL = "till"


class Order(Struct, frozen=True):
    """What is to be paid; nobody has agreed to it yet. `reference` is the asker's name for it."""

    kind: Kind
    amount: Money
    source: Source = Source.KEYPAD
    reference: str = ""
    original: OriginalRef | None = None  # of a void or refund
    order_id: str = ""  # of a till's order: unique for ever
    undo: bool = False  # a void of the sale that was approved a moment ago


class Agreed(Struct, frozen=True):
    """An order, and the frame on the display that was agreed to by ENTER."""

    order: Order
    frame_sha256: str

    @property
    def kind(self) -> Kind:
        return self.order.kind

    @property
    def amount(self) -> Money:
        return self.order.amount


class Ready(Struct, frozen=True):
    """A payment that only lacks its number: agreed to, with the card's data."""

    agreed: Agreed
    facts: CardFacts
    card: CardPresented
    verification: Verification
    emv: EmvData
    offline: Result | None = None  # the card decided without the acquirer
