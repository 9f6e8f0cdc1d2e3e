"""`pos uninstall`: takes away the service and its rules; keeps data, settings and their owner."""

from __future__ import annotations

import argparse
from pathlib import Path

from firmware.cli.arguments import add_root_argument
from firmware.core.exits import DONE
from firmware.core.places import CONFIG, DATA, USER
from firmware.ops.install.plan import carried_out, steps, uninstall
from firmware.ops.install.system import System


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and stop")
    add_root_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Uninstall: 0 when nothing is left to take away. Raises Refused."""
    if not carried_out(uninstall, steps("/"), options.root, dry_run=options.dry_run):
        print("nothing is installed")
    left = what_stays(options.root or Path("/"))
    if left:
        print(f"kept: {', '.join(left)}")
    return DONE


def what_stays(root: Path) -> list[str]:
    """What there is of the terminal's own and is left: data, settings, the user who owns them."""
    system = System(root, live=False)
    found = [path for path in (DATA, CONFIG) if _is_there(system.path(path))]
    if system.entry("passwd", USER) is not None:
        found.append(f"user {USER}")
    return found


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # it is closed to who asks: so it is there
        return True
