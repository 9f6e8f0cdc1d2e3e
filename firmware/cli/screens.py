"""`pos screens`: the contact sheet of all screens, as the README shows it."""

from __future__ import annotations

import argparse

from firmware.audit.output import writing_bytes
from firmware.cli.arguments import add_output_arguments, named_as
from firmware.core.exits import DONE
from firmware.ui.contact_sheet import contact_sheet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_output_arguments(
        parser, required=True, metavar="FILE.png", kind=named_as(".png", "sheet"), says=None
    )


def run(options: argparse.Namespace) -> int:
    """Write the sheet. Raises Refused when the file cannot be written."""
    sheet = contact_sheet()
    with writing_bytes(options.output, force=options.force) as file:
        sheet.save(file, format="PNG")
    print(f"{options.output}: {sheet.width} × {sheet.height} pixels")
    return DONE
