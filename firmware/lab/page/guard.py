"""Who may talk to the page's server: those who name it right, come from it, and know the token.

A page elsewhere can make a browser send requests to 127.0.0.1, under any name that resolves to it
(DNS rebinding). Hence every request must name one of our hosts; whatever carries an Origin, and
every WebSocket must, comes from a page of ours; and all need the token of this run.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from firmware.core.hosts import OWN_NAMES

TOKEN_BYTES = 18
SAFE = ("GET", "HEAD")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:;"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hosts_of(listen: str, port: int) -> frozenset[str]:
    """What `Host` may say to a server that listens at an address."""
    names = set(OWN_NAMES)
    address = ipaddress.ip_address(listen)
    if address.is_unspecified:
        names |= {socket.gethostname().lower(), *_own_addresses()}
    else:
        names.add(f"[{address}]" if address.version == 6 else str(address))
    return frozenset(f"{name}:{port}" for name in names)


def _own_addresses() -> Iterable[str]:
    """The machine's addresses, as far as its name tells, and the one it goes out by."""
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None)}
    except OSError:
        found = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward:
        try:
            outward.connect(("192.0.2.1", 9))  # nothing is sent
            found.add(outward.getsockname()[0])
        except OSError:
            pass
    return {f"[{each}]" if ":" in each else each for each in found}


class Guard:
    """ASGI middleware that refuses strangers, HTTP with 403 and WebSocket before it opens."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], token: str) -> None:
        self._app = app
        self._hosts = hosts
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, self._with_headers(scope, send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal})
        else:
            answer = PlainTextResponse(f"{refusal}\n", 403, headers=HEADERS)
            await answer(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        """Why a request is refused; None when it is not."""
        headers = Headers(scope=scope)
        if headers.getlist("host") != [headers.get("host", "")]:
            return "more than one host is named"
        if headers.get("host", "").lower() not in self._hosts:
            return "this server goes by another name"
        origin = headers.get("origin")
        must_have = scope["type"] == "websocket" or scope["method"] not in SAFE
        if origin is None and must_have:
            return "this must come from a page of this server"
        if origin is not None and not self._is_ours(origin):
            return "this comes from a page of another server"
        if not self._knows_token(scope):
            return "the token is missing or wrong: use the whole address that `pos sim` printed"
        return None

    def _is_ours(self, origin: str) -> bool:
        scheme, _, host = origin.partition("://")
        return scheme == "http" and host.lower() in self._hosts

    def _knows_token(self, scope: Scope) -> bool:
        asked = HTTPConnection(scope)
        given = [token for token in asked.query_params.getlist("token") if token]
        if scope["type"] == "http" and not given:  # a WebSocket names it itself
            given = [asked.cookies.get(self.cookie_name(scope), "")]
        expected = self._token.encode()
        return len(given) == 1 and hmac.compare_digest(given[0].encode(), expected)

    @staticmethod
    def cookie_name(scope: Scope) -> str:
        """Cookies are shared by all ports of a host; so the port is in the name."""
        server = scope.get("server") or ("", 0)
        return f"pos-page-{server[1]}"

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.append(name, value)
                if scope["path"] == "/":  # the page's modules and styles are fetched by the cookie
                    cookie = f"{self.cookie_name(scope)}={self._token}"
                    headers.append("Set-Cookie", f"{cookie}; HttpOnly; SameSite=Strict; Path=/")
            await send(message)

        return answer
