"""`pos install`: makes the terminal a service of this system, or of one below `--root`."""

from __future__ import annotations

import argparse
import os
import sys

from firmware.cli.arguments import add_root_argument
from firmware.core.exits import DONE, Refused
from firmware.core.places import CONFIG
from firmware.ops.install.plan import UNIT, carried_out, install, steps

HOMES = ("/home/", "/root/")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and stop")
    add_root_argument(parser)
    parser.add_argument(
        "--command",
        dest="program",
        metavar="PATH",
        help="what the service runs, with its full path (default: this program)",
    )


def run(options: argparse.Namespace) -> int:
    """Install: 0 when all is in place. Raises Refused."""
    # the Debian package's own program says what stays when a release is switched
    command = options.program or os.environ.get("POS_COMMAND", f"{sys.executable} -P -m firmware")
    if not command.startswith("/"):
        raise Refused(f"--command wants a full path, not {command!r}")
    if command.startswith(HOMES):
        raise Refused(
            f"the service cannot see {command.split()[0]}: homes are closed to it. Move the "
            "checkout below /opt and install from there"
        )
    changes = carried_out(install, steps(command), options.root, dry_run=options.dry_run)
    if not changes:
        print("all is in place already")
    if options.root is None and not options.dry_run:
        print(f"settings: {CONFIG}; it starts at boot, and now by `systemctl start {UNIT}`")
    return DONE
