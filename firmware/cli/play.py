"""`pos play`: plays scenario files and says of each whether its story holds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from firmware.lab.scenario.language import ScenarioError
from firmware.lab.scenario.player import ScenarioFailed
from firmware.lab.scenario.playing import play


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=Path("out/play"),
        metavar="DIR",
        help="where the pictures go that a scenario saves, in a folder of its own name"
        " (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Play each file: 0 when all hold, 1 when one does not, 2 when one cannot be read."""
    code = 0
    for path in options.files:
        try:
            play(path, output=options.output / path.stem)
        except ScenarioFailed as failed:
            print(failed)
            code = max(code, 1)
        except ScenarioError as error:
            print(error, file=sys.stderr)
            code = 2
        else:
            print(f"{path}: ok")
    return code
