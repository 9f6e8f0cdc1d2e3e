"""`pos guide`: the cashier's page, one sheet of A4 with the real screens drawn in."""

from __future__ import annotations

import argparse

from firmware.audit.output import writing_bytes
from firmware.cli.arguments import add_output_arguments, named_as
from firmware.core.config import Config
from firmware.core.exits import DONE
from firmware.ui.guide import guide
from firmware.ui.texts import Language


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--lang", choices=("zh", "en"), default="zh", help="default: zh")
    add_output_arguments(
        parser, required=True, metavar="FILE.html", kind=named_as(".html", "page"), says=None
    )


def run(options: argparse.Namespace) -> int:
    """Write the page. Raises Refused when the file cannot be written."""
    language = Language.ZH if options.lang == "zh" else Language.EN
    page = guide(language, Config())
    with writing_bytes(options.output, force=options.force) as file:
        file.write(page.encode())
    print(f"{options.output}: open it in a browser and print it on one sheet of A4")
    return DONE
