"""The routes: each with its scope, what it takes and gives, so that the OpenAPI is made of them."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from firmware.api import openapi
from firmware.api.guard import till_of
from firmware.api.nexo import nexo
from firmware.api.problems import Wrong, problem, refused
from firmware.api.service import Service
from firmware.api.tokens import Scope
from firmware.api.types import (
    ID_PATTERN,
    Accepted,
    BatchTotalsNow,
    PaymentOrder,
    Payments,
    PaymentState,
    Receipt,
    RefundOrder,
    TerminalState,
    VoidOrder,
)
from firmware.api.views import journal_of, plain, receipt_of, terminal_of, totals_of
from firmware.core.kinds import Kind
from firmware.payments.tills import Done, Reprint, Settle

Handler = Callable[[Service, Request], Awaitable[Response]]
T = TypeVar("T")
WAIT_MAX_S, VERSION_MAX = 60, 2**53
_LOG = logging.getLogger(__name__)


class Way(Struct, frozen=True):
    """One method of one path."""

    method: str
    path: str
    scope: Scope | None
    summary: str
    handler: Handler
    gives: dict[int, Any]
    takes: type | None = None
    query: dict[str, str] = {}
    problems: tuple[str, ...] = ()


def answer(value: Any, status: int = 200, **headers: str) -> Response:
    """A value as JSON."""
    return Response(msgspec.json.encode(value), status, headers, media_type="application/json")


def name_of(request: Request) -> str:
    """The id in the path. Raises Wrong."""
    name = str(request.path_params["id"])
    if not re.fullmatch(ID_PATTERN, name):
        raise Wrong("bad-id", field="id")
    return name


async def body_of(request: Request, kind: type[T]) -> T:
    """The body as `kind`. Raises Wrong, naming the field that is wrong."""
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at `$")
        field = place.rstrip("`").lstrip(".")
        raise Wrong("invalid-body", detail=words, field=field) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Wrong("bad-request", detail="the body is no JSON") from None


def number_of(request: Request, name: str, default: int, most: int) -> int:
    """A whole number of the query. Raises Wrong."""
    text = request.query_params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or int(text[:18]) > most:
        raise Wrong("bad-request", field=name, detail=f"{name}: a number from 0 to {most}")
    return int(text)


# -- handlers ---------------------------------------------------------------------------------


async def _put_payment(service: Service, request: Request) -> Response:
    name = name_of(request)
    order = await body_of(request, PaymentOrder)
    payment, new = await service.put(name, order, till_of(request).name)
    if new:
        return answer(payment, 201, Location=f"/v1/payments/{name}")
    return answer(payment)


async def _put_void(service: Service, request: Request) -> Response:
    return await _undone(service, request, VoidOrder, Kind.VOID)


async def _put_refund(service: Service, request: Request) -> Response:
    return await _undone(service, request, RefundOrder, Kind.REFUND)


async def _undone(
    service: Service, request: Request, takes: type[VoidOrder], kind: Kind
) -> Response:
    name = name_of(request)
    order = await body_of(request, takes)
    payment, new = await service.undo(name, order, kind, till_of(request).name)
    if new:
        return answer(payment, 201, Location=f"/v1/payments/{name}")
    return answer(payment)


async def _get_payment(service: Service, request: Request) -> Response:
    name = name_of(request)
    wait_s = number_of(request, "wait_s", 0, WAIT_MAX_S)
    if not wait_s:
        return answer(service.payment(name))
    since = number_of(request, "since", 0, VERSION_MAX)
    state = request.query_params.get("state", "")
    return answer(await service.changed(name, since, wait_s, state))


async def _list_payments(service: Service, request: Request) -> Response:
    return answer(service.payments(number_of(request, "after", 0, VERSION_MAX)))


async def _cancel_payment(service: Service, request: Request) -> Response:
    return answer(service.cancel(name_of(request)), 202)


async def _get_receipt(service: Service, request: Request) -> Response:
    name = name_of(request)
    with journal_of(service.door) as journal:
        order = journal.order(name)
        if order is None:
            raise Wrong("not-found")
        receipt = receipt_of(journal, service.door, order)
    accepted = request.headers.get("accept", "*/*")
    if "application/json" in accepted:
        return answer(receipt)
    if "text/plain" in accepted or "*/*" in accepted or "text/*" in accepted:
        return PlainTextResponse(plain(receipt))
    raise Wrong("not-acceptable")


async def _reprint(service: Service, request: Request) -> Response:
    name = name_of(request)
    payment = service.payment(name)
    said = await service.ask(Reprint(name))
    if not isinstance(said, Done):
        raise refused(said)
    return answer(Accepted(id=name, state=payment.state), 202)


async def _get_terminal(service: Service, _request: Request) -> Response:
    with journal_of(service.door) as journal:
        return answer(terminal_of(journal, service.door))


async def _get_totals(service: Service, _request: Request) -> Response:
    with journal_of(service.door) as journal:
        return answer(totals_of(journal, service.door))


async def _settle(service: Service, _request: Request) -> Response:
    with journal_of(service.door) as journal:
        batch = journal.batch()
    said = await service.ask(Settle())
    if not isinstance(said, Done):
        raise refused(said)
    return answer(Accepted(id=f"{batch:06d}", state="settling"), 202, Location="/v1/totals")


async def _events(service: Service, request: Request) -> Response:
    last = request.headers.get("last-event-id", request.query_params.get("after", ""))
    if last and not (last.isascii() and last.isdigit() and int(last[:18]) <= VERSION_MAX):
        raise Wrong("bad-request", field="Last-Event-ID")
    stream = await service.events(int(last) if last else None)
    return StreamingResponse(stream, media_type="text/event-stream")


async def _get_openapi(_service: Service, _request: Request) -> Response:
    return answer(openapi.document(WAYS))


async def _docs(_service: Service, _request: Request) -> Response:
    return Response(openapi.page(WAYS), media_type="text/html")


_ID = ("bad-id", "not-found", "journal-unavailable")
_ASKS = ("busy", "out-of-service", "signed-off", "training", "settlement-open", "owed-first")
_LIMITS = ("amount-over-limit", "sale-day-limit", "other-currency", "batch-full")
_UNDONE = (
    "bad-id",
    "bad-request",
    "invalid-body",
    "payment-differs",
    "payment-not-paid",
    "payment-stands-not",
    "amount-over-left",
    "refund-limit",
    *_ASKS,
    "journal-unavailable",
)
WAYS = (
    Way(
        "PUT",
        "/v1/payments/{id}",
        Scope.PAY,
        "Ask for a payment. The id is the till's: the same id and body always give the same one.",
        _put_payment,
        {201: PaymentState, 200: PaymentState},
        takes=PaymentOrder,
        problems=(
            "bad-id",
            "bad-request",
            "invalid-body",
            "lines-differ",
            "payment-differs",
            "supervisor-signed-on",
            *_ASKS,
            *_LIMITS,
            "journal-unavailable",
        ),
    ),
    Way(
        "PUT",
        "/v1/voids/{id}",
        Scope.VOID,
        "Take a payment of this batch back. Ids are shared with payments, where it is followed.",
        _put_void,
        {201: PaymentState, 200: PaymentState},
        takes=VoidOrder,
        problems=_UNDONE,
    ),
    Way(
        "PUT",
        "/v1/refunds/{id}",
        Scope.REFUND,
        "Give a payment back, or some of it. Ids are shared with payments, where it is followed.",
        _put_refund,
        {201: PaymentState, 200: PaymentState},
        takes=RefundOrder,
        problems=_UNDONE,
    ),
    Way(
        "GET",
        "/v1/payments/{id}",
        Scope.READ,
        "A payment as it is now, or with wait_s as soon as it has changed since a version.",
        _get_payment,
        {200: PaymentState},
        query={
            "wait_s": "Seconds to wait at most, up to 60.",
            "since": "The version you have.",
            "state": "The state you have; some states change no version.",
        },
        problems=(*_ID, "bad-request"),
    ),
    Way(
        "GET",
        "/v1/payments",
        Scope.READ,
        "Payments that changed after a version, for reconciliation.",
        _list_payments,
        {200: Payments},
        query={"after": "The last version you have; 0 for all."},
        problems=("bad-request", "journal-unavailable"),
    ),
    Way(
        "POST",
        "/v1/payments/{id}/cancel",
        Scope.PAY,
        "Ask for a payment to be stopped. Until the acquirer is asked it is; then approval wins.",
        _cancel_payment,
        {202: PaymentState},
        problems=_ID,
    ),
    Way(
        "GET",
        "/v1/payments/{id}/receipt",
        Scope.READ,
        "The cardholder's copy as text/plain or application/json.",
        _get_receipt,
        {200: Receipt},
        problems=(*_ID, "no-receipt", "not-acceptable"),
    ),
    Way(
        "POST",
        "/v1/payments/{id}/reprint",
        Scope.PAY,
        "Print the cardholder's copy again, marked as a duplicate.",
        _reprint,
        {202: Accepted},
        problems=(*_ID, "no-receipt", *_ASKS),
    ),
    Way(
        "GET",
        "/v1/terminal",
        Scope.READ,
        "How the terminal stands.",
        _get_terminal,
        {200: TerminalState},
        problems=("journal-unavailable",),
    ),
    Way(
        "GET",
        "/v1/totals",
        Scope.READ,
        "The open batch's totals.",
        _get_totals,
        {200: BatchTotalsNow},
        problems=("journal-unavailable",),
    ),
    Way(
        "POST",
        "/v1/settlements",
        Scope.SETTLE,
        "Close the batch. How it came out shows in /v1/terminal and on paper.",
        _settle,
        {202: Accepted},
        problems=("batch-empty", *_ASKS, "journal-unavailable"),
    ),
    Way(
        "GET",
        "/v1/events",
        Scope.READ,
        "Server-sent events of all payments; Last-Event-ID goes on without a gap.",
        _events,
        {200: None},
        query={"after": "As Last-Event-ID, where a header cannot be set."},
        problems=("bad-request", "too-many", "journal-unavailable"),
    ),
    Way(
        "POST",
        "/nexo",
        None,
        "nexo Retailer 3.0 in JSON, plain with a token or encrypted by the token's key.",
        nexo,
        {200: dict},
        problems=("bad-request", "invalid-body", "no-token"),
    ),
    Way("GET", "/v1/openapi.json", None, "This description.", _get_openapi, {200: dict}),
    Way("GET", "/v1/docs", None, "This description for people.", _docs, {200: str}),
)


def _require(scope: Scope | None, request: Request) -> None:
    if scope is not None and scope not in till_of(request).may:
        raise Wrong("no-scope", detail=f"the token wants {scope.value}")


def application(service: Service, more: Sequence[BaseRoute] = ()) -> Starlette:
    """The ASGI application with `more` routes; `firmware.api.guard` stands before it."""

    def route(way: Way) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                _require(way.scope, request)
                return await way.handler(service, request)
            except Wrong as wrong:
                return problem(wrong)

        endpoint.__name__ = f"{way.method}_{way.path}"
        return Route(way.path, endpoint, methods=[way.method])

    async def missing(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return problem(Wrong("no-method" if status == 405 else "not-found"))

    async def broken(_request: Request, _error: Exception) -> Response:
        return problem(Wrong("internal"))

    slashed = [replace(way, path=f"{way.path}/") for way in WAYS if way.handler is nexo]
    routes = [*(route(way) for way in (*WAYS, *slashed)), *more]
    handlers = {HTTPException: missing, Exception: broken}
    return Starlette(routes=routes, exception_handlers=handlers)
