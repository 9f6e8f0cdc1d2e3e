"""`pos screens`: the contact sheet of all screens, as the README shows it."""

from __future__ import annotations

import argparse
from pathlib import Path

from firmware.audit.output import add_output_arguments, writing_bytes
from firmware.core.exits import DONE
from firmware.ui.contact_sheet import contact_sheet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_output_arguments(parser, required=True, metavar="FILE.png", kind=_png, says=None)


def run(options: argparse.Namespace) -> int:
    """Write the sheet. Raises Refused when the file cannot be written."""
    sheet = contact_sheet()
    with writing_bytes(options.output, force=options.force) as file:
        sheet.save(file, format="PNG")
    print(f"{options.output}: {sheet.width} × {sheet.height} pixels")
    return DONE


def _png(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(f"the sheet is a .png file, not {text!r}")
    return path
