"""The routes of the touch screen's shop, below /kiosk/ of the API's server.

They ask for no token: a page that anybody at this machine may open cannot keep one secret. Instead
they allow less than any token: to order the settings' goods at the settings' prices, and to follow,
cancel and see the receipt of an order whose random id one knows. They answer this machine alone,
and pages of this very server.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Sequence
from importlib import resources
from pathlib import Path

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from firmware.api.handlers import followed
from firmware.api.problems import Why, Wrong, problem
from firmware.api.receipts import plain, receipt_of
from firmware.api.requests import answer, body_of, name_of
from firmware.api.server import MoreRoutes
from firmware.api.till_service import Service, digest_of
from firmware.api.types import Accepted
from firmware.api.views import journal_of, terminal_of
from firmware.core.files import read_bytes
from firmware.kiosk.goods import Basket, id_of, order_of, shop_of
from firmware.payments.tills import Reprint

ROOT = "/kiosk"
BUYER = "kiosk page"  # who orders, as the journal has it; no token can be named so
PICTURE_BYTES_MAX = 4 << 20
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
    "kiosk.css": ("kiosk.css", "text/css; charset=utf-8"),
    "kiosk.mjs": ("kiosk.mjs", "text/javascript; charset=utf-8"),
    "parts.mjs": ("parts.mjs", "text/javascript; charset=utf-8"),
    "terminal.mjs": ("terminal.mjs", "text/javascript; charset=utf-8"),
    "texts.mjs": ("texts.mjs", "text/javascript; charset=utf-8"),
}
PICTURES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "svg": "image/svg+xml",
}

PageHandler = Callable[[Request], Awaitable[Response]]


class Readiness(Struct, frozen=True):
    """The terminal's state, as far as a customer is told."""

    in_service: bool
    ready: bool  # an order would be taken now
    paper: bool  # a receipt would come out now


def shop_page(pictures: Path | None) -> MoreRoutes:
    """The shop, to be served beside the API; nothing where the settings have none."""
    return MoreRoutes(ROOT, lambda service: ShopRoutes(service, pictures).routes())


class ShopRoutes:
    """The shop of one terminal; `pictures` is the folder of its goods' pictures."""

    def __init__(self, service: Service, pictures: Path | None) -> None:
        self._service, self._pictures = service, pictures
        self._config = service.door.config
        self._printed: set[str] = set()

    def routes(self) -> Sequence[BaseRoute]:
        """The routes; none unless the settings say that there is a shop."""
        if not self._config.kiosk.shop:
            return ()
        payment = ROOT + "/v1/payments/{id}"
        return (
            Route(ROOT, _to_the_page),
            *(_route(f"{ROOT}/{name}", _file(*file)) for name, file in FILES.items()),
            _route(f"{ROOT}/pictures/{{item}}", self._picture),
            _route(f"{ROOT}/v1/shop", self._shop),
            _route(f"{ROOT}/v1/terminal", self._terminal),
            _route(payment, self._put, "PUT"),
            _route(payment, self._get),
            _route(f"{payment}/cancel", self._cancel, "POST"),
            _route(f"{payment}/receipt", self._receipt),
            _route(f"{payment}/qr", self._qr),
            _route(f"{payment}/print", self._print, "POST"),
        )

    async def _picture(self, request: Request) -> Response:
        wanted = request.path_params["item"]
        for item in self._config.kiosk.items:
            if self._pictures is not None and item.picture and id_of(item) == wanted:
                try:
                    raw = read_bytes(self._pictures / item.picture, most_bytes=PICTURE_BYTES_MAX)
                except (OSError, ValueError):
                    break
                kind = PICTURES[item.picture.rpartition(".")[2]]
                return Response(raw, media_type=kind)
        raise Wrong(Why.NOT_FOUND)

    async def _shop(self, _request: Request) -> Response:
        return answer(shop_of(self._config))

    async def _terminal(self, _request: Request) -> Response:
        with journal_of(self._service.door) as journal:
            state = terminal_of(journal, self._service.door)
        paper = state.paper not in ("paper-out", "cover-open", "offline")
        return answer(Readiness(state.in_service, state.ready, paper))

    async def _put(self, request: Request) -> Response:
        name, basket = name_of(request), await body_of(request, Basket)
        digest = digest_of(basket)
        # before prices are looked up: they may have changed since it was taken
        payment, new = self._service.known(name, digest), False
        if payment is None:
            order = order_of(self._config, basket)
            payment, new = await self._service.put(name, order, BUYER, digest=digest)
        return answer(payment, 201 if new else 200)

    async def _get(self, request: Request) -> Response:
        return answer(await followed(self._service, request, self._own(request)))

    async def _cancel(self, request: Request) -> Response:
        return answer(self._service.cancel(self._own(request)), 202)

    async def _receipt(self, request: Request) -> Response:
        receipt = receipt_of(self._service.door, self._own(request), "cardholder").receipt
        if "text/plain" in request.headers.get("accept", ""):
            return PlainTextResponse(plain(receipt))
        return answer(receipt)

    async def _qr(self, request: Request) -> Response:
        """The receipt's QR code, which a screen can show as well as paper."""
        receipt = receipt_of(self._service.door, self._own(request), "cardholder").receipt
        if not receipt.qr:
            raise Wrong(Why.NO_RECEIPT)
        import segno  # noqa: PLC0415 - asked for seldom

        file = io.BytesIO()
        segno.make_qr(receipt.qr, error="m").save(file, kind="svg", scale=4, light="white")
        return Response(file.getvalue(), media_type="image/svg+xml")

    async def _print(self, request: Request) -> Response:
        """Print the receipt of an order, once, where the store leaves receipts to the till."""
        payment = self._service.payment(self._own(request))
        if self._config.api.receipts != "till":
            raise Wrong(Why.NO_RECEIPT)
        if payment.id not in self._printed:
            await self._service.have_done(Reprint(payment.id))
            self._printed.add(payment.id)
        return answer(Accepted(id=payment.id, state=payment.state), 202)

    def _own(self, request: Request) -> str:
        """The id of a payment that this page asked for. Raises Wrong for any other, or for none."""
        name = name_of(request)
        with journal_of(self._service.door) as journal:
            order = journal.order(name)
        if order is None or order.taken.till != BUYER:
            raise Wrong(Why.NOT_FOUND)
        return name


async def _to_the_page(_request: Request) -> Response:
    return RedirectResponse(f"{ROOT}/")


def _file(name: str, kind: str) -> PageHandler:
    raw = resources.files("firmware.kiosk").joinpath("page", name).read_bytes()

    async def give(_request: Request) -> Response:
        return Response(raw, media_type=kind)

    return give


def _route(path: str, handler: PageHandler, method: str = "GET") -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            _require_own_page(request)
            said = await handler(request)
        except Wrong as wrong:
            said = problem(wrong)
        said.headers["Content-Security-Policy"] = POLICY
        return said

    return Route(path, endpoint, methods=[method])


def _require_own_page(request: Request) -> None:
    """Raises Wrong for a page of another origin, also of one that `api.origins` allows."""
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers["host"]:
        raise Wrong(Why.OTHER_ORIGIN)
