"""`pos run`: the terminal on real hardware, as its configuration says, until it is told to end.

Missing hardware is shown on the screen and in the log, and waited for; a configuration or a data
directory that cannot be used ends it at once, with one line for each reason.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from firmware.core import log
from firmware.core.clock import SystemClock
from firmware.core.config import Config, ConfigError
from firmware.core.exits import Refused
from firmware.terminal.loop import Inbox
from firmware.terminal.refusal import show_refusal
from firmware.terminal.service import Beside, run_terminal
from firmware.terminal.settings import (
    Settings,
    add_config_argument,
    add_data_instead_argument,
    checked,
    file_of,
    legible,
)
from firmware.terminal.terminal import Terminal

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
        return run_terminal(settings, data, beside=_beside(settings, data))
    finally:
        logging.getLogger().removeHandler(handler)


def _settings(path: Path | None) -> Settings:
    """The settings. Raises Refused, and leaves it on the glass, when they are not to be used."""
    try:
        return checked(path)
    except ConfigError as error:
        show_refusal(legible(file_of(path)).config, error)
        raise Refused(*map(str, error.mistakes)) from None


def _beside(settings: Settings, data: Path) -> Beside:
    """What is served while the terminal trades: figures and the tills' API."""

    @contextlib.contextmanager
    def serve(terminal: Terminal, inbox: Inbox) -> Iterator[None]:
        with _metrics(settings.config, data), _api(terminal, settings, data, inbox):
            yield

    return serve


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
def _api(terminal: Terminal, settings: Settings, data: Path, inbox: Inbox) -> Iterator[None]:
    """Within, tills may ask, if the configuration says so. Without it the terminal trades, too."""
    config, server = settings.config, None
    if config.api.port:
        from firmware.api.server import ApiServer  # noqa: PLC0415 - its libraries slow the start
        from firmware.api.views import Door  # noqa: PLC0415
        from firmware.kiosk.routes import shop_page  # noqa: PLC0415

        signer = lambda: terminal.ledger.signer  # noqa: E731 - said where it is used
        door = Door(data, config, inbox.post, terminal.board, signer, SystemClock().now)
        try:
            server = ApiServer(door, beside=shop_page(settings.pictures))
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
