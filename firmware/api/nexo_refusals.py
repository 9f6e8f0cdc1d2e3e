"""The answer to a nexo message that is refused: a failure in the shape of its own response.

A response has parts that it must have even when it says no. See nexo Retailer Protocol 3.1, 5.
"""

from __future__ import annotations

from datetime import datetime

from firmware.api.nexo_types import Body, Header, Message, NexoPlace, SaleData, id_of


def refusal(message: Message, response: Body, now: datetime) -> Body:
    """The body of a response that says no."""
    header = message.message_header
    match header.message_category:
        case "Display":
            asked = message.display_request
            shown = asked.display_output if asked and asked.display_output else [NexoPlace()]
            return {"OutputResult": [_result(each, response) for each in shown]}
        case "Input":
            keyed = message.input_request.input_data if message.input_request else None
            place = keyed or NexoPlace(device="CustomerInput", info_qualify="Input")
            return {"InputResult": _result(place, response)}
        case "Print":
            printed = message.print_request
            qualifier = printed.print_output.document_qualifier if printed else "SaleReceipt"
            return {"DocumentQualifier": qualifier, "Response": response}
    body: Body = {"Response": response}
    if message.reconciliation_request is not None:
        body["ReconciliationType"] = message.reconciliation_request.reconciliation_type
    sale = _sale_of(message)
    if sale is not None:
        body["SaleData"] = {"SaleTransactionID": sale.sale_transaction_id}
        body["POIData"] = {"POITransactionID": _poi_transaction(header, now)}
    return body


def _result(place: NexoPlace, response: Body) -> Body:
    return {"Device": place.device, "InfoQualify": place.info_qualify, "Response": response}


def _poi_transaction(header: Header, now: datetime) -> Body:
    name = id_of(header.sale_id, header.service_id)
    return {"TransactionID": name, "TimeStamp": now.isoformat(timespec="seconds")}


def _sale_of(message: Message) -> SaleData | None:
    """The sale that a message is about, which its answer names again."""
    for asked in (
        message.payment_request,
        message.reversal_request,
        message.card_acquisition_request,
        message.loyalty_request,
        message.stored_value_request,
    ):
        if asked is not None:
            return asked.sale_data
    return message.sale_of_fault
