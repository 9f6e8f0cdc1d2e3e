"""What the API takes and gives, as types: they decode, they encode, and they are the OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from firmware.core.kinds import EndCause, Kind
from firmware.core.payment import BATCH_MAX

ID_PATTERN = "^[A-Za-z0-9._-]{1,64}$"
# what no display or paper can show is refused: control characters, and what turns the direction
_PLAIN = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]*$"
LINES_MAX, AMOUNT_MAX = 100, 999_999_999  # the amount is what the display shows in large digits

AmountAsked = Annotated[
    int, Meta(ge=1, le=AMOUNT_MAX, description="In minor units of the currency: 12850 is 128.50.")
]
Version = Annotated[int, Meta(ge=0, description="Number of the journal's record that changed it.")]
PaymentKind = Literal["sale", "void", "refund"]
ORDERED: dict[Kind, PaymentKind] = {  # what a till can order: no pre-authorisations are offered
    Kind.SALE: "sale",
    Kind.VOID: "void",
    Kind.REFUND: "refund",
}


class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a till sends. Its digest leaves defaults out, so a field may be added later."""


class Line(Asked, frozen=True, kw_only=True):
    """One line of what is paid for."""

    name: Annotated[str, Meta(min_length=1, max_length=60, pattern=_PLAIN)]
    amount_minor: Annotated[int, Meta(ge=-AMOUNT_MAX, le=AMOUNT_MAX, description="The line's sum.")]
    quantity: Annotated[int, Meta(ge=1, le=9_999)] = 1


class PaymentOrder(Asked, frozen=True, kw_only=True):
    """What is to be paid. The lines, if there are any, add up to the amount."""

    amount_minor: AmountAsked
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217, as CNY.")]
    reference: Annotated[str, Meta(max_length=40, pattern=_PLAIN)] = ""
    lines: Annotated[tuple[Line, ...], Meta(max_length=LINES_MAX)] = ()
    expires_in_s: Annotated[
        int, Meta(ge=5, le=900, description="Not agreed to in time, it moves no money.")
    ] = 60
    language: Literal["zh_CN", "en", ""] = ""


class VoidOrder(Asked, frozen=True, kw_only=True):
    """Take the whole of a sale of this batch back, on the card that paid it.

    The sale is named in one way: by `payment`; by `voucher` with `batch` or `date`; or by `rrn`, or
    as the keypad has it `reference`, with `date`. A sale that was keyed has no `payment`.
    """

    payment: Annotated[
        str, Meta(pattern=f"^$|{ID_PATTERN}", description="Its id, where it was a till's.")
    ] = ""
    voucher: Annotated[
        str, Meta(pattern="^$|^[0-9]{1,6}$", description="Its voucher number, as 000001.")
    ] = ""
    batch: Annotated[int, Meta(ge=0, le=BATCH_MAX, description="Its batch; 0 is none named.")] = 0
    rrn: Annotated[
        str,
        Meta(pattern="^$|^[A-Za-z0-9]{1,12}$", description="The acquirer's number for it."),
    ] = ""
    date: Annotated[
        str, Meta(pattern="^$|^[0-9]{8}$", description="The shop's day of it, YYYYMMDD.")
    ] = ""
    reference: Annotated[
        str,
        Meta(
            max_length=40,
            pattern=_PLAIN,
            description="Your own name for this; with `date` and nothing else, the sale's `rrn`.",
        ),
    ] = ""
    expires_in_s: Annotated[int, Meta(ge=5, le=900)] = 60
    language: Literal["zh_CN", "en", ""] = ""


class RefundOrder(VoidOrder, frozen=True, kw_only=True):
    """Give a sale of any batch back, or some of it, on the card that paid it."""

    amount_minor: AmountAsked


PaymentStage = Literal[
    "taken",
    "shown",
    "agreed",
    "card",
    "authorising",
    "unknown",
    "approved",
    "declined",
    "failed",
    "cancelled",
    "expired",
    "reversing",
    "reversed",
    "voided",
    "refunded",
]
FINAL = ("approved", "declined", "failed", "cancelled", "expired", "reversed", "voided", "refunded")


class Card(Struct, frozen=True, kw_only=True):
    """What may be told of a card."""

    last4: str
    scheme: str
    entry: str


class OriginalSale(Struct, frozen=True, kw_only=True):
    """The sale that a void or refund gives back."""

    batch: int
    voucher: str
    rrn: str
    date: str


PaperCopy = Literal["merchant", "cardholder", "settlement", "fault", "display"]
PaperStage = Annotated[
    Literal["queued", "sending", "held", "printed", "unconfirmed", "doubtful", "dropped"],
    Meta(
        description="held: until it is asked for. unconfirmed: sent to a printer that never"
        " answers. doubtful: it may be whole or not; a duplicate follows. dropped: nobody wants it."
    ),
]


class PaymentPaper(Struct, frozen=True, kw_only=True):
    """A paper of a payment, and how it stands; reprints are duplicates."""

    copy: PaperCopy
    state: PaperStage
    duplicate: bool


Cause = Annotated[
    Any,  # a text: as `str` its schema would have more than the values
    Meta(
        description="Why it took no money; empty while it may, or did. Decide by this alone.",
        extra_json_schema={"enum": sorted(cause.value for cause in EndCause)},
    ),
]


class PaymentState(Struct, frozen=True, kw_only=True):
    """A payment as it is now. `final` says that no more comes of it but a void or refund."""

    id: str
    kind: PaymentKind
    state: PaymentStage
    final: bool
    version: Version
    amount_minor: int
    currency: str
    reference: str
    taken_at: str
    payment: str = ""  # that this voids or refunds, where it was a till's
    original: OriginalSale | UnsetType = UNSET  # the same by its numbers
    cause: Cause = ""
    reason: Annotated[str, Meta(description="The same in words, for a log: they may change.")] = ""
    training: bool = False
    batch: int | UnsetType = UNSET
    voucher: str | UnsetType = UNSET
    authorisation_code: str | UnsetType = UNSET
    rrn: str | UnsetType = UNSET
    response_code: str | UnsetType = UNSET
    offline: bool | UnsetType = UNSET
    card: Card | UnsetType = UNSET
    verification: str | UnsetType = UNSET
    paid_on: str | UnsetType = UNSET  # YYYYMMDD HHMMSS of the shop
    voided: bool = False
    refunded_minor: int = 0
    receipts_waiting: int = 0
    papers: list[PaymentPaper] = []  # as they were queued, also those that came out


class PaymentPage(Struct, frozen=True, kw_only=True):
    """Payments in the order in which they last changed; ask again after the last one's version."""

    payments: list[PaymentState]
    more: bool


class Changed(Struct, frozen=True, kw_only=True):
    """One payment in an event: where it stood from that record on."""

    id: str
    state: str


class Event(Struct, frozen=True, kw_only=True):
    """The data of a server-sent event; its id is `version`."""

    version: Version
    payments: list[Changed]


Paper = Literal["ready", "near-end", "paper-out", "cover-open", "offline", "unknown"]
PartState = Literal["ready", "lost"]
CardReaderState = Literal["ready", "card-in", "lost"]
LineState = Literal["up", "down", "unknown"]


class TerminalState(Struct, frozen=True, kw_only=True):
    """How the terminal stands."""

    in_service: bool
    ready: bool  # an order would be taken now, as far as can be seen
    not_ready: list[str]  # why not: what a payment would be answered, by its problem's type
    busy: bool
    faults: list[str]
    paper: Paper
    reader: CardReaderState
    display: PartState
    keypad: PartState
    line: LineState  # to the acquirer: how the last request went
    payment: str  # id of the one under way
    stage: str
    signed_on: bool
    training: bool
    batch: int
    batch_count: int
    batch_full_at: int
    reversals_owed: int
    advice_owed: int
    receipts_waiting: int
    settlement_open: bool
    clock: str
    version: str
    store: str
    terminal: str
    merchant: str
    merchant_name: str
    currency: str
    head: Version


class Sums(Struct, frozen=True, kw_only=True):
    """Approved transactions, counted and added up."""

    sales: int
    sales_minor: int
    voids: int
    voids_minor: int
    refunds: int
    refunds_minor: int
    completions: int = 0  # of pre-authorisations, which no till asks for
    completions_minor: int = 0
    completion_voids: int = 0
    completion_voids_minor: int = 0


class BatchTotalsNow(Sums, frozen=True, kw_only=True):
    """Approved transactions of the open batch."""

    batch: int
    currency: str


class Settlement(Struct, frozen=True, kw_only=True):
    """How a batch was closed. `balanced` says that the acquirer has the same sums."""

    batch: int
    state: Literal["settling", "closed"]
    currency: str
    sums: Sums
    acquirer: Sums | UnsetType = UNSET
    balanced: bool | UnsetType = UNSET
    closed_on: str | UnsetType = UNSET  # YYYYMMDD HHMMSS of the shop


class ReceiptLine(Struct, frozen=True, kw_only=True):
    """A line of a receipt."""

    text: str
    size: str
    align: str
    bold: bool


class Receipt(Struct, frozen=True, kw_only=True):
    """A copy of the receipt, and the signed record that its QR code carries."""

    id: str
    copy: Literal["cardholder", "merchant"]
    signature: bool  # the merchant's copy has a line for it
    columns: int
    lines: list[ReceiptLine]
    qr: str


class Accepted(Struct, frozen=True, kw_only=True):
    """The request was accepted; its result shows elsewhere."""

    id: str
    state: str


class Texts(Struct, frozen=True, kw_only=True):
    """One text in both languages."""

    zh_CN: str  # noqa: N815 - the language's name
    en: str


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error. See RFC 9457. `type` is stable; `field` names what is wrong in the body."""

    type: str
    title: str
    status: int
    detail: str
    texts: Texts
    field: str = ""
    limit_minor: int = 0
