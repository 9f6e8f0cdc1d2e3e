"""`pos install`: makes the terminal a service of this system, or of one below `--root`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from firmware.core.exits import DONE, FAILED, Refused
from firmware.core.places import CONFIG
from firmware.ops.install.plan import UNIT, Say, install, steps
from firmware.ops.install.steps import Step
from firmware.ops.install.system import InstallFault, System

HOMES = ("/home/", "/root/")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and stop")
    parser.add_argument(
        "--root", type=Path, metavar="DIR", help="change the system below DIR, not the running one"
    )
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
    changes = carried_out(install, options, steps(command))
    if not changes:
        print("all is in place already")
    if options.root is None and not options.dry_run:
        print(f"settings: {CONFIG}; it starts at boot, and now by `systemctl start {UNIT}`")
    return DONE


Change = Callable[..., int]


def carried_out(change: Change, options: argparse.Namespace, wanted: Sequence[Step]) -> int:
    """Install or uninstall as the options say; gives the number of changes. Raises Refused."""
    here = options.root is None
    if here and not options.dry_run and os.geteuid() != 0:
        raise Refused("root is needed: run it with sudo, or with --dry-run", code=FAILED)
    if not here and not options.root.is_dir():
        raise Refused(f"{options.root} is no directory")
    # in a chroot or an image that is being made there is no systemd to talk to: sd_booted(3)
    live = here and Path("/run/systemd/system").is_dir()
    system = System(Path("/") if here else options.root.absolute(), live=live)
    say: Say = (lambda words: print(f"would {words}")) if options.dry_run else print
    try:
        return change(system, wanted, say, dry_run=options.dry_run)
    except (InstallFault, OSError) as fault:
        raise Refused(str(fault), code=FAILED) from None
