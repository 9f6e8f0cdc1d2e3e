"""A payment as nexo Retailer 3.0 tells of it: results, error conditions, and the receipt's text."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET

from firmware import __version__
from firmware.api.nexo_types import Body, Header
from firmware.api.problems import Why, Wrong
from firmware.api.receipts import receipt_of
from firmware.api.till_service import Service
from firmware.api.types import Card, PaymentState, Receipt, Sums, TerminalState
from firmware.api.views import journal_of, settlement_of, totals_of
from firmware.core.config import Config
from firmware.core.kinds import EndCause, Kind
from firmware.core.money import currency_of, decimal_of
from firmware.iso8583.responses import WRONG_PIN

BATCH_DIGITS = 6
PAID = ("approved", "voided", "refunded")
ANSWERED = (*PAID, "declined", "failed", "cancelled", "expired", "reversing", "reversed")
_CONDITIONS = {
    Why.BUSY: "Busy",
    Why.SETTLEMENT_OPEN: "Busy",
    Why.OUT_OF_SERVICE: "UnavailableDevice",
    Why.SIGNED_OFF: "LoggedOut",
    Why.BAD_REQUEST: "MessageFormat",
    Why.INVALID_BODY: "MessageFormat",
    Why.OTHER_CURRENCY: "PaymentRestriction",
    Why.AMOUNT_OVER_LIMIT: "PaymentRestriction",
    Why.SALE_DAY_LIMIT: "PaymentRestriction",
    Why.AMOUNT_OVER_LEFT: "PaymentRestriction",
    Why.REFUND_LIMIT: "PaymentRestriction",
    Why.PAYMENT_NOT_PAID: "NotFound",
    Why.NOT_FOUND: "NotFound",
    Why.SUPERVISOR_SIGNED_ON: "NotAllowed",
    Why.TRAINING: "NotAllowed",
    Why.PAYMENT_DIFFERS: "NotAllowed",
    Why.PAYMENT_STANDS_NOT: "NotAllowed",
    Why.NO_SCOPE: "NotAllowed",
    Why.NOT_OFFERED: "UnavailableService",
}
BY_CAUSE = {
    EndCause.NONE: "Cancel",  # ended by an earlier release, which recorded words alone
    EndCause.BY_TILL: "Aborted",
    EndCause.AT_TERMINAL: "Cancel",
    EndCause.NOT_AGREED: "Cancel",
    EndCause.NO_CARD: "Cancel",
    EndCause.CARD_LIMIT: "PaymentRestriction",
    EndCause.OWED_FIRST: "UnreachableHost",
    EndCause.BATCH_FULL: "NotAllowed",
    EndCause.REFUSED: "NotAllowed",
    EndCause.POWER_LOST: "DeviceOut",
    EndCause.OUT_OF_SERVICE: "DeviceOut",
    EndCause.DECLINED: "Refusal",
    EndCause.CARD_DECLINED: "Refusal",
    EndCause.CARD_PULLED: "Cancel",
    EndCause.CARD_ERROR: "InvalidCard",
    EndCause.READER_LOST: "DeviceOut",
    EndCause.NO_ANSWER: "UnreachableHost",
    EndCause.NO_LINE: "UnreachableHost",
    EndCause.PART_APPROVED: "Refusal",
    EndCause.ACQUIRER_UNSURE: "UnreachableHost",
    EndCause.OTHER: "UnreachableHost",
}
_METHODS = {  # a signature is on paper; without a method the field is left out
    "pin": ["OnlinePIN"],
    "signature": ["PaperSignature"],
    "pin+signature": ["OnlinePIN", "PaperSignature"],
}
_ENTRIES = {"I": ["ICC"], "C": ["Contactless"], "S": ["MagStripe"], "M": ["Keyed"]}
_TRANSACTION_TYPES = {
    Kind.SALE: "Debit",
    Kind.VOID: "ReverseDebit",
    Kind.COMPLETION_VOID: "ReverseDebit",
    Kind.COMPLETION: "CompletedReservation",
    Kind.REFUND: "Credit",
}
_PAPER = {
    "ready": "OK",
    "near-end": "PaperLow",
    "paper-out": "NoPaper",
    "cover-open": "OutOfOrder",
    "offline": "OutOfOrder",
}
_ALIGNED = {"left": "Left", "centre": "Centred", "right": "Right"}
_SIZES = {"tall": {"CharacterHeight": "DoubleHeight"}}
_SIZES["large"] = {**_SIZES["tall"], "CharacterWidth": "DoubleWidth"}
_QUALIFIERS: tuple[tuple[str, Literal["merchant", "cardholder"]], ...] = (
    ("CashierReceipt", "merchant"),
    ("CustomerReceipt", "cardholder"),
)


def header_of(header: Header) -> Body:
    """The MessageHeader of the answer to a message."""
    told: Body = {
        "ProtocolVersion": "3.0",
        "MessageClass": header.message_class,
        "MessageCategory": header.message_category,
        "MessageType": "Response",
    }
    names = {"ServiceID": header.service_id, "DeviceID": header.device_id}
    told |= {name: value for name, value in names.items() if value}
    return {**told, "SaleID": header.sale_id, "POIID": header.poi_id}


def failure(condition: str, words: str) -> dict[str, str]:
    """A Response that says no."""
    return {"Result": "Failure", "ErrorCondition": condition, "AdditionalResponse": words}


def refused(wrong: Wrong) -> dict[str, str]:
    """A Response for what the terminal did not take."""
    kind = wrong.why.value
    condition = _CONDITIONS.get(wrong.why, "UnavailableService")
    return failure(condition, f"{kind.type}: {wrong.detail or kind.en}")


def response_of(payment: PaymentState) -> dict[str, str]:
    """How a payment that has an answer came out."""
    told = payment.cause or payment.reason
    words = f"state={payment.state}" + (f": {told}" if told else "")
    match payment.state:
        case "approved" | "voided" | "refunded":
            return {"Result": "Success"}
        case "declined":
            wrong_pin = payment.response_code == WRONG_PIN
            return failure("WrongPIN" if wrong_pin else "Refusal", words)
        case "cancelled" | "expired" | "reversing" | "reversed" | "failed":
            return failure(BY_CAUSE[EndCause(payment.cause)], words)
        case _:
            return failure("InProgress", words)


def poi_data(payment: PaymentState) -> Body:
    """POIData: the transaction's id is the payment's, in the API too."""
    data: Body = {"POITransactionID": {"TransactionID": payment.id, "TimeStamp": payment.taken_at}}
    if payment.batch is not UNSET:
        data["POIReconciliationID"] = str(payment.batch)
    return data


def sale_data(payment: PaymentState) -> Body:
    """SaleData as the journal has it."""
    name = payment.reference or payment.id
    return {"SaleTransactionID": {"TransactionID": name, "TimeStamp": payment.taken_at}}


def payment_response(service: Service, payment: PaymentState) -> Body:
    """PaymentResponse."""
    body: Body = {
        "Response": response_of(payment),
        "SaleData": sale_data(payment),
        "POIData": poi_data(payment),
    }
    if payment.batch is not UNSET:
        body["PaymentResult"] = _result(service, payment)
        body["PaymentReceipt"] = receipts(service, payment.id)
    return body


def reversal_response(service: Service, done: PaymentState) -> Body:
    """ReversalResponse, of a void or a refund that has ended."""
    original = poi_data(service.payment(done.payment))["POITransactionID"]
    body: Body = {
        "Response": response_of(done),
        "POIData": poi_data(done),
        "OriginalPOITransaction": {"POITransactionID": original},
    }
    if done.state in PAID:
        body["ReversedAmount"] = decimal_of(done.amount_minor, currency_of(done.currency))
        body["PaymentReceipt"] = receipts(service, done.id)
    return body


def _result(service: Service, payment: PaymentState) -> Body:
    merchant = service.door.config.merchant
    paid = payment.state in PAID
    result: Body = {
        "PaymentType": "Refund" if payment.kind == "refund" else "Normal",
        "AmountsResp": {
            "Currency": payment.currency,
            "AuthorizedAmount": decimal_of(
                payment.amount_minor if paid else 0, currency_of(payment.currency)
            ),
        },
        "OnlineFlag": payment.offline is not True,
        "PaymentAcquirerData": {
            "MerchantID": merchant.number,
            "AcquirerPOIID": merchant.terminal,
        },
    }
    acquirer = result["PaymentAcquirerData"]
    if payment.rrn:
        acquirer["AcquirerTransactionID"] = {
            "TransactionID": payment.rrn,
            "TimeStamp": payment.taken_at,
        }
    if payment.authorisation_code:
        acquirer["ApprovalCode"] = payment.authorisation_code
    if payment.verification is not UNSET and payment.verification in _METHODS:
        result["AuthenticationMethod"] = _METHODS[payment.verification]
    if payment.card is not UNSET:
        result["PaymentInstrumentData"] = {
            "PaymentInstrumentType": "Card",
            "CardData": _card_data(payment.card),
        }
    return result


def _card_data(card: Card) -> Body:
    data: Body = {"MaskedPan": f"************{card.last4}"}
    if card.scheme:
        data["PaymentBrand"] = card.scheme
    if card.entry in _ENTRIES:
        data["EntryMode"] = _ENTRIES[card.entry]
    return data


def receipts(service: Service, name: str) -> list[Body]:
    """PaymentReceipt: both copies, line by line; the merchant's says whether it is to be signed."""
    return [
        {
            "DocumentQualifier": qualifier,
            "RequiredSignatureFlag": receipt.signature,
            "OutputContent": {"OutputFormat": "Text", "OutputText": _text(receipt)},
        }
        for qualifier, copy in _QUALIFIERS
        for receipt in [receipt_of(service.door, name, copy).receipt]
    ]


def _text(receipt: Receipt) -> list[Body]:
    return [
        {
            "Text": line.text,
            "Alignment": _ALIGNED.get(line.align, "Left"),
            "CharacterStyle": "Bold" if line.bold else "Normal",
            **_SIZES.get(line.size, {}),
            "EndOfLineFlag": True,
        }
        for line in receipt.lines
    ]


def poi_status(terminal: TerminalState) -> Body:
    """POIStatus, without the parts that are not known yet."""
    printer = _PAPER.get(terminal.paper)
    told = {"PrinterStatus": printer} if printer else {}
    stands = "OK" if terminal.ready else "Busy" if terminal.busy else "Maintenance"
    return {
        **told,
        "GlobalStatus": stands,
        "CardReaderOKFlag": terminal.reader != "lost",
        "PEDOKFlag": "lost" not in (terminal.keypad, terminal.display),
        "CommunicationOKFlag": terminal.line != "down",
        "SecurityOKFlag": True,
    }


def system_data(terminal: TerminalState) -> Body:
    """POISystemData of a LoginResponse."""
    return {
        "DateTime": terminal.clock,
        "POISoftware": {
            "ManufacturerID": "pos",
            "ApplicationName": "pos",
            "SoftwareVersion": __version__,
            "CertificationCode": "none",
        },
        "POITerminalData": {
            "TerminalEnvironment": "Attended",
            "POICapabilities": ["CustomerDisplay", "CustomerInput", "ICC", "PrinterReceipt"],
            "POISerialNumber": terminal.terminal,
        },
        "POIStatus": poi_status(terminal),
    }


def acquirer_of(config: Config) -> str:
    """What the acquirer is called: nexo wants a name of it, and the terminal has one acquirer."""
    return config.merchant.number


def totals(service: Service) -> Body:
    """POIReconciliationID and TransactionTotals of the open batch."""
    with journal_of(service.door) as journal:
        now = totals_of(journal, service.door)
    return _totals(now.batch, now.currency, now)


def previous_totals(service: Service, named: str) -> Body:
    """The same of a closed batch; of the last one where none is named. Raises Wrong."""
    if named and not (named.isascii() and named.isdigit() and len(named) <= BATCH_DIGITS):
        raise Wrong(Why.INVALID_BODY, field="POIReconciliationID", detail="it is a batch's number")
    with journal_of(service.door) as journal:
        batch = int(named) if named else getattr(journal.last_settlement(), "batch", 0)
        closed = settlement_of(journal, service.door, batch)
    return _totals(closed.batch, closed.currency, closed.sums)


def _totals(batch: int, named: str, all_: Sums) -> Body:
    currency = currency_of(named)
    sums: dict[str, tuple[int, int]] = {}
    for kind, type_ in _TRANSACTION_TYPES.items():
        count, minor = sums.get(type_, (0, 0))
        of_kind = getattr(all_, f"{kind.value}s"), getattr(all_, f"{kind.value}s_minor")
        sums[type_] = count + of_kind[0], minor + of_kind[1]
    payments = [
        {
            "TransactionType": type_,
            "TransactionCount": count,
            "TransactionAmount": decimal_of(minor, currency),
        }
        for type_, (count, minor) in sums.items()
        if count
    ]
    total: Body = {"PaymentInstrumentType": "Card", "PaymentCurrency": named}
    if payments:
        total["PaymentTotals"] = payments
    return {"POIReconciliationID": str(batch), "TransactionTotals": [total]}
