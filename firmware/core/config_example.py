"""Settings as a TOML file has them: one value, and an example with every setting there is."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from firmware.core.config import Config, DisplaySettings
from firmware.core.config_section import Section, as_toml, is_amount, metas
from firmware.core.money import Currency

HEADING = """# Settings of the terminal, all with their defaults; leave out what is not changed.
# Amounts are in major units as a string, such as "500.00", or in minor units as a number.
"""


def example() -> Iterator[str]:
    """The lines of a TOML file with every setting at its default."""
    yield HEADING.rstrip()
    for name, kind in get_type_hints(Config).items():
        yield ""
        yield f"# {(inspect.getdoc(kind) or '').splitlines()[0]}"
        yield f"[{name}]"
        section = kind()
        for field, hint in get_type_hints(kind, include_extras=True).items():
            meaning = next((meta.description for meta in metas(hint) if meta.description), "")
            said = ", ".join(filter(None, (meaning, _range(hint))))
            yield f"{field} = {literal(section, field, Config().currency)}  # {said}"


def literal(section: Section, field: str, currency: Currency) -> str:
    """A setting's value as TOML, amounts in major units of `currency`."""
    value = getattr(section, field)
    hint = get_type_hints(type(section), include_extras=True)[field]
    if field == "items":
        return "[" + ", ".join(_inline(item, currency) for item in value) + "]"
    if isinstance(section, DisplaySettings) and field == "address":
        return f"0x{value:02X}"
    return as_toml(value, currency if is_amount(hint) else None)


def _inline(section: Section, currency: Currency) -> str:
    """A section within a list, as an inline table of what is set."""
    default = type(section)()
    pairs = (
        f"{name} = {literal(section, name, currency)}"
        for name in section.__struct_fields__
        if name == "name" or getattr(section, name) != getattr(default, name)
    )
    return "{ " + ", ".join(pairs) + " }"


def _range(hint: Any) -> str:
    """The values that a setting may have, in words; empty where its meaning says it already."""
    plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if get_origin(plain) is Literal:
        return "one of " + " ".join(json.dumps(choice) for choice in get_args(plain))
    for meta in metas(hint):
        if meta.extra is None and meta.ge is not None:
            return f"{meta.ge} to {meta.le}"
        if meta.max_length is not None:
            return f"at most {meta.max_length} characters"
    return ""
