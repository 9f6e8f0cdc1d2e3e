"""Serves the page and its WebSocket; everything a page sends is a request, bounded and typed.

The server runs on a thread of its own. It meets the terminal only in the session's queue and in the
hub, so nothing that a browser or a network does can reach or hold the terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from firmware.core.exits import Refused
from firmware.lab.page import commands
from firmware.lab.page.downloads import Downloads
from firmware.lab.page.guard import Guard, hosts_of, new_token
from firmware.lab.page.hub import Hub, Seen
from firmware.lab.page.session import Session

STATIC = Path(__file__).with_name("static")
PAGES_MAX = 32
REQUESTS_A_SECOND = 60  # keys of two hands are twenty
BURST = 120
SEND_TIMEOUT_S = 10  # a page that takes nothing for so long is gone
FRAME_S = 0.008  # news within so little goes out together
START_S = 10
_LAB = """pos sim: {listen} is more than this machine. Whoever reads this address off a screen or a
network can operate this terminal: its keys, cards and faults. Nothing real is behind it, and the
connection is not enciphered. Use it in a lab's network, for training, and end it afterwards."""


class Pages:
    """The WebSockets of all open pages."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._open: set[asyncio.Event] = set()  # of each page, set when there is news
        self._told = False

    async def serve(self, socket_: WebSocket) -> None:
        """One page: its requests in, the hub's news out, until either ends."""
        if len(self._open) >= PAGES_MAX:
            await socket_.close(1013, "too many pages are open")
            return
        await socket_.accept()
        held: set[str] = set()
        news = self._enter()
        try:
            tasks = [
                asyncio.ensure_future(self._listen(socket_, held)),
                asyncio.ensure_future(_tell(socket_, self._session.hub, news)),
            ]
            _, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._leave(news)
            for key in held:  # a page that is gone holds no key down
                self._session.submit(commands.Up(key))
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket_.close()

    def _enter(self) -> asyncio.Event:
        """One more page; the first has us listen for news, for all that follow."""
        if not self._open:
            loop = asyncio.get_running_loop()
            self._number = self._session.hub.listen(lambda: self._wake(loop))
            self._session.submit(commands.Speed(1))  # a new page starts at normal speed
        self._open.add(news := asyncio.Event())
        return news

    def _leave(self, news: asyncio.Event) -> None:
        self._open.discard(news)
        if not self._open:
            self._session.hub.leave(self._number)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        """There is news: called on the terminal's thread, which never does more than this."""
        if not self._told:
            self._told = True
            with contextlib.suppress(RuntimeError):  # the server's loop is closed
                loop.call_soon_threadsafe(self._spread)

    def _spread(self) -> None:
        self._told = False  # before pages look: what comes after is told again
        for news in self._open:
            news.set()

    async def _listen(self, socket_: WebSocket, held: set[str]) -> None:
        """Pass requests on; what comes too fast, or is none, ends the connection."""
        loop = asyncio.get_running_loop()
        tokens, at = float(BURST), loop.time()
        with contextlib.suppress(WebSocketDisconnect, msgspec.DecodeError, KeyError):
            while True:
                request = commands.decode(await socket_.receive_text())
                tokens = min(BURST, tokens + (loop.time() - at) * REQUESTS_A_SECOND) - 1
                at = loop.time()
                if tokens < 0 or not self._session.submit(request):
                    return
                match request:
                    case commands.Down(key=key):
                        held.add(key)
                    case commands.Up(key=key):
                        held.discard(key)


async def _tell(socket_: WebSocket, hub: Hub, news: asyncio.Event) -> None:
    """Send what is new whenever there is something; what a slow page misses is not kept."""
    seen = Seen()
    try:
        while True:
            news.clear()
            packed = hub.news(seen).decode()
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await socket_.send_text(packed)
            await news.wait()
            await asyncio.sleep(FRAME_S)
    except (WebSocketDisconnect, TimeoutError, OSError):
        return


def application(session: Session, hosts: frozenset[str], token: str) -> Guard:
    """The ASGI application: the page, its files and its WebSocket, behind the guard."""
    pages = Pages(session)

    async def index(_request: Request) -> FileResponse:
        return FileResponse(STATIC / "index.html")

    routes = [
        Route("/", index),
        WebSocketRoute("/ws", pages.serve),
        *Downloads(lambda: session.place).routes(),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Guard(Starlette(routes=routes), hosts, token)


@contextlib.contextmanager
def serving(session: Session, *, listen: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """A session's terminal, switched on, and its page; both end after it.

    Raises Refused when the address cannot be had, and what `Session.start` raises.
    """
    try:
        server = Server(session, listen=listen, port=port)
    except OSError as error:
        raise Refused(f"{listen}:{port}: {error.strerror}") from None
    if not ipaddress.ip_address(listen).is_loopback:
        print(_LAB.format(listen=listen), file=sys.stderr)
    try:
        session.start()
        server.start()
        yield server
    finally:
        server.close()
        session.close()


class Server:
    """The page's server at `listen`:`port` (0: a free one), on a thread of its own.

    Raises OSError when the address cannot be had.
    """

    def __init__(self, session: Session, *, listen: str = "127.0.0.1", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in listen else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((listen, port))
        self._socket.listen(64)
        self.port: int = self._socket.getsockname()[1]
        self.token = new_token()
        self.hosts = hosts_of(listen, self.port)
        self._listen = listen
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(
                application(session, self.hosts, self.token),
                log_level="error",
                access_log=False,
                lifespan="off",
                ws="websockets-sansio",
                ws_per_message_deflate=False,  # to this machine or a lab: time is dearer than bytes
                ws_max_size=commands.MESSAGE_BYTES_MAX,
                timeout_graceful_shutdown=1,
                server_header=False,
            )
        )
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    @property
    def url(self) -> str:
        """The page's address, with its token."""
        anywhere = self._listen in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
        host = "127.0.0.1" if anywhere else self._listen
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}/?token={self.token}"

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def close(self) -> None:
        """End serving; open pages are told."""
        self._uvicorn.should_exit = True
        if self._thread.ident is not None:
            self._thread.join(START_S)
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._uvicorn.serve(sockets=[self._socket]))
