"""`pos run`: the terminal on real hardware, as its configuration says, until it is told to end.

Missing hardware is shown on the screen and in the log, and waited for; a configuration or a data
directory that cannot be used ends it at once, with one line for each reason.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from firmware import __version__
from firmware.acquirer.books import BooksError
from firmware.core import log
from firmware.core.config import Config, ConfigError
from firmware.core.exits import BUG, DONE, FAILED, Refused
from firmware.iso8583.keys import KeyFileError
from firmware.journal.faults import JournalFault
from firmware.terminal.assembly import Assembly
from firmware.terminal.devices import Parts, real_parts
from firmware.terminal.loop import Ending, Inbox, Loop
from firmware.terminal.refusal import show_refusal
from firmware.terminal.service_manager import Supervisor
from firmware.terminal.settings import (
    Settings,
    add_config_argument,
    add_data_instead_argument,
    checked,
    file_of,
    legible,
    warnings_of,
)
from firmware.ui.render import Frame
from hw.ports import Clock
from hw.worker import SystemClock

_LOG = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_config_argument(parser)
    add_data_instead_argument(parser)
    parser.add_argument("-v", "--verbose", action="count", default=0, help="log debugging, too")


def run(options: argparse.Namespace) -> int:
    """Run until SIGTERM, SIGINT or SIGHUP: 0 then, 70 after a bug. Raises Refused."""
    os.umask(0o077)  # whatever the terminal makes is its own: journal, books, logs beside them
    settings = _settings(options.config)
    data = options.data or settings.data
    journald = "JOURNAL_STREAM" in os.environ
    handler = log.set_up(options.verbose, sys.stderr, journald=journald)
    try:
        return run_terminal(settings, data)
    finally:
        logging.getLogger().removeHandler(handler)


def _settings(path: Path | None) -> Settings:
    """The settings. Raises Refused, and leaves it on the glass, when they are not to be used."""
    try:
        return checked(path)
    except ConfigError as error:
        show_refusal(legible(file_of(path)).config, error)
        raise Refused(*map(str, error.mistakes)) from None


def run_terminal(
    settings: Settings,
    data: Path,
    parts: Parts | None = None,
    *,
    on_frame: Callable[[Frame], None] = lambda _frame: None,
) -> int:
    """Run a terminal on `parts`, on the configured ones by default. Blocks; main thread only.

    `on_frame` is told of each frame on the display.
    """
    for warning in warnings_of(settings):
        _LOG.warning("configuration", extra=log.fields(warning=warning))
    clock, inbox = SystemClock(), Inbox()
    with _signals(inbox):
        data = data.absolute()
        # lgpio leaves a file where it is imported, unless told where; on the data's disk it would
        # stay open while that disk is to be unmounted
        os.environ.setdefault("LG_WD", tempfile.gettempdir())
        parts = parts or real_parts(settings.config, data, clock)
        assembly = _assembled(settings, data, parts, clock, inbox, on_frame=on_frame)
        runner = assembly.terminal.runner
        supervisor = Supervisor.of(os.environ)
        trading = parts.signals.trading if parts.signals else _dark
        ending = Ending(clock, lambda: inbox.asked)
        loop = Loop(
            runner,
            inbox.take,
            clock,
            assembly.workers,
            supervisor,
            trading=trading,
            ending=ending,
        )
        _LOG.info("started", extra=_identity(settings, data))
        try:
            with (
                _metrics(settings.config, data),
                _api(assembly, settings.config, data, clock, inbox),
            ):
                loop.run()
        except Exception:  # noqa: BLE001 - the supervisor starts it anew, the journal recovers
            _LOG.critical("a bug ends the terminal; it is to be started again", exc_info=True)
            return BUG
        finally:
            ending.begin()
            assembly.close(lambda: ending.left_ms)
    _LOG.info("ended")
    return DONE


def _assembled(
    settings: Settings,
    data: Path,
    parts: Parts,
    clock: Clock,
    inbox: Inbox,
    *,
    on_frame: Callable[[Frame], None],
) -> Assembly:
    """The terminal. Raises Refused, and leaves it on the glass, when it is not to be begun."""
    try:
        return Assembly(
            settings.config,
            data,
            parts,
            clock,
            inbox.post,
            accounts=settings.accounts(),
            ca_keys=settings.ca_keys(),
            revoked=settings.revoked(),
            host_tls=settings.host_tls(),
            files=settings.named_files,
            on_frame=on_frame,
        )
    except ConfigError as error:
        show_refusal(settings.config, error, parts.display)
        raise Refused(
            *(f"{settings.path or 'defaults'}: {each}" for each in error.mistakes)
        ) from None
    except (JournalFault, KeyFileError, BooksError, sqlite3.Error, OSError) as error:
        show_refusal(settings.config, error, parts.display)
        raise Refused(f"{data}: {error}", code=FAILED) from error


def _dark(_trading: bool) -> None:
    """A terminal without lights."""


@contextlib.contextmanager
def _metrics(config: Config, data: Path) -> Iterator[None]:
    """Within, Prometheus may read the figures, if the configuration says so."""
    served = None
    if config.metrics.port:
        from firmware.ops.metrics import serve  # noqa: PLC0415 - its library slows the start

        served = serve(data, config.merchant.terminal, config.metrics.port)
    try:
        yield
    finally:
        if served is not None:
            served.close()


@contextlib.contextmanager
def _api(
    assembly: Assembly, config: Config, data: Path, clock: Clock, inbox: Inbox
) -> Iterator[None]:
    """Within, tills may ask, if the configuration says so. Without it the terminal trades, too."""
    server = None
    if config.api.port:
        from firmware.api.server import ApiServer  # noqa: PLC0415 - its libraries slow the start
        from firmware.api.views import Door  # noqa: PLC0415

        terminal = assembly.terminal
        signer = lambda: terminal.ledger.signer  # noqa: E731 - said where it is used
        door = Door(data, config, inbox.post, terminal.board, signer, clock.now)
        try:
            server = ApiServer(door)
        except OSError as error:
            place = f"{config.api.listen}:{config.api.port}"
            _LOG.error("no API", extra=log.fields(place=place, reason=error.strerror))
        else:
            server.start()
            _LOG.info("API", extra=log.fields(url=server.url))
    try:
        yield
    finally:
        if server is not None:
            server.close()


def _identity(settings: Settings, data: Path) -> dict[str, object]:
    return log.fields(
        version=__version__,
        terminal=settings.config.merchant.terminal,
        config=settings.path or "defaults",
        data=data,
        host=settings.config.host.kind,
        printer=settings.config.printer.kind,
    )


@contextlib.contextmanager
def _signals(inbox: Inbox) -> Iterator[None]:
    """Within, SIGTERM, SIGINT and SIGHUP ask the loop to end; a second one to end at once."""
    wanted = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # whoever says nohup means it
        wanted.append(signal.SIGHUP)
    before = [signal.signal(number, lambda _number, _frame: inbox.stop()) for number in wanted]
    try:
        yield
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)
