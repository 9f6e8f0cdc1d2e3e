"""Arguments that several commands have, each with its one clear error."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from firmware.core.hosts import is_host
from firmware.core.kinds import HOLD_DAYS
from firmware.terminal.settings import USUAL

PORT_MAX = 65_535
HOLD_DAYS_MAX = 365


def _is_number(text: str, least: int, most: int) -> bool:
    return text.isascii() and text.isdigit() and least <= int(text) <= most


def port_number(text: str) -> int:
    """A port to listen on; 0 is any. Raises ArgumentTypeError."""
    if not _is_number(text, 0, PORT_MAX):
        raise argparse.ArgumentTypeError(f"a port from 0 to {PORT_MAX}, not {text!r}")
    return int(text)


def host_and_port(text: str) -> tuple[str, int]:
    """Where somebody listens; an IPv6 address is in brackets. Raises ArgumentTypeError."""
    address, _, port = text.rpartition(":")
    address = address.strip("[]")
    if not is_host(address) or not _is_number(port, 1, PORT_MAX):
        raise argparse.ArgumentTypeError(f"expected ADDRESS:PORT, not {text}")
    return address, int(port)


def number_up_to(most: int) -> Callable[[str], int]:
    """Reads a number from 1 to `most`. What it gives raises ArgumentTypeError."""

    def number(text: str) -> int:
        if not _is_number(text, 1, most):
            raise argparse.ArgumentTypeError(f"a number from 1 to {most}, not {text!r}")
        return int(text)

    return number


def told_to_end() -> threading.Event:
    """Set by SIGINT and SIGTERM from now on."""
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    return ended


def add_root_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--root DIR`."""
    parser.add_argument(
        "--root", type=Path, metavar="DIR", help="change the system below DIR, not the running one"
    )


def add_hold_days(parser: argparse.ArgumentParser) -> None:
    """Add after how many days what a pre-authorisation holds is let go."""
    parser.add_argument(
        "--hold-days",
        type=number_up_to(HOLD_DAYS_MAX),
        default=HOLD_DAYS,
        metavar="N",
        help="so long a pre-authorisation holds; give all servers and the report the same"
        " (default: %(default)s)",
    )


def add_force_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--force`, which goes with every file that a command writes."""
    parser.add_argument("--force", action="store_true", help="replace a file that is there already")


def add_output_arguments(
    parser: argparse.ArgumentParser,
    *,
    required: bool = False,
    metavar: str = "FILE",
    kind: Callable[[str], Path] = Path,
    says: str | None = "default: print it",
) -> None:
    """Add `-o FILE` and `--force`."""
    parser.add_argument("-o", "--output", type=kind, required=required, metavar=metavar, help=says)
    add_force_argument(parser)


def named_as(ending: str, what: str) -> Callable[[str], Path]:
    """Reads the name of a file that has to end so. What it gives raises ArgumentTypeError."""

    def path(text: str) -> Path:
        if Path(text).suffix.lower() != ending:
            raise argparse.ArgumentTypeError(f"the {what} is a {ending} file, not {text!r}")
        return Path(text)

    return path


def add_config_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--config FILE`."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"the configuration (default: the first there is of {USUAL}; else the defaults)",
    )


def add_data_instead_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--data DIR`, which goes before the configuration's own."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="instead of the configuration's general.data_dir"
    )
