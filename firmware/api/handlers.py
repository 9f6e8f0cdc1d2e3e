"""What each route does: it reads the request, asks the service or the journal, and answers."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from firmware.api.guard import till_of
from firmware.api.problems import Why, Wrong
from firmware.api.receipts import COPIES, JSON, PNG, media_of, plain, png, receipt_of
from firmware.api.requests import (
    VERSION_MAX,
    WAIT_MAX_S,
    answer,
    body_of,
    name_of,
    number_of,
    whole_number,
)
from firmware.api.till_service import Service
from firmware.api.types import Accepted, PaymentOrder, PaymentState, RefundOrder, VoidOrder
from firmware.api.views import journal_of, settlement_of, terminal_of, totals_of
from firmware.core.payment import BATCH_MAX
from firmware.payments.tills import Reprint, Settle


async def put_payment(service: Service, request: Request) -> Response:
    """Take a payment."""
    name = name_of(request)
    order = await body_of(request, PaymentOrder)
    return _taken(await service.put(name, order, till_of(request).name))


async def put_void(service: Service, request: Request) -> Response:
    """Take a void."""
    return await _undone(service, request, VoidOrder)


async def put_refund(service: Service, request: Request) -> Response:
    """Take a refund."""
    return await _undone(service, request, RefundOrder)


async def _undone(service: Service, request: Request, takes: type[VoidOrder]) -> Response:
    name = name_of(request)
    order = await body_of(request, takes)
    return _taken(await service.undo(name, order, till_of(request).name))


def _taken(found: tuple[PaymentState, bool]) -> Response:
    """The answer to an order: its payment, and whether it is new."""
    payment, new = found
    if new:
        return answer(payment, 201, Location=f"/v1/payments/{payment.id}")
    return answer(payment)


async def get_payment(service: Service, request: Request) -> Response:
    """A payment, now or as soon as it has changed."""
    return answer(await followed(service, request, name_of(request)))


async def followed(service: Service, request: Request, name: str) -> PaymentState:
    """The payment, with `wait_s` in the query as soon as it has changed. Raises Wrong."""
    wait_s = number_of(request, "wait_s", WAIT_MAX_S)
    if not wait_s:
        return service.payment(name)
    since = number_of(request, "since", VERSION_MAX)
    state = request.query_params.get("state", "")
    return await service.changed(name, since, wait_s, state)


async def list_payments(service: Service, request: Request) -> Response:
    """Payments that changed after a version."""
    return answer(service.payments(number_of(request, "after", VERSION_MAX)))


async def cancel_payment(service: Service, request: Request) -> Response:
    """Ask for a payment to be stopped."""
    return answer(service.cancel(name_of(request)), 202)


async def get_receipt(service: Service, request: Request) -> Response:
    """The receipt in the form that the client prefers."""
    name, media = name_of(request), media_of(request)
    wanted = request.query_params.get("copy", COPIES[0])
    copy = next((each for each in COPIES if each == wanted), None)
    if copy is None:
        raise Wrong(Why.BAD_REQUEST, field="copy", detail=f"copy: one of {', '.join(COPIES)}")
    made = receipt_of(service.door, name, copy)
    if media == JSON:
        return answer(made.receipt)
    if media == PNG:
        return Response(await asyncio.to_thread(png, made, service.door), media_type=PNG)
    return PlainTextResponse(plain(made.receipt))


async def reprint(service: Service, request: Request) -> Response:
    """Print the cardholder's copy again."""
    name = name_of(request)
    payment = service.payment(name)
    await service.have_done(Reprint(name))
    return answer(Accepted(id=name, state=payment.state), 202)


async def get_terminal(service: Service, _request: Request) -> Response:
    """How the terminal stands."""
    with journal_of(service.door) as journal:
        return answer(terminal_of(journal, service.door))


async def get_totals(service: Service, _request: Request) -> Response:
    """The open batch's totals."""
    with journal_of(service.door) as journal:
        return answer(totals_of(journal, service.door))


async def settle(service: Service, _request: Request) -> Response:
    """Close the batch."""
    with journal_of(service.door) as journal:
        batch = journal.batch()
    await service.have_done(Settle())
    name = f"{batch:06d}"
    place = f"/v1/settlements/{name}"
    return answer(Accepted(id=name, state="settling"), 202, Location=place)


async def get_settlement(service: Service, request: Request) -> Response:
    """How a batch was closed."""
    batch = whole_number(str(request.path_params["batch"]), BATCH_MAX)
    if not batch:
        raise Wrong(Why.BAD_REQUEST, field="batch", detail=f"a batch is 1 to {BATCH_MAX}")
    with journal_of(service.door) as journal:
        return answer(settlement_of(journal, service.door, batch))


async def events(service: Service, request: Request) -> Response:
    """Server-sent events of all payments."""
    last = request.headers.get("last-event-id", request.query_params.get("after", ""))
    after = whole_number(last, VERSION_MAX) if last else None
    if last and after is None:
        raise Wrong(Why.BAD_REQUEST, field="Last-Event-ID")
    stream = service.feed.stream(after)
    return StreamingResponse(stream, media_type="text/event-stream")
