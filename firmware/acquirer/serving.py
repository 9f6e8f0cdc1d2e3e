"""Answers terminals until it is told to end: an acquirer's books behind a server."""

from __future__ import annotations

import resource
import ssl
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path

from msgspec import Struct

from firmware.acquirer.counts import Counts
from firmware.acquirer.opened import AcquirerPlace
from firmware.acquirer.rules import RuleBook
from firmware.acquirer.server import Server
from firmware.acquirer.switch import Switch
from firmware.acquirer.terminal_line import Limits
from firmware.core.clock import SystemClock
from firmware.core.exits import FAILED, Refused
from firmware.core.files import read_bytes
from firmware.core.hosts import is_loopback
from firmware.iso8583.unionpay import UnionPay

OTHER_FILES = 64  # books, records, log, metrics, connections that are being taken
_PLAIN = "pos acquirer: {listen} without TLS: card numbers can be read on the line"

ShowCounts = Callable[[Counts], AbstractContextManager[None]]
"""Within what it gives, the counters may be read from outside. Raises Refused."""


class Serving(Struct, frozen=True, kw_only=True):
    """Where an acquirer listens, to how many, and how it answers."""

    listen: str
    port: int  # 0: any
    tls_cert: Path | None  # a chain; None: plain lines
    tls_key: Path | None
    rules: Path
    connections: int
    institution: str  # field 32 of answers, or ""
    test_amounts: bool
    hold_days: int


def serve(
    acquirer: AcquirerPlace,
    line: UnionPay,
    wanted: Serving,
    ended: threading.Event,
    figures: ShowCounts | None,
) -> None:
    """Answer what comes by `line` until `ended` is set. Raises Refused, and BooksError."""
    if not acquirer.is_shared:
        acquirer.lock()  # until the process ends
    _allow_files(wanted.connections)
    clock, counts = SystemClock(), Counts()
    pool = acquirer.pool(clock.now, test_amounts=wanted.test_amounts, hold_days=wanted.hold_days)
    with closing(pool):
        switch = Switch(
            line,
            pool,
            RuleBook(wanted.rules),
            counts,
            clock_now=clock.now,
            monotonic_us=lambda: time.monotonic_ns() // 1_000,
            institution=wanted.institution,
        )
        try:
            server = Server(
                switch.answer_all,
                counts,
                address=wanted.listen,
                port=wanted.port,
                tls=_tls(wanted.tls_cert, wanted.tls_key),
                limits=Limits(connections=wanted.connections),
            )
        except OSError as error:
            raise Refused(f"{wanted.listen}:{wanted.port}: {error.strerror}", code=FAILED) from None
        with nullcontext() if figures is None else figures(counts):
            server.start()
            if wanted.tls_cert is None and not is_loopback(wanted.listen):
                print(_PLAIN.format(listen=wanted.listen), file=sys.stderr)
            print(f"pos acquirer: ready on {wanted.listen}:{server.port}", flush=True)
            ended.wait()
            server.close()


def _allow_files(connections: int) -> None:
    """Have so many connections open at once, and what else is open. Raises Refused."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    if wanted > hard:
        words = f"--connections {connections}: the system allows {hard} open files"
        raise Refused(f"{words}, and {OTHER_FILES} are for others")
    if wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """How lines are enciphered; None for plain ones. Raises Refused."""
    if cert is None:
        if key is not None:
            raise Refused("--tls-key goes with --tls-cert: the line would not be enciphered")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    file = cert
    try:
        for file in dict.fromkeys((key or cert, cert)):
            read_bytes(file)  # ssl itself waits for a pipe
        context.load_cert_chain(cert, key)
    except OSError as error:  # with ssl.SSLError
        raise Refused(f"{file}: {error.strerror or error}") from None
    return context
