"""Who may ask: the right host, an allowed origin, a known token, a body of bounded size and time.

A page elsewhere can make a browser send requests to 127.0.0.1 under any name that resolves to it
(DNS rebinding): so the host must be in a list. There are no cookies. Wrong tokens are counted,
and each is answered later than the one before; a right one never waits.
"""

from __future__ import annotations

import asyncio
import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from firmware.api.problems import Why, Wrong, problem
from firmware.api.tokens import Scope as TokenScope
from firmware.api.tokens import Till, TokenError, Tokens

BODY_BYTES_MAX, BODY_TIME_S = 64 * 1024, 5
SLOWEST_S, FIRST_S = 4, 0.05
OPEN_PATHS = ("/v1/openapi.json", "/v1/docs")  # they tell nothing of this terminal
NEXO_PATHS = ("/nexo", "/nexo/")
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
OF_ALLOWED_ORIGINS = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
    "Access-Control-Allow-Methods": "GET, PUT, POST",
    "Access-Control-Expose-Headers": "Location, Retry-After",
    "Vary": "Origin",
}

_LOG = logging.getLogger(__name__)


class Guard:
    """ASGI middleware; what comes through has a till in `scope["till"]`."""

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens,
        hosts: frozenset[str],
        origins: frozenset[str],
        open_below: tuple[str, ...] = (),
    ) -> None:
        self._app, self._tokens = app, tokens
        self._open_below = open_below  # paths whose routes have access rules of their own
        self._hosts, self._origins = hosts, origins
        self._wrong = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        answer = self._with_headers(headers.get("origin"), send)
        try:
            self._check_sender(headers)
            if scope["method"] == "OPTIONS":
                await Response(status_code=204)(scope, receive, answer)
                return
            scope["till"] = await self._till(scope, headers)
            body = await _body(headers, receive)
        except Wrong as wrong:
            await problem(wrong)(scope, receive, answer)
            return
        await self._app(scope, _replayed(body, receive), answer)

    def _check_sender(self, headers: Headers) -> None:
        """Raises Wrong."""
        named = [each.lower() for each in headers.getlist("host")]
        if len(named) != 1 or named[0] not in self._hosts:
            raise Wrong(Why.OTHER_HOST)
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in self._origins:
            raise Wrong(Why.OTHER_ORIGIN)

    async def _till(self, scope: Scope, headers: Headers) -> Till | None:
        """Whose request it is; None where anybody may ask. Raises Wrong."""
        if scope["path"] in OPEN_PATHS or scope["path"].startswith(self._open_below):
            return None
        given, key = headers.get("authorization"), headers.get("x-api-key")
        if scope["path"] in NEXO_PATHS:
            if not given and not key:
                return None  # an encrypted message is a till's by its key
            given = given or f"Bearer {key}"
        kind, _, token = (given or "").partition(" ")
        try:
            till = self._tokens.of(token.strip()) if kind.lower() == "bearer" else None
        except TokenError as error:
            _LOG.error("tokens: %s", error)
            raise Wrong(Why.JOURNAL_UNAVAILABLE, detail="the tokens cannot be read now") from None
        if till is None:
            self._wrong += 1
            _LOG.warning("a wrong token; %d so far", self._wrong)
            await asyncio.sleep(min(SLOWEST_S, FIRST_S * 2 ** min(self._wrong, 10)))
            raise Wrong(Why.NO_TOKEN)
        return till

    def _with_headers(self, origin: str | None, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = dict(HEADERS)
                if origin is not None and origin.lower() in self._origins:
                    extra |= {"Access-Control-Allow-Origin": origin} | OF_ALLOWED_ORIGINS
                headers = MutableHeaders(scope=message)
                for name, value in extra.items():
                    headers.setdefault(name, value)
            await send(message)

        return answer


async def _body(headers: Headers, receive: Receive) -> bytes:
    """The whole body. Raises Wrong for one that is too large or too slow."""
    length = headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length[:9]) > BODY_BYTES_MAX:
        raise Wrong(Why.TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIME_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Wrong(Why.BAD_REQUEST)
                body += message.get("body", b"")
                if len(body) > BODY_BYTES_MAX:
                    raise Wrong(Why.TOO_LARGE)
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise Wrong(Why.TOO_SLOW) from None


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body that was read, and then whatever comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def till_of(request: Request) -> Till:
    """The till that asks. Raises Wrong for a request without a token."""
    till: Till | None = request.scope["till"]
    if till is None:
        raise Wrong(Why.NO_TOKEN)
    return till


def require(till: Till, scope: TokenScope) -> None:
    """Raises Wrong unless the till's token has this scope."""
    if scope not in till.may:
        raise Wrong(Why.NO_SCOPE, detail=f"the token wants {scope.value}")
