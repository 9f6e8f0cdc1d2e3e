"""`pos screens`: the contact sheet of all screens, as the README shows it."""

from __future__ import annotations

import argparse
from pathlib import Path

from firmware.cli.exits import DONE, Refused
from firmware.ui.contact_sheet import contact_sheet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("-o", "--output", type=_png, required=True, metavar="FILE.png")


def run(options: argparse.Namespace) -> int:
    """Write the sheet. Raises Refused when the file cannot be written."""
    sheet = contact_sheet()
    try:
        sheet.save(options.output, format="PNG")
    except OSError as error:
        raise Refused(f"{options.output}: {error.strerror or error}") from error
    print(f"{options.output}: {sheet.width} × {sheet.height} pixels")
    return DONE


def _png(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"the sheet is a .png file, not {text!r}")
    return path
