"""The routes: each with its scope, what it takes and gives, so that the OpenAPI is made of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from firmware.api import handlers, openapi
from firmware.api.guard import require, till_of
from firmware.api.nexo import nexo
from firmware.api.nexo_types import NexoAsked, NexoFault, NexoSaid
from firmware.api.problems import Why, Wrong, problem
from firmware.api.receipts import COPIES, JSON, MEDIA, TEXT
from firmware.api.requests import VERSION_MAX, WAIT_MAX_S, answer
from firmware.api.till_service import Service
from firmware.api.tokens import Scope
from firmware.api.types import (
    Accepted,
    BatchTotalsNow,
    PaymentOrder,
    PaymentPage,
    PaymentState,
    Receipt,
    RefundOrder,
    Settlement,
    TerminalState,
    VoidOrder,
)

Handler = Callable[[Service, Request], Awaitable[Response]]


class Query(Struct, frozen=True):
    """A parameter of the query string: what it means, and its JSON schema."""

    words: str
    schema: dict[str, Any]


class Way(Struct, frozen=True):
    """One method of one path; `media` are those of an answer that went well."""

    method: str
    path: str
    scope: Scope | None
    summary: str
    handler: Handler
    gives: dict[int, Any]
    takes: type | None = None
    query: dict[str, Query] = {}
    problems: tuple[Why, ...] = ()
    media: tuple[str, ...] = (JSON,)


async def _get_openapi(_service: Service, _request: Request) -> Response:
    return answer(_described())


async def _docs(_service: Service, _request: Request) -> Response:
    return Response(_page(), media_type="text/html")


@cache
def _described() -> dict[str, Any]:
    return openapi.document(WAYS)


@cache
def _page() -> str:
    return openapi.page(WAYS)


def number(words: str, most: int) -> Query:
    """A whole number of the query string."""
    return Query(words, {"type": "integer", "minimum": 0, "maximum": most})


_ID = (Why.BAD_ID, Why.NOT_FOUND, Why.JOURNAL_UNAVAILABLE)
_ASKS = (
    Why.BUSY,
    Why.OUT_OF_SERVICE,
    Why.SIGNED_OFF,
    Why.TRAINING,
    Why.SETTLEMENT_OPEN,
    Why.OWED_FIRST,
    Why.UNANSWERED,
)
_LIMITS = (Why.AMOUNT_OVER_LIMIT, Why.SALE_DAY_LIMIT, Why.OTHER_CURRENCY, Why.BATCH_FULL)
_UNDONE = (
    Why.BAD_ID,
    Why.BAD_REQUEST,
    Why.INVALID_BODY,
    Why.PAYMENT_DIFFERS,
    Why.PAYMENT_NOT_PAID,
    Why.PAYMENT_STANDS_NOT,
    Why.AMOUNT_OVER_LEFT,
    Why.REFUND_LIMIT,
    *_ASKS,
    Why.JOURNAL_UNAVAILABLE,
)
WAYS = (
    Way(
        "PUT",
        "/v1/payments/{id}",
        Scope.PAY,
        "Ask for a payment. The till chooses the id; the same id and body always give one payment.",
        handlers.put_payment,
        {201: PaymentState, 200: PaymentState},
        takes=PaymentOrder,
        problems=(
            Why.BAD_ID,
            Why.BAD_REQUEST,
            Why.INVALID_BODY,
            Why.LINES_DIFFER,
            Why.PAYMENT_DIFFERS,
            Why.SUPERVISOR_SIGNED_ON,
            *_ASKS,
            *_LIMITS,
            Why.JOURNAL_UNAVAILABLE,
        ),
    ),
    Way(
        "PUT",
        "/v1/voids/{id}",
        Scope.VOID,
        "Void a payment of the open batch. Its id is of a payment too: follow it in /v1/payments.",
        handlers.put_void,
        {201: PaymentState, 200: PaymentState},
        takes=VoidOrder,
        problems=_UNDONE,
    ),
    Way(
        "PUT",
        "/v1/refunds/{id}",
        Scope.REFUND,
        "Refund a payment or part of it. Its id is of a payment too: follow it in /v1/payments.",
        handlers.put_refund,
        {201: PaymentState, 200: PaymentState},
        takes=RefundOrder,
        problems=_UNDONE,
    ),
    Way(
        "GET",
        "/v1/payments/{id}",
        Scope.READ,
        "A payment as it is now, or with wait_s as soon as it has changed since a version.",
        handlers.get_payment,
        {200: PaymentState},
        query={
            "wait_s": number("Seconds to wait at most.", WAIT_MAX_S),
            "since": number("The version you have.", VERSION_MAX),
            "state": Query("The state you have; some change no version.", {"type": "string"}),
        },
        problems=(*_ID, Why.BAD_REQUEST),
    ),
    Way(
        "GET",
        "/v1/payments",
        Scope.READ,
        "Payments that changed after a version, for reconciliation.",
        handlers.list_payments,
        {200: PaymentPage},
        query={"after": number("The last version you have; 0 for all.", VERSION_MAX)},
        problems=(Why.BAD_REQUEST, Why.JOURNAL_UNAVAILABLE),
    ),
    Way(
        "POST",
        "/v1/payments/{id}/cancel",
        Scope.PAY,
        "Ask to cancel. It succeeds until the acquirer is asked; then that answer decides.",
        handlers.cancel_payment,
        {202: PaymentState},
        problems=_ID,
    ),
    Way(
        "GET",
        "/v1/payments/{id}/receipt",
        Scope.READ,
        "A copy of the receipt as text/plain, image/png or application/json, as Accept has it.",
        handlers.get_receipt,
        {200: Receipt},
        query={
            "copy": Query(
                "The cardholder's, or the merchant's, which has the signature line.",
                {"type": "string", "enum": list(COPIES), "default": COPIES[0]},
            )
        },
        media=MEDIA,
        problems=(*_ID, Why.BAD_REQUEST, Why.NO_RECEIPT, Why.NOT_ACCEPTABLE),
    ),
    Way(
        "POST",
        "/v1/payments/{id}/reprint",
        Scope.PAY,
        "Print the cardholder's copy again, marked as a duplicate.",
        handlers.reprint,
        {202: Accepted},
        problems=(*_ID, Why.NO_RECEIPT, *_ASKS),
    ),
    Way(
        "GET",
        "/v1/terminal",
        Scope.READ,
        "The terminal's state, and that of its parts.",
        handlers.get_terminal,
        {200: TerminalState},
        problems=(Why.JOURNAL_UNAVAILABLE,),
    ),
    Way(
        "GET",
        "/v1/totals",
        Scope.READ,
        "The open batch's totals.",
        handlers.get_totals,
        {200: BatchTotalsNow},
        problems=(Why.JOURNAL_UNAVAILABLE,),
    ),
    Way(
        "POST",
        "/v1/settlements",
        Scope.SETTLE,
        "Settle: close the batch. The result is at Location.",
        handlers.settle,
        {202: Accepted},
        problems=(Why.BATCH_EMPTY, *_ASKS, Why.JOURNAL_UNAVAILABLE),
    ),
    Way(
        "GET",
        "/v1/settlements/{batch}",
        Scope.READ,
        "How a batch was closed, and whether the acquirer has the same sums.",
        handlers.get_settlement,
        {200: Settlement},
        problems=(Why.BAD_REQUEST, Why.NOT_FOUND, Why.JOURNAL_UNAVAILABLE),
    ),
    Way(
        "GET",
        "/v1/events",
        Scope.READ,
        "Server-sent events of all payments; Last-Event-ID goes on without a gap.",
        handlers.events,
        {200: None},
        media=("text/event-stream",),
        query={"after": number("As Last-Event-ID, where no header can be set.", VERSION_MAX)},
        problems=(Why.BAD_REQUEST, Why.TOO_MANY, Why.JOURNAL_UNAVAILABLE),
    ),
    Way(
        "POST",
        "/nexo",
        None,
        "nexo Retailer 3.0 in JSON, plain with a token or encrypted by the token's key.",
        nexo,
        {200: NexoSaid, 401: NexoFault},
        takes=NexoAsked,
        media=(JSON, TEXT),
        problems=(Why.BAD_REQUEST, Why.INVALID_BODY, Why.NO_TOKEN),
    ),
    Way("GET", "/v1/openapi.json", None, "This description.", _get_openapi, {200: dict}),
    Way(
        "GET",
        "/v1/docs",
        None,
        "This description for people.",
        _docs,
        {200: None},
        media=("text/html",),
    ),
)


def _methods_of(routes: Sequence[BaseRoute], request: Request) -> list[str]:
    """What may be asked of the path of a request."""
    found = {
        method
        for route in routes
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
    return sorted(found)


def application(service: Service, more: Sequence[BaseRoute] = ()) -> Starlette:
    """The ASGI application with `more` routes; `firmware.api.guard` stands before it."""

    def route(way: Way) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                if way.scope is not None:
                    require(till_of(request), way.scope)
                return await way.handler(service, request)
            except Wrong as wrong:
                return problem(wrong)

        endpoint.__name__ = f"{way.method}_{way.path}"
        return Route(way.path, endpoint, methods=[way.method])

    async def missing(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 405:
            said = problem(Wrong(Why.NO_METHOD))
            said.headers["Allow"] = ", ".join(_methods_of(routes, request))
            return said
        return problem(Wrong(Why.NOT_FOUND))

    async def broken(_request: Request, _error: Exception) -> Response:
        return problem(Wrong(Why.INTERNAL))

    slashed = [replace(way, path=f"{way.path}/") for way in WAYS if way.handler is nexo]
    routes = [*(route(way) for way in (*WAYS, *slashed)), *more]
    handlers = {HTTPException: missing, Exception: broken}
    return Starlette(routes=routes, exception_handlers=handlers)
