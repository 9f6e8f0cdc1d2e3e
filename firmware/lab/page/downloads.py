"""What a page takes home: the journal as a table, and the evidence of one voucher.

Each is written by the very command that a shop would use, in a process of its own, beside the
running terminal: the page offers nothing that `pos` does not.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

import firmware
from firmware.core.payment import BATCH_MAX, STAN_MAX

ROOT = Path(firmware.__file__).parents[1]
TIMEOUT_S = 120  # of a machine with other work
UNKNOWN = PlainTextResponse("there is no such voucher\n", 404)


class Downloads:
    """The routes below `/download`; `place` gives the data directory of the terminal as it is."""

    def __init__(self, place: Callable[[], Path]) -> None:
        self._place = place
        self._one = asyncio.Lock()  # however many ask: a small machine writes one at a time

    def routes(self) -> list[Route]:
        """The routes, to be put behind the guard."""
        return [
            Route("/download/journal.csv", self.journal),
            Route("/download/evidence.zip", self.evidence),
        ]

    async def journal(self, _request: Request) -> Response:
        """Every transaction as CSV, by `pos journal export`."""
        return await self._made("journal.csv", "text/csv", "journal", "export", "--format", "csv")

    async def evidence(self, request: Request) -> Response:
        """The evidence of the voucher and batch that the query names, by `pos evidence`."""
        voucher = _number(request, "voucher", STAN_MAX)
        batch = _number(request, "batch", BATCH_MAX)
        if voucher is None or batch is None:
            return UNKNOWN
        name = f"evidence-{batch:06d}-{voucher:06d}.zip"
        with tempfile.NamedTemporaryFile(suffix=".toml") as empty:
            # without settings: this machine's own configuration is not the simulator's
            asked = ("evidence", str(voucher), "--batch", str(batch), "--config", empty.name)
            return await self._made(name, "application/zip", *asked)

    async def _made(self, name: str, media_type: str, *words: str) -> Response:
        """What a command writes into a file, or the one line in which it says why not."""
        with tempfile.TemporaryDirectory(prefix="pos-page-") as folder:
            path = Path(folder) / name
            command = ("-m", "firmware", *words, "--data", str(self._place()), "-o", str(path))
            async with self._one:
                said = await _run(command)
            if not path.exists():
                return PlainTextResponse(said or "it could not be written\n", 404)
            disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
            return Response(path.read_bytes(), media_type=media_type, headers=disposition)


async def _run(words: tuple[str, ...]) -> str:
    """Run Python with these words to its end; what it said of what is wrong."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            _, said = await process.communicate()
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await process.wait()
        raise
    return said.decode(errors="replace")


def _number(request: Request, name: str, most: int) -> int | None:
    """A number from 1 to `most` in the query; None where there is none."""
    text = request.query_params.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
        return None
    return int(text) if 1 <= int(text) <= most else None
