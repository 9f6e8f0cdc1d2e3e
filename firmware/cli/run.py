"""`pos run`: the terminal on real hardware, as its configuration says, until it is told to end.

Missing hardware is shown on the screen and in the log, and waited for; a configuration or a data
directory that cannot be used ends it at once, with one line for each reason.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.api.beside import beside
from firmware.cli.arguments import add_config_argument, add_data_instead_argument
from firmware.core import log
from firmware.core.config import ConfigError
from firmware.core.exits import Refused
from firmware.terminal.process import run_terminal
from firmware.terminal.refusal import show_refusal
from firmware.terminal.settings import Settings, checked, file_of, legible

if TYPE_CHECKING:
    from firmware.api.server import MoreRoutes


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
        return run_terminal(settings, data, beside=beside(settings, data, lambda: _shop(settings)))
    finally:
        logging.getLogger().removeHandler(handler)


def _settings(path: Path | None) -> Settings:
    """The settings. Raises Refused, and leaves it on the display, when they are not to be used."""
    try:
        return checked(path)
    except ConfigError as error:
        show_refusal(legible(file_of(path)).config, error)
        raise Refused(*map(str, error.mistakes)) from None


def _shop(settings: Settings) -> MoreRoutes:
    from firmware.kiosk.routes import shop_page  # noqa: PLC0415 - its libraries slow the start

    return shop_page(settings.pictures)
