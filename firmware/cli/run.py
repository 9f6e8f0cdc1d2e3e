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
from firmware.core.config import Config, ConfigError
from firmware.core.exits import Refused
from firmware.terminal.refusal import show_refusal
from firmware.terminal.service import run_terminal
from firmware.terminal.settings import (
    Settings,
    add_config_argument,
    add_data_instead_argument,
    checked,
    file_of,
    legible,
)


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
        return run_terminal(settings, data, beside=lambda: _metrics(settings.config, data))
    finally:
        logging.getLogger().removeHandler(handler)


def _settings(path: Path | None) -> Settings:
    """The settings. Raises Refused, and leaves it on the glass, when they are not to be used."""
    try:
        return checked(path)
    except ConfigError as error:
        show_refusal(legible(file_of(path)).config, error)
        raise Refused(*map(str, error.mistakes)) from None


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
