"""nexo Retailer 3.0 in JSON, at POST /nexo: an adapter over the same payments as the API.

SaleID and ServiceID name the payment, so a repeated message gets the answer of the first one. An
encrypted message is a till's by its KeyIdentifier; a plain one by the token, as anywhere.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from firmware.api import nexo_answers as told
from firmware.api.guard import require, till_of
from firmware.api.nexo_crypto import NexoCryptoError, Trailer, opened, seal
from firmware.api.nexo_refusals import refusal
from firmware.api.nexo_status import referred, status_of
from firmware.api.nexo_types import (
    Body,
    Envelope,
    HeaderMessage,
    Message,
    SaleMessage,
    id_of,
    minor_of,
)
from firmware.api.problems import Why, Wrong
from firmware.api.till_service import Service
from firmware.api.tokens import Scope, Till, TokenError, Tokens
from firmware.api.types import PaymentOrder, PaymentState, RefundOrder, VoidOrder
from firmware.api.views import journal_of, terminal_of
from firmware.core.kinds import Kind
from firmware.core.money import currency_of
from firmware.journal.order_records import NexoMessage
from firmware.payments.tills import AskLine, Settle

EXPIRES_S, WAIT_S = 120, 60
_NO_KEY_S = 1.0  # delay of the answer to a message that cannot be deciphered
_NUMBERS = msgspec.json.Encoder(decimal_format="number")
_LOG = logging.getLogger(__name__)
ABORTED = "ok"
_RESERVATIONS = (
    "FirstReservation",
    "OneTimeReservation",
    "UpdateReservation",
    "CompletedReservation",
)


async def nexo(service: Service, request: Request) -> Response:
    """Answer one message. Raises Wrong for what is no message, or no till's."""
    message = _decoded(await request.body())
    trailer = message.security_trailer
    if trailer is None or not message.nexo_blob:
        said = await _answer(service, message, till_of(request))
        return PlainTextResponse(ABORTED) if said is None else _json(_enveloped(message, said))
    try:
        till, inner = _opened(service, message, trailer)
    except NexoCryptoError as fault:
        _LOG.warning("nexo: %s", fault)
        await asyncio.sleep(_NO_KEY_S)
        # one answer for all failures: to say which check failed would help an attacker
        errors = {"errors": ["Nexo Service: crypto error"]}
        return Response(msgspec.json.encode(errors), 401, media_type="application/json")
    said = await _answer(service, inner, till)
    if said is None:
        return PlainTextResponse(ABORTED)
    plain = _NUMBERS.encode(_enveloped(inner, said))
    blob, sealed = seal(plain, b64decode(till.nexo), till.name, trailer.key_version)
    header = told.header_of(inner.message_header)
    outer = {"MessageHeader": header, "NexoBlob": blob, "SecurityTrailer": sealed}
    return _json({"SaleToPOIResponse": outer})


def _opened(service: Service, message: Message, trailer: Trailer) -> tuple[Till, Message]:
    """Whose message it is, and what it says. Raises NexoCryptoError, Wrong."""
    till = _till_of_key(service, trailer.key_identifier)
    if till is None:
        raise NexoCryptoError("the key is unknown")
    inner = _decoded(opened(message.nexo_blob, trailer, b64decode(till.nexo)))
    if inner.message_header != message.message_header:
        raise NexoCryptoError("the header inside is another one")
    return till, inner


def _decoded(raw: bytes) -> Message:
    """A message; if no more than its header or its sale can be read, those and the fault."""
    fault = ""
    kinds: tuple[type[Envelope[Any]], ...] = (
        Envelope[Message],
        Envelope[SaleMessage],
        Envelope[HeaderMessage],
    )
    for kind in kinds:
        try:
            read: Message | HeaderMessage = msgspec.json.decode(raw, type=kind).message
        except msgspec.ValidationError as error:  # JSON behind this field may still be broken
            fault = fault or str(error)
            continue
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Wrong(Why.BAD_REQUEST, detail="the body is no JSON") from None
        if isinstance(read, Message):
            return read
        sale = read.payment_request.sale_data if isinstance(read, SaleMessage) else None
        return Message(message_header=read.message_header, fault=fault, sale_of_fault=sale)
    raise Wrong(Why.INVALID_BODY, detail=fault)


def _till_of_key(service: Service, name: str) -> Till | None:
    try:
        tills = Tokens(service.door.data).all()
    except TokenError:
        raise Wrong(Why.JOURNAL_UNAVAILABLE, detail="the tokens cannot be read now") from None
    return next((till for till in tills if till.name == name and till.nexo), None)


def _json(value: Any) -> Response:
    return Response(_NUMBERS.encode(value), media_type="application/json")


def _enveloped(message: Message, body: Body) -> Body:
    header = message.message_header
    name = f"{header.message_category}Response"
    return {"SaleToPOIResponse": {"MessageHeader": told.header_of(header), name: body}}


# -- categories -------------------------------------------------------------------------------

Category = Callable[[Service, Message, Till], Awaitable[Body | None]]


async def _answer(service: Service, message: Message, till: Till) -> Body | None:
    """The response's body; None for an abort, which has none."""
    header = message.message_header
    if header.message_type == "Notification" or header.message_category in ("Event", "InputUpdate"):
        return None  # a notification asks for nothing
    found = _CATEGORIES.get(header.message_category)
    if found is None or header.message_class != "Service":
        words = f"not here: {header.message_class} {header.message_category}"
        return refusal(message, told.failure("UnavailableService", words), service.door.now())
    if not header.service_id:
        return _refused(
            service, message, Wrong(Why.INVALID_BODY, field="ServiceID", detail="no ServiceID")
        )
    if message.fault:
        return _refused(service, message, Wrong(Why.INVALID_BODY, detail=message.fault))
    category, scope = found
    try:
        require(till, scope)
        return await category(service, message, till)
    except Wrong as wrong:
        return _refused(service, message, wrong)


def _refused(service: Service, message: Message, wrong: Wrong) -> Body:
    return refusal(message, told.refused(wrong), service.door.now())


async def _payment(service: Service, message: Message, till: Till) -> Body:
    asked = message.payment_request
    if asked is None:
        raise Wrong(Why.INVALID_BODY, field="PaymentRequest", detail="there is none")
    sale, amounts = asked.sale_data.sale_transaction_id, asked.payment_transaction.amounts_req
    currency = service.door.config.currency
    if amounts.currency != currency.alpha:
        raise Wrong(Why.OTHER_CURRENCY, field="Currency")
    if amounts.cash_back_amount:
        raise Wrong(Why.NOT_OFFERED, field="CashBackAmount", detail="no cash is given out")
    minor = minor_of(amounts.requested_amount, currency)
    name = id_of(message.message_header.sale_id, message.message_header.service_id)
    original = asked.payment_transaction.original_poi_transaction
    reference, salt = _reference(sale.transaction_id), sale.time_stamp
    if asked.payment_data.payment_type == "Refund" and original is not None:
        require(till, Scope.REFUND)
        refund = RefundOrder(
            payment=original.poi_transaction_id.transaction_id,
            amount_minor=minor,
            reference=reference,
            expires_in_s=EXPIRES_S,
        )
        await service.undo(name, refund, till.name, salt=salt, message=_named(message))
    elif asked.payment_data.payment_type == "Normal":
        order = PaymentOrder(
            amount_minor=minor,
            currency=amounts.currency,
            reference=reference,
            expires_in_s=EXPIRES_S,
        )
        await service.put(name, order, till.name, salt=salt, message=_named(message))
    else:
        words = "Normal, or Refund of one"
        if asked.payment_data.payment_type in _RESERVATIONS:
            words += "; pre-authorisations are not offered to tills"
        raise Wrong(Why.PAYMENT_STANDS_NOT, field="PaymentType", detail=words)
    body = told.payment_response(service, await _ended(service, name))
    body["SaleData"] = {"SaleTransactionID": sale}
    return body


async def _reversal(service: Service, message: Message, till: Till) -> Body:
    asked = message.reversal_request
    if asked is None:
        raise Wrong(Why.INVALID_BODY, field="ReversalRequest", detail="there is none")
    name = id_of(message.message_header.sale_id, message.message_header.service_id)
    original = asked.original_poi_transaction.poi_transaction_id.transaction_id
    paid = service.payment(original)
    currency = currency_of(paid.currency)
    minor = paid.amount_minor
    if asked.reversed_amount is not None:
        minor = minor_of(asked.reversed_amount, currency)
    with journal_of(service.door) as journal:
        whole = minor == paid.amount_minor and paid.batch == journal.batch()
        known = journal.order(name)  # a repeated message stays a void or a refund
    voids = known.taken.kind is Kind.VOID if known else whole
    require(till, Scope.VOID if voids else Scope.REFUND)
    salt = asked.sale_data.sale_transaction_id.time_stamp if asked.sale_data else ""
    if voids:
        order, salt = VoidOrder(payment=original, expires_in_s=EXPIRES_S), f"{salt} {minor}"
    else:
        order = RefundOrder(payment=original, amount_minor=minor, expires_in_s=EXPIRES_S)
    await service.undo(name, order, till.name, salt=salt, message=_named(message))
    return told.reversal_response(service, await _ended(service, name))


async def _ended(service: Service, name: str) -> PaymentState:
    """The payment as soon as the till can be told how it came out. May take minutes."""
    while True:
        payment = service.payment(name)
        if payment.state in told.ANSWERED:
            return payment
        await service.changed(name, payment.version, WAIT_S)
        if service.news.over:
            raise Wrong(Why.JOURNAL_UNAVAILABLE, detail="the terminal ends: ask for the status")


async def _abort(service: Service, message: Message, _till: Till) -> None:
    asked = message.abort_request
    sale_id, service_id = referred(message, asked.message_reference if asked else None)
    try:
        service.cancel(id_of(sale_id, service_id))
    except Wrong:
        _LOG.info("nexo: an abort of what is not known")


async def _login(service: Service, _message: Message, _till: Till) -> Body:
    with journal_of(service.door) as journal:
        terminal = terminal_of(journal, service.door)
    return {"Response": {"Result": "Success"}, "POISystemData": told.system_data(terminal)}


async def _logout(_service: Service, _message: Message, _till: Till) -> Body:
    return {"Response": {"Result": "Success"}}


async def _diagnosis(service: Service, message: Message, _till: Till) -> Body:
    asked = message.diagnosis_request
    of_host = asked is not None and asked.host_diagnosis_flag
    answers = await _reached(service) if of_host else True
    with journal_of(service.door) as journal:
        terminal = terminal_of(journal, service.door)
    body: Body = {
        "Response": {"Result": "Success"},
        "LoggedSaleID": [message.message_header.sale_id],
        "POIStatus": told.poi_status(terminal),
    }
    if asked is not None and of_host:
        names = asked.acquirer_id or [told.acquirer_of(service.door.config)]
        reached = answers and terminal.line != "down"
        body["HostStatus"] = [{"AcquirerID": name, "IsReachableFlag": reached} for name in names]
    return body


async def _reached(service: Service) -> bool:
    """Ask the acquirer whether it is there; False where it has not answered in time.

    One that is built in cannot be asked, nor can a terminal that is busy or out of service ask:
    how the last request went counts then.
    """
    try:
        await service.ask(AskLine())
    except Wrong:
        return False
    return True


async def _totals(service: Service, _message: Message, _till: Till) -> Body:
    return {"Response": {"Result": "Success"}, **told.totals(service)}


async def _reconciliation(service: Service, message: Message, _till: Till) -> Body:
    asked = message.reconciliation_request
    kind = asked.reconciliation_type if asked else ""
    well: Body = {"Response": {"Result": "Success"}, "ReconciliationType": kind}
    if asked is not None and kind == "PreviousReconciliation":
        return well | told.previous_totals(service, asked.poi_reconciliation_id)
    if kind == "AcquirerSynchronisation":
        raise Wrong(Why.NOT_OFFERED, field="ReconciliationType", detail=kind)
    if kind not in ("SaleReconciliation", "AcquirerReconciliation"):
        raise Wrong(Why.INVALID_BODY, field="ReconciliationType", detail=f"not one: {kind}")
    sums = told.totals(service)
    await service.have_done(Settle())
    return well | sums


def _named(message: Message) -> NexoMessage:
    header = message.message_header
    return NexoMessage(
        category=header.message_category, sale_id=header.sale_id, service_id=header.service_id
    )


def _reference(name: str) -> str:
    """A SaleTransactionID as a reference: what no paper can show is left out."""
    return "".join(each for each in name if each.isprintable())[:40]


_CATEGORIES: dict[str, tuple[Category, Scope]] = {
    "Login": (_login, Scope.READ),
    "Logout": (_logout, Scope.READ),
    "Diagnosis": (_diagnosis, Scope.READ),
    "GetTotals": (_totals, Scope.READ),
    "Payment": (_payment, Scope.PAY),
    "Reversal": (_reversal, Scope.READ),  # void or refund: looked at where it is known which
    "TransactionStatus": (status_of, Scope.READ),
    "Abort": (_abort, Scope.PAY),
    "Reconciliation": (_reconciliation, Scope.SETTLE),
}
