"""Serves the API on a thread of its own, so that the network cannot delay the terminal.

It reaches the terminal only through the inbox and the board, and opens the journal read-only. A bug
in it is logged, and the terminal goes on trading.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from msgspec import Struct
from starlette.routing import BaseRoute

from firmware.api.application import application
from firmware.api.connections import BoundedConnection
from firmware.api.guard import Guard
from firmware.api.till_service import Service
from firmware.api.tls import fingerprint, own_certificate
from firmware.api.tokens import TokenError, Tokens
from firmware.api.views import Door
from firmware.core.hosts import OWN_NAMES

BACKLOG, KEEP_ALIVE_S = 64, 75
JOIN_S = 5
_LOG = logging.getLogger(__name__)


class MoreRoutes(Struct, frozen=True):
    """Routes that are served beside the API, below `root`, with access rules of their own."""

    root: str
    routes: Callable[[Service], Sequence[BaseRoute]]


class ApiServer:
    """The API at `[api] listen` and `port` (0: a free one). Raises OSError when it cannot listen.

    Beyond this machine it speaks TLS alone.
    """

    def __init__(
        self, door: Door, *, port: int | None = None, beside: MoreRoutes | None = None
    ) -> None:
        settings = door.config.api
        self._listen = settings.listen
        address = ipaddress.ip_address(settings.listen)
        self.tls = not address.is_loopback
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((settings.listen, settings.port if port is None else port))
            self._socket.listen(BACKLOG)
            files = self._certificate(door) if self.tls else None
        except OSError:
            self._socket.close()
            raise
        if files is not None:
            door.board.fingerprint = fingerprint(files[1])
        self.port: int = self._socket.getsockname()[1]
        self.service = Service(door)
        hosts = hosts_of(settings.listen, self.port, settings.hosts)
        scheme = "https" if self.tls else "http"
        own = {f"{scheme}://{host}" for host in hosts}
        origins = frozenset(each.lower().rstrip("/") for each in settings.origins) | own
        more = beside.routes(self.service) if beside is not None else ()
        below = (beside.root,) if beside is not None and more else ()
        tokens = Tokens(door.data)
        with contextlib.suppress(TokenError):
            tokens.all()  # read once now: a file that is missing later is then an error
        app = Guard(application(self.service, more), tokens, hosts, origins, below)
        config = uvicorn.Config(
            app,
            log_level="error",
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http=BoundedConnection,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=1,
            server_header=False,
            ssl_keyfile=files[0] if files else None,
            ssl_certfile=files[1] if files else None,
        )
        self._uvicorn = uvicorn.Server(config)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="api", daemon=True)

    @staticmethod
    def _certificate(door: Door) -> tuple[Path, Path]:
        settings = door.config.api
        names = (settings.listen, *settings.hosts)
        return own_certificate(door.data, door.config.merchant.terminal, door.now(), names)

    @property
    def url(self) -> str:
        """Where it listens."""
        host = f"[{self._listen}]" if ":" in self._listen else self._listen
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def start(self) -> None:
        """Start serving; returns when requests are accepted."""
        self._thread.start()
        self._ready.wait(JOIN_S)

    def close(self) -> None:
        """End serving; open streams are cut."""
        self.service.news.close()
        self._uvicorn.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)
        self._socket.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception:  # noqa: BLE001 - an API that is dead stops no sale
            _LOG.exception("the API has ended; the terminal trades on")
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self.service.news.begin()
        self._ready.set()
        try:
            await self._uvicorn.serve(sockets=[self._socket])
        finally:
            self.service.news.end()


def hosts_of(listen: str, port: int, more: tuple[str, ...]) -> frozenset[str]:
    """What `Host` may say: this machine's names at the port, the address, and those configured."""
    names = set(OWN_NAMES)
    address = ipaddress.ip_address(listen)
    if not address.is_unspecified:
        names.add(f"[{address}]" if ":" in listen else listen)
    named = {name.lower() for name in more}
    return frozenset({f"{name}:{port}" for name in names | named} | named)
