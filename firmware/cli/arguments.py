"""Arguments that several commands have, each with its one clear error."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from firmware.core.kinds import HOLD_DAYS

PORT_MAX = 65_535
HOLD_DAYS_MAX = 365


def port_number(text: str) -> int:
    """A port to listen on; 0 is any. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or int(text[:9]) > PORT_MAX:
        raise argparse.ArgumentTypeError(f"a port from 0 to {PORT_MAX}, not {text!r}")
    return int(text)


def number_up_to(most: int) -> Callable[[str], int]:
    """Reads a number from 1 to `most`. What it gives raises ArgumentTypeError."""

    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= most:
            raise argparse.ArgumentTypeError(f"a number from 1 to {most}, not {text!r}")
        return int(text)

    return number


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
