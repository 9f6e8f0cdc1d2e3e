"""What the terminal asks of an acquirer and what it may get back, free of any wire format."""

from __future__ import annotations

import enum
from typing import overload

from msgspec import Struct

from firmware.core.kinds import ReversalCause, Totals
from firmware.core.masked import Pan, Pin, Track2
from firmware.core.money import Currency, Money, major_text
from firmware.core.payment import Payment, PaymentName
from firmware.iso8583.responses import APPROVED, DECLINED

UPLOAD_MOST = 8  # transactions in one message of an upload
INSTITUTION_LENGTH = 11  # of an institution's code in field 44


class CardPresented(Struct, frozen=True):
    """The card as the acquirer must see it; lives only as long as the request.

    Raises ValueError when track 2 is another account's than the PAN.
    """

    pan: Pan
    psn: str
    expiry: str  # YYMM
    track2: Track2 | None = None
    pin: Pin | None = None  # enciphered by the line, never earlier
    de55: bytes = b""

    def __post_init__(self) -> None:
        if self.track2 is not None and not self.track2.is_of(self.pan):
            raise ValueError("PAN and track 2 name two accounts")

    def __repr__(self) -> str:
        return f"CardPresented(pan={self.pan!r})"  # field 55 may hold what must not be logged


class FinancialRequest(Struct, frozen=True):
    """Sale, void or refund with a card."""

    payment: Payment
    card: CardPresented
    offline: bool = False  # a sale that the card approved by itself: posted, not asked for
    repeated: bool = False  # a refund that was sent before and not answered


class ReversalRequest(Struct, frozen=True):
    """Undo what `payment` did, if it did anything and is the payment meant here.

    `date` and `time` are those of the reversal; the payment's own and `last4` say which payment is
    meant, for its numbers may have been given out twice. One that is empty is not compared.
    The terminal gives the `cause`; the acquirer reads field 39, `response_code`.
    """

    payment: Payment
    date: str
    time: str
    response_code: str = ""
    last4: str = ""  # of the card's number
    card: CardPresented | None = None  # where the line asks for the card itself; without a PIN
    cause: ReversalCause | None = None  # None: no cause that this release knows


class _Numbered(Struct, frozen=True, kw_only=True):
    """What a request has that is about no payment: who asks, in which batch, under which STAN."""

    terminal: str
    merchant: str
    batch: int
    stan: int
    training: bool = False

    @property
    def place(self) -> PaymentName:
        return self.terminal, self.batch, self.stan


class SettlementRequest(_Numbered, frozen=True, kw_only=True):
    """Close `batch`; the acquirer compares `totals` with its own."""

    totals: Totals
    currency: Currency
    date: str
    time: str


class BalanceRequest(_Numbered, frozen=True, kw_only=True):
    """How much is there to spend on the card's account? No money moves: it is never reversed.

    `date` and `time` are those of the asking, the shop's.
    """

    card: CardPresented
    currency: Currency
    date: str
    time: str


class Balance(Struct, frozen=True):
    """What may be spent on an account, in minor units: less than nothing where it is overdrawn."""

    minor: int
    currency: Currency

    def __str__(self) -> str:
        return major_text(self.minor, self.currency)


class Control(enum.Enum):
    """A request about the line itself; it moves no money."""

    SIGN_ON = "sign-on"  # asks for working keys
    SIGN_OFF = "sign-off"
    ECHO = "echo"


class ControlRequest(Struct, frozen=True):
    """Sign on, sign off, or test the line (echo). STAN 0 stands for the client's next number."""

    what: Control
    terminal: str
    merchant: str
    batch: int
    stan: int
    operator: str = ""
    training: bool = False


class UploadItem(Struct, frozen=True):
    """One approved transaction of a batch that did not balance."""

    stan: int
    pan: Pan
    amount_minor: int  # no Money: the message says no currency
    foreign: bool = False


class UploadRequest(_Numbered, frozen=True, kw_only=True):
    """Up to eight transactions of a batch that did not balance."""

    items: tuple[UploadItem, ...]


class ChipUploadRequest(_Numbered, frozen=True, kw_only=True):
    """The chip's data of one transaction of a batch that is settled. No money moves.

    `stan` is the transaction's own; `card.de55` has the card's last cryptogram; track data and PIN
    are not sent. `failed`: the card declined by itself, or approved although it could not
    authenticate the issuer. `balanced`: what the acquirer answered to the settlement.
    """

    card: CardPresented
    amount_minor: int
    currency: Currency | None = None  # None: the message does not say it, but the books can
    failed: bool = False
    balanced: bool = False
    with_pin: bool = False  # a PIN was keyed and sent to the issuer


class UploadEndRequest(_Numbered, frozen=True, kw_only=True):
    """The end of a batch, balanced or uploaded; `count` transactions were uploaded in all.

    One is counted once, whether its details, its chip's data or both were sent.
    """

    count: int
    balanced: bool


class ScriptRequest(Struct, frozen=True):
    """What became of the issuer's scripts of `payment`; `card.de55` has the results (DF31)."""

    payment: Payment
    card: CardPresented
    date: str
    time: str
    reference: str = ""  # the acquirer's, of the payment


class Answered(Struct, frozen=True):
    """The acquirer's answer. `response_code` is ISO 8583 field 39."""

    response_code: str
    reference: str = ""
    authorisation_code: str = ""
    issuer_authentication_data: bytes | None = None  # tag 91
    scripts: bytes = b""  # templates 71 and 72, concatenated
    host_totals: Totals | None = None  # of a settlement
    balance: Balance | None = None  # of a balance enquiry
    balanced: bool | None = None  # the acquirer's result of a settlement; None: compare the totals
    amount: Money | None = None  # what was approved, where it is less than asked (10)
    working_keys: bytes = b""  # of a sign-on, enciphered: see iso8583.working_keys
    batch: int | None = None  # the acquirer's, where it is not the one asked with
    date: str = ""  # the acquirer's, MMDD
    time: str = ""  # HHMMSS
    settled_on: str = ""  # MMDD
    institution: str = ""  # acquiring institution, field 32
    parties: str = ""  # issuer 11 and acquirer 11, field 44
    remark: str = ""  # field 63 after the card organisation
    sign_on_again: bool = False  # the header demands it, or the code does
    approves: bool | None = None  # a payment, by the profile; None: by the code alone
    ask_issuer: bool = False  # approved, and to be confirmed with the issuer
    in_doubt: bool = False  # declined, and yet something may stand at the acquirer

    @property
    def words(self) -> str:
        """The words for the journal of an answer that leaves something owed."""
        return self.response_code

    @property
    def issuer(self) -> str:
        """Whose card it is: the institution's code, as field 44 has it; "" where it has none."""
        return self.parties[:INSTITUTION_LENGTH].strip()

    @property
    def is_approval(self) -> bool:
        """Whether all that was asked for is approved."""
        return self.response_code == APPROVED if self.approves is None else self.approves

    @property
    def is_part(self) -> bool:
        """Whether less than was asked for is approved."""
        return self.amount is not None

    @property
    def card_code(self) -> str:
        """The code for the card (tag 8A): a card knows no other approval than 00."""
        if self.approves is None:
            return self.response_code
        if self.approves:
            return APPROVED
        return DECLINED if self.response_code in ("10", "11") else self.response_code


class NoAnswerReason(enum.Enum):
    """Why there is no answer to rely on."""

    TIMED_OUT = "timed out"
    NO_LINE = "no line"  # certainly never delivered
    GARBLED = "garbled"  # something came that is not an answer to this request


class NoAnswerCause(enum.Enum):
    """What is wrong where more is known than `NoAnswerReason` says."""

    NO_MASTER = "no terminal master key: load it first (menu 7, or pos key load)"
    WRONG_MAC = "MAC differs"
    KEY_CHECK = "check value differs"  # of a working key


class NoAnswer(Struct, frozen=True):
    """No answer: the acquirer may or may not have acted. A value that leads to a reversal."""

    reason: NoAnswerReason
    detail: str = ""
    cause: NoAnswerCause | None = None
    tpdu: str = ""  # of a frame that was not answered, as hex: a wrong one is met with silence
    header: str = ""

    @property
    def words(self) -> str:
        """The words for the journal."""
        return self.reason.value


HostRequest = FinancialRequest | ReversalRequest | SettlementRequest | BalanceRequest
HostAnswer = Answered | NoAnswer


class AnswerRead(Struct, frozen=True):
    """An answer that was checked (or NoAnswer), and whether the acquirer wants a sign-on."""

    answer: HostAnswer
    sign_on: bool = False


OfItself = SettlementRequest | BalanceRequest
Upload = UploadRequest | ChipUploadRequest | UploadEndRequest
AboutTheBatch = OfItself | ControlRequest | Upload
LineRequest = HostRequest | ControlRequest | Upload | ScriptRequest
"""What a terminal asks of an acquirer; the one that is built in carries out `HostRequest`."""


@overload
def subject_of(request: HostRequest) -> Payment | OfItself: ...
@overload
def subject_of(request: LineRequest) -> Payment | AboutTheBatch: ...
def subject_of(request: LineRequest) -> Payment | AboutTheBatch:
    """The part of a request that has terminal, merchant, batch, STAN and `training`."""
    if isinstance(request, FinancialRequest | ReversalRequest | ScriptRequest):
        return request.payment
    return request
