"""TransactionStatus of nexo Retailer: how a payment stands, by its message or as the last one."""

from __future__ import annotations

from firmware.api import nexo_answers as told
from firmware.api.nexo_types import Body, Message, MessageReference, id_of
from firmware.api.problems import Why, Wrong
from firmware.api.till_service import Service
from firmware.api.tokens import Till
from firmware.api.types import PaymentState
from firmware.api.views import journal_of
from firmware.core.kinds import Kind
from firmware.journal.order_records import NexoMessage
from firmware.journal.orders import OrderFound


async def status_of(service: Service, message: Message, till: Till) -> Body:
    """TransactionStatusResponse. Raises Wrong where there is no such payment."""
    asked = message.transaction_status_request
    reference = asked.message_reference if asked is not None else None
    found = _named(service, message, reference) if reference else _last(service, message, till.name)
    named = _message_of(found, message, reference)
    payment = service.payment(found.taken.id)
    about = {
        "MessageCategory": named.category,
        "SaleID": named.sale_id,
        "ServiceID": named.service_id,
    }
    if payment.state not in told.ANSWERED:
        failed = told.failure("InProgress", f"state={payment.state}")
        return {"Response": failed, "MessageReference": about}
    return {
        "Response": {"Result": "Success"},
        "MessageReference": about,
        "RepeatedMessageResponse": _repeated(service, message, named, payment),
    }


def _repeated(
    service: Service, message: Message, named: NexoMessage, payment: PaymentState
) -> Body:
    response_of = told.reversal_response if named.category == "Reversal" else told.payment_response
    header = {
        **told.header_of(message.message_header),
        "MessageCategory": named.category,
        "ServiceID": named.service_id,
        "SaleID": named.sale_id,
    }
    answered = {f"{named.category}Response": response_of(service, payment)}
    return {"MessageHeader": header, "RepeatedResponseMessageBody": answered}


def _named(service: Service, message: Message, reference: MessageReference) -> OrderFound:
    sale_id, service_id = referred(message, reference)
    with journal_of(service.door) as journal:
        found = journal.order(id_of(sale_id, service_id))
    if found is None:
        raise Wrong(Why.NOT_FOUND, detail=f"no message {service_id} of {sale_id}")
    return found


def _last(service: Service, message: Message, till: str) -> OrderFound:
    """The last order of this till, by its token and SaleID: other tills sell here too."""
    with journal_of(service.door) as journal:
        found = journal.last_order_of(till, message.message_header.sale_id)
    if found is None:
        raise Wrong(Why.NOT_FOUND, detail="nothing was asked for under this SaleID")
    return found


def _message_of(
    found: OrderFound, message: Message, reference: MessageReference | None
) -> NexoMessage:
    if found.taken.message is not None:
        return found.taken.message
    assert reference is not None  # an order of an earlier release, which kept no message
    sale_id, service_id = referred(message, reference)
    sells = found.taken.kind is Kind.SALE
    category = "Payment" if sells else reference.message_category or "Payment"
    return NexoMessage(category=category, sale_id=sale_id, service_id=service_id)


def referred(message: Message, reference: MessageReference | None) -> tuple[str, str]:
    """SaleID and ServiceID of the message that another is about. Raises Wrong."""
    if reference is None or not reference.service_id:
        raise Wrong(Why.INVALID_BODY, field="MessageReference", detail="it names no ServiceID")
    return reference.sale_id or message.message_header.sale_id, reference.service_id
