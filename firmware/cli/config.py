"""`pos config`: shows the settings and where each comes from, checks a file, gives an example."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

from firmware.cli.arguments import add_config_argument
from firmware.core.config import Config
from firmware.core.config_example import example, literal
from firmware.core.exits import DONE
from firmware.core.files import read_text
from firmware.terminal.settings import settings_of, warnings_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="every setting, its value and where it comes from")
    add_config_argument(show)
    check = actions.add_parser("check", help="name every mistake in a file")
    check.add_argument("file", type=Path, metavar="FILE")
    actions.add_parser("example", help="print a file with every setting and what it means")


def run(options: argparse.Namespace) -> int:
    """Do what is asked: 0 done. Raises Refused with a line for each mistake."""
    match options.action:
        case "show":
            lines = _shown(options.config)
        case "check":
            lines = _checked(options.file)
        case _:
            lines = example()
    for line in lines:
        print(line)
    return DONE


def _shown(path: Path | None) -> Iterator[str]:
    """Valid TOML, a line for each setting."""
    settings = settings_of(path)
    tables: dict[str, Any] = {}
    if settings.path is not None:
        tables = tomllib.loads(read_text(settings.path))
    source = "file" if settings.path is None else str(settings.path)
    for name in get_type_hints(Config):
        section = getattr(settings.config, name)
        for field in section.__struct_fields__:
            where = source if field in tables.get(name, {}) else "default"
            value = literal(section, field, settings.config.currency)
            yield f"{name}.{field} = {value}  # {where}"


def _checked(path: Path) -> Iterator[str]:
    settings = settings_of(path)
    for warning in warnings_of(settings):
        yield f"warning: {warning}"
    yield f"{path}: ok"
