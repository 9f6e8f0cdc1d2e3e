"""The parts of nexo Retailer 3.0 requests that are read; other fields are ignored."""

from __future__ import annotations

import hashlib
import json
import re
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import Meta, Struct, field

from firmware.api.nexo_crypto import Trailer
from firmware.api.problems import Why, Wrong
from firmware.api.types import AMOUNT_MAX
from firmware.core.money import NOTHING, Currency, MoneyError, minor_of_decimal

_CAPITALS = {"id", "poi"}
_SIMPLE = re.compile(r"^[A-Za-z0-9_-]{1,24}$")
Body = dict[str, Any]  # of a message, or a part of one, as JSON
Name = Annotated[str, Meta(min_length=1, max_length=200)]
_Read = TypeVar("_Read")


def _named(field: str) -> str:
    words = field.split("_")
    return "".join(word.upper() if word in _CAPITALS else word.capitalize() for word in words)


class _Part(Struct, frozen=True, kw_only=True, rename=_named):
    """A part of a message, with the protocol's own names on the line."""


class Header(_Part, frozen=True, kw_only=True):
    """MessageHeader."""

    protocol_version: str = "3.0"
    message_class: str
    message_category: str
    message_type: Literal["Request", "Notification"]
    service_id: Annotated[str, Meta(max_length=200)] = ""  # of each but some of the Device class
    device_id: Annotated[str, Meta(max_length=200)] = ""
    sale_id: Name
    poi_id: Name


class TransactionId(_Part, frozen=True, kw_only=True):
    """SaleTransactionID and POITransactionID."""

    transaction_id: Name
    time_stamp: str = ""


class SaleData(_Part, frozen=True, kw_only=True):
    """SaleData."""

    sale_transaction_id: TransactionId


class Amounts(_Part, frozen=True, kw_only=True):
    """AmountsReq; the amount is a decimal in major units, never a float."""

    currency: str
    requested_amount: Decimal
    cash_back_amount: Decimal = NOTHING


class NexoOriginal(_Part, frozen=True, kw_only=True):
    """OriginalPOITransaction."""

    poi_transaction_id: TransactionId


class PaymentTransaction(_Part, frozen=True, kw_only=True):
    """PaymentTransaction."""

    amounts_req: Amounts
    original_poi_transaction: NexoOriginal | None = None


class PaymentData(_Part, frozen=True, kw_only=True):
    """PaymentData."""

    payment_type: str = "Normal"


class PaymentRequest(_Part, frozen=True, kw_only=True):
    """PaymentRequest."""

    sale_data: SaleData
    payment_transaction: PaymentTransaction
    payment_data: PaymentData = PaymentData()


class NexoReversal(_Part, frozen=True, kw_only=True):
    """ReversalRequest; without an amount the whole is reversed."""

    original_poi_transaction: NexoOriginal
    reversal_reason: str = "MerchantCancel"
    reversed_amount: Decimal | None = None
    sale_data: SaleData | None = None


class MessageReference(_Part, frozen=True, kw_only=True):
    """MessageReference."""

    message_category: str = ""
    service_id: str = ""
    sale_id: str = ""


class ReferringRequest(_Part, frozen=True, kw_only=True):
    """TransactionStatusRequest, which is about the last payment without one, and AbortRequest."""

    message_reference: MessageReference | None = None


class ReconciliationRequest(_Part, frozen=True, kw_only=True):
    """ReconciliationRequest; a previous one is named by its id, which is the batch."""

    reconciliation_type: str
    poi_reconciliation_id: str = ""


class DiagnosisRequest(_Part, frozen=True, kw_only=True):
    """DiagnosisRequest; with the flag, the acquirer is asked whether it is there."""

    host_diagnosis_flag: bool = False
    acquirer_id: list[str] = []


class Printed(_Part, frozen=True, kw_only=True):
    """PrintOutput and the like: what an answer repeats."""

    document_qualifier: str = "SaleReceipt"


class PrintRequest(_Part, frozen=True, kw_only=True):
    """PrintRequest."""

    print_output: Printed = Printed()


class NexoPlace(_Part, frozen=True, kw_only=True):
    """DisplayOutput and InputData: where, and what kind of information."""

    device: str = "CustomerDisplay"
    info_qualify: str = "Display"


class DisplayRequest(_Part, frozen=True, kw_only=True):
    """DisplayRequest."""

    display_output: list[NexoPlace] = []


class InputRequest(_Part, frozen=True, kw_only=True):
    """InputRequest."""

    display_output: NexoPlace | None = None
    input_data: NexoPlace = NexoPlace(device="CustomerInput", info_qualify="Input")


class SaleRequest(_Part, frozen=True, kw_only=True):
    """The part of a request that its answer repeats: the sale."""

    sale_data: SaleData


class Message(_Part, frozen=True, kw_only=True):
    """The content of SaleToPOIRequest: one body, or a blob with its trailer."""

    message_header: Header
    payment_request: PaymentRequest | None = None
    reversal_request: NexoReversal | None = None
    transaction_status_request: ReferringRequest | None = None
    abort_request: ReferringRequest | None = None
    reconciliation_request: ReconciliationRequest | None = None
    diagnosis_request: DiagnosisRequest | None = None
    print_request: PrintRequest | None = None
    display_request: DisplayRequest | None = None
    input_request: InputRequest | None = None
    card_acquisition_request: SaleRequest | None = None
    loyalty_request: SaleRequest | None = None
    stored_value_request: SaleRequest | None = None
    nexo_blob: str = ""
    security_trailer: Trailer | None = None
    # of a message that cannot be read whole, never on the line: what is wrong, and whose sale it is
    fault: Annotated[str, Meta(max_length=0)] = ""
    sale_of_fault: SaleData | None = None


class HeaderMessage(_Part, frozen=True, kw_only=True):
    """The header of a message, whatever follows it."""

    message_header: Header


class SaleMessage(HeaderMessage, frozen=True, kw_only=True):
    """A header, and of a PaymentRequest the sale."""

    payment_request: SaleRequest


class Envelope(Struct, Generic[_Read], frozen=True):
    """What is sent: the whole message, or no more of it than the sale or the header."""

    message: _Read = field(name="SaleToPOIRequest")


class NexoAsked(Struct, frozen=True):
    """A message of nexo Retailer 3.0: header and request, or NexoBlob and trailer."""

    message: dict[str, Any] = field(name="SaleToPOIRequest")


class NexoSaid(Struct, frozen=True):
    """The answer, encrypted as the message was."""

    message: dict[str, Any] = field(name="SaleToPOIResponse")


class NexoFault(Struct, frozen=True):
    """A message that was encrypted, and does not open."""

    errors: list[str]


def id_of(sale_id: str, service_id: str) -> str:
    """The payment's id: readable where both names allow it, else hashed; never the same for two."""
    if _SIMPLE.match(sale_id) and _SIMPLE.match(service_id):
        return f"nexo.{sale_id}.{service_id}"
    packed = json.dumps([sale_id, service_id]).encode()
    return "nexo-" + hashlib.sha256(packed).hexdigest()[:48]


def minor_of(amount: Decimal, currency: Currency) -> int:
    """A decimal in minor units. Raises Wrong for one that is no amount of this currency."""
    try:
        minor = minor_of_decimal(amount, currency)
    except MoneyError:
        minor = 0
    if not 1 <= minor <= AMOUNT_MAX:
        raise Wrong(Why.INVALID_BODY, field="RequestedAmount", detail=f"no amount: {amount}"[:80])
    return minor
