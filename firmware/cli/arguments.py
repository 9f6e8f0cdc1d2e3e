"""Arguments that several commands have, each with its one clear error."""

from __future__ import annotations

import argparse
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from firmware.core.hosts import is_host
from firmware.core.kinds import HOLD_DAYS

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


def voucher_place(text: str) -> tuple[int, int]:
    """A batch and a voucher number as an argument."""
    if not re.fullmatch(r"\d{1,6}/\d{1,6}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"it is a batch and a number, such as 3/123, not {text!r}")
    batch, _, stan = text.partition("/")
    return int(batch), int(stan)


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
