"""The journal's records of what a till asked for: taken before anything is shown, ended once."""

from __future__ import annotations

import enum

from msgspec import Struct

from firmware.core.kinds import EndCause, Kind, OriginalRef
from firmware.core.money import Money, currency_of
from firmware.journal.base import Base


@enum.unique
class OrderEnd(enum.Enum):
    """How an order without a payment ended. The value is what the journal keeps."""

    CANCELLED = "cancelled"  # by the till, at the terminal, or by a power cut
    EXPIRED = "expired"  # nobody agreed in time
    REFUSED = "refused"  # something stood against it after it was taken


class OrderState(enum.Enum):
    """Where an order stands, by the journal alone."""

    TAKEN = "taken"
    AUTHORISING = "authorising"
    APPROVED = "approved"
    DECLINED = "declined"
    FAILED = "failed"
    REVERSING = "reversing"
    REVERSED = "reversed"
    VOIDED = "voided"
    REFUNDED = "refunded"  # something of it, or all
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class OrderLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of what is paid for; `amount_minor` is the line's sum, not the price of one."""

    name: str
    amount_minor: int
    quantity: int = 1


class NexoMessage(Struct, frozen=True, kw_only=True):
    """The message of nexo Retailer that asked for an order, by its names there."""

    category: str
    sale_id: str
    service_id: str


class OrderTaken(Base, frozen=True):
    """A till's order, durable before the display shows anything. `id` is unique for ever."""

    id: str
    digest: str  # SHA-256 of what was asked, in hex: the same id with another body is refused
    amount_minor: int
    currency: str
    till: str  # the name of the token that asked
    kind: Kind = Kind.SALE
    reference: str = ""
    lines: tuple[OrderLine, ...] = ()
    expires_in_s: int = 0
    language: str = ""
    payment: str = ""  # the order that a void or refund gives back
    original: OriginalRef | None = None  # what it gives back, where a till named it by its numbers
    message: NexoMessage | None = None  # of a till that speaks nexo

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, currency_of(self.currency))


class OrderEnded(Base, frozen=True):
    """An order that ended before it had an intent: no money moved, and none will."""

    id: str
    end: OrderEnd
    reason: str  # in words, for people who read the journal
    cause: EndCause = EndCause.NONE


OrderRecord = OrderTaken | OrderEnded
