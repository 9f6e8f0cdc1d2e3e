"""`pos uninstall`: takes away the service and its rules; keeps data, settings and their owner."""

from __future__ import annotations

import argparse
from pathlib import Path

from firmware.cli.exits import DONE
from firmware.cli.install import KEPT, carried_out
from firmware.install.plan import steps, uninstall


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and stop")
    parser.add_argument(
        "--root", type=Path, metavar="DIR", help="change the system below DIR, not the running one"
    )


def run(options: argparse.Namespace) -> int:
    """Uninstall: 0 when nothing is left to take away. Raises Refused."""
    if not carried_out(uninstall, options, steps("/")):
        print("nothing is installed")
    print(KEPT)
    return DONE
