"""The bench's routes beside the API: lines to be played, what the display shows, what was printed.

They are a laboratory's: no process of the product has them.
"""

from __future__ import annotations

import asyncio
import socket
import threading

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from firmware.api.guard import Guard
from firmware.api.server import hosts_of
from firmware.api.tokens import Tokens
from firmware.lab.target.target import Failed, Seen, Target

PREFIX = "/sim/v1"
JOIN_S = 5


class BenchServer:
    """Serves the bench of a target at a free port of this machine."""

    def __init__(self, target: Target, tokens: Tokens) -> None:
        self._target = target
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._port = self._socket.getsockname()[1]
        hosts = hosts_of("127.0.0.1", self._port, ())
        routes = [
            Route(f"{PREFIX}/play", self._play, methods=["POST"]),
            Route(f"{PREFIX}/screen", self._screen),
            Route(f"{PREFIX}/paper", self._paper),
        ]
        origins = frozenset(f"http://{host}" for host in hosts)
        app = Guard(Starlette(routes=routes), tokens, hosts, origins)
        self._uvicorn = uvicorn.Server(
            uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", ws="none")
        )
        self._thread = threading.Thread(target=self._run, name="bench routes", daemon=True)

    @property
    def url(self) -> str:
        """Where the routes begin."""
        return f"http://127.0.0.1:{self._port}{PREFIX}"

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def close(self) -> None:
        """End serving."""
        self._uvicorn.should_exit = True
        self._thread.join(JOIN_S)
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._uvicorn.serve(sockets=[self._socket]))

    async def _play(self, request: Request) -> Response:
        try:
            text = (await request.body()).decode()
        except UnicodeDecodeError:
            return _problem(Failed(0, "UTF-8 text", "something else"))
        failed = await asyncio.wrap_future(self._target.play(text))
        if isinstance(failed, Failed):
            return _problem(failed)
        return PlainTextResponse("held\n")

    async def _screen(self, request: Request) -> Response:
        return _seen(request, await asyncio.wrap_future(self._target.screen()))

    async def _paper(self, request: Request) -> Response:
        return _seen(request, await asyncio.wrap_future(self._target.paper()))


def _problem(failed: Failed) -> Response:
    body = {
        "type": "urn:pos:problem:play-failed",
        "title": "A line did not hold",
        "status": 422,
        **msgspec.structs.asdict(failed),
    }
    return Response(msgspec.json.encode(body), 422, media_type="application/problem+json")


def _seen(request: Request, seen: object) -> Response:
    assert isinstance(seen, Seen)
    if "image/png" in request.headers.get("accept", ""):
        return Response(seen.png, media_type="image/png")
    return PlainTextResponse(seen.text)
