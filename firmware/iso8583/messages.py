"""What the terminal asks of a host and what it may get back, free of any wire format."""

from __future__ import annotations

import enum

from msgspec import Struct

from firmware.core.kinds import Totals
from firmware.core.masked import Pan, Pin, Track2
from firmware.core.money import Currency
from firmware.core.payment import Payment, Place


class CardPresented(Struct, frozen=True):
    """The card as the host must see it; lives only as long as the request.

    Raises ValueError when track 2 is another account's than the PAN.
    """

    pan: Pan
    psn: str
    expiry: str  # YYMM
    track2: Track2 | None = None
    pin: Pin | None = None  # enciphered by the host layer, never earlier
    de55: bytes = b""

    def __post_init__(self) -> None:
        if self.track2 is not None and not self.track2.is_of(self.pan):
            raise ValueError("PAN and track 2 name two accounts")

    def __repr__(self) -> str:
        return f"CardPresented(pan={self.pan!r})"  # DE 55 may hold what must not be told


class FinancialRequest(Struct, frozen=True):
    """Sale, void or refund with a card."""

    payment: Payment
    card: CardPresented
    offline: bool = False  # a sale that the card approved by itself: posted, not asked for


class ReversalRequest(Struct, frozen=True):
    """Undo what `payment` did, if it did anything and is the payment meant here.

    `date` and `time` are those of the asking; the payment's own and `last4` say which payment is
    meant, for its numbers may have been given out twice. One that is empty is not compared.
    """

    payment: Payment
    date: str
    time: str
    reason: str = ""
    last4: str = ""  # of the card's number


class SettlementRequest(Struct, frozen=True):
    """Close `batch`; the host compares `totals` with its own."""

    terminal: str
    merchant: str
    batch: int
    stan: int
    totals: Totals
    currency: Currency
    date: str
    time: str
    training: bool = False

    @property
    def place(self) -> Place:
        return self.terminal, self.batch, self.stan


class Answered(Struct, frozen=True):
    """The host's answer. `response_code` is ISO 8583 field 39."""

    response_code: str
    reference: str = ""
    authorisation_code: str = ""
    issuer_authentication_data: bytes | None = None  # tag 91
    scripts: bytes = b""  # templates 71 and 72, concatenated
    host_totals: Totals | None = None  # of a settlement

    @property
    def words(self) -> str:
        """What the journal says of an answer that leaves something owed."""
        return self.response_code


class NoAnswerReason(enum.Enum):
    """Why there is no answer to rely on."""

    TIMED_OUT = "timed out"
    NO_LINE = "no line"  # certainly never delivered
    GARBLED = "garbled"  # something came that is not an answer to this request


class NoAnswer(Struct, frozen=True):
    """No answer: the host may or may not have acted. A value that leads to a reversal."""

    reason: NoAnswerReason
    detail: str = ""

    @property
    def words(self) -> str:
        """What the journal says of it."""
        return self.reason.value


HostRequest = FinancialRequest | ReversalRequest | SettlementRequest
HostAnswer = Answered | NoAnswer


def subject_of(request: HostRequest) -> Payment | SettlementRequest:
    """What a request is about: it has terminal, merchant, batch, STAN and `training`."""
    return request if isinstance(request, SettlementRequest) else request.payment
