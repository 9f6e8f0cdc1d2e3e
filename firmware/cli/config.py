"""`pos config`: shows the settings and where each comes from, checks a file, gives an example."""

from __future__ import annotations

import argparse
import inspect
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from firmware.core.config import Config
from firmware.core.config_section import Section
from firmware.core.exits import DONE
from firmware.core.files import read_text
from firmware.core.money import Currency
from firmware.terminal.settings import add_config_argument, settings_of, warnings_of
from firmware.terminal.settings_told import literal, metas

HEADING = """# Settings of the terminal, all with their defaults; leave out what is not changed.
# Amounts are in major units as a string, such as "500.00", or in minor units as a number.
"""


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


def example() -> Iterator[str]:
    """The lines of a TOML file with every setting at its default."""
    yield HEADING.rstrip()
    for name, kind in get_type_hints(Config).items():
        yield ""
        yield f"# {(inspect.getdoc(kind) or '').splitlines()[0]}"
        yield f"[{name}]"
        section = kind()
        for field, hint in get_type_hints(kind, include_extras=True).items():
            said = ", ".join(filter(None, (_meaning(hint), _range(hint))))
            yield f"{field} = {_literal(section, field, Config().currency)}  # {said}"


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
            value = _literal(section, field, settings.config.currency)
            yield f"{name}.{field} = {value}  # {where}"


def _checked(path: Path) -> Iterator[str]:
    settings = settings_of(path)
    for warning in warnings_of(settings):
        yield f"warning: {warning}"
    yield f"{path}: ok"


def _literal(section: Section, field: str, currency: Currency) -> str:
    """A setting's value as TOML, amounts in major units of `currency`."""
    value = getattr(section, field)
    hint = get_type_hints(type(section), include_extras=True)[field]
    if field == "items":
        return "[" + ", ".join(_inline(item, currency) for item in value) + "]"
    if (section.__class__.__name__, field) == ("Display", "address"):
        return f"0x{value:02X}"
    return literal(value, hint, currency)


def _inline(section: Section, currency: Currency) -> str:
    """A section within a list, as an inline table of what is set."""
    default = type(section)()
    pairs = (
        f"{name} = {_literal(section, name, currency)}"
        for name in section.__struct_fields__
        if name == "name" or getattr(section, name) != getattr(default, name)
    )
    return "{ " + ", ".join(pairs) + " }"


def _meaning(hint: Any) -> str:
    return next((meta.description for meta in metas(hint) if meta.description), "")


def _range(hint: Any) -> str:
    """What a setting may be, in words; nothing where its meaning says it all."""
    plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if get_origin(plain) is Literal:
        return "one of " + " ".join(json.dumps(choice) for choice in get_args(plain))
    for meta in metas(hint):
        if meta.extra is None and meta.ge is not None:
            return f"{meta.ge} to {meta.le}"
        if meta.max_length is not None:
            return f"at most {meta.max_length} characters"
    return ""
