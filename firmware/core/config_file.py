"""Reads settings from TOML; every mistake has its place.

An amount that is a string such as "500.00" is major units of the currency.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from firmware.core.config import Config, ConfigError
from firmware.core.config_across import Mistake, across
from firmware.core.config_kiosk import Item, Kiosk
from firmware.core.config_section import Section, is_amount
from firmware.core.files import read_text
from firmware.core.money import CURRENCIES, Currency, minor_of


def load(path: Path) -> Config:
    """Read the file at `path`. Raises ConfigError naming file, key and what was expected."""
    try:
        tables = tomllib.loads(read_text(path))
    except OSError as error:
        raise ConfigError([Mistake(str(path), error.strerror or "cannot be read")]) from None
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, nested without end
        raise ConfigError([Mistake(str(path), f"not TOML: {error}")]) from None
    return from_tables(tables, source=str(path))


def from_tables(tables: Mapping[str, Any], *, source: str) -> Config:
    """Build the settings from TOML tables. Raises ConfigError with every mistake."""
    mistakes: list[Mistake] = []
    sections: dict[str, Section] = {}
    currency = _currency_named(tables)
    kinds = get_type_hints(Config)
    for name, table in tables.items():
        place = f"{source}: [{name}]"
        if name not in kinds:
            mistakes.append(Mistake(place, f"no such section; there are {', '.join(kinds)}"))
        elif not isinstance(table, Mapping):
            mistakes.append(Mistake(f"{source}: {name}", "expected a section"))
        else:
            section = _section(kinds[name], table, f"{source}: {name}", currency, mistakes)
            if section is not None:
                sections[name] = section
    if mistakes:
        raise ConfigError(mistakes)
    config = Config(**sections)  # type: ignore[arg-type]  # each section was made for its key
    mistakes = across(config, source)
    if mistakes:
        raise ConfigError(mistakes)
    return config


def with_setting(config: Config, key: str, value: Any, *, source: str) -> Config:
    """The settings with one `section.name` replaced. Raises ConfigError."""
    tables = msgspec.to_builtins(config)
    section, _, name = _full_key(key, tables).partition(".")
    if not name or section not in tables or name not in tables[section]:
        raise ConfigError([Mistake(f"{source}: {key}", "no such setting")])
    tables[section][name] = value
    return from_tables(tables, source=source)


def set_from_text(config: Config, key: str, text: str, *, source: str) -> Config:
    """The settings with one replaced by what `text` says, typed as the setting is.

    Raises ConfigError.
    """
    plain = text.strip('"')
    if plain.startswith("["):
        return with_setting(config, key, _listed(plain, f"{source}: {key}"), source=source)
    if plain in ("true", "yes", "on", "false", "no", "off"):
        return with_setting(config, key, plain in ("true", "yes", "on"), source=source)
    try:
        return with_setting(config, key, plain, source=source)
    except ConfigError:
        if not plain.lstrip("-").isdigit():
            raise
        return with_setting(config, key, int(plain), source=source)


def _listed(text: str, place: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([Mistake(place, f"not TOML: {error}")]) from None


def _full_key(key: str, tables: Mapping[str, Mapping[str, Any]]) -> str:
    """`double_check_over` is `sale.double_check_over` where only one section knows the name."""
    sections = [name for name, table in tables.items() if key in table]
    return f"{sections[0]}.{key}" if len(sections) == 1 else key


def _section(
    kind: type[Section],
    table: Mapping[str, Any],
    place: str,
    currency: Currency,
    mistakes: list[Mistake],
) -> Section | None:
    """One section, each key on its own so that one mistake does not hide the next."""
    fields = get_type_hints(kind, include_extras=True)
    values: dict[str, Any] = {}
    before = len(mistakes)
    for name, raw in table.items():
        if name not in fields:
            mistakes.append(Mistake(f"{place}.{name}", f"unknown; known are {', '.join(fields)}"))
            continue
        if kind is Kiosk and name == "items":
            values[name] = _items(raw, f"{place}.{name}", currency, mistakes)
            continue
        try:
            written = isinstance(raw, str) and is_amount(fields[name])
            value = minor_of(raw, currency) if written else raw
            values[name] = msgspec.convert(value, fields[name])
        except (msgspec.ValidationError, ValueError) as error:
            mistakes.append(Mistake(f"{place}.{name}", f"{error}"))
    return kind(**values) if len(mistakes) == before else None


def _items(raw: Any, place: str, currency: Currency, mistakes: list[Mistake]) -> tuple[Item, ...]:
    """The tables of a price list, each checked by the rules of a section."""
    if not isinstance(raw, (list, tuple)) or not all(isinstance(each, Mapping) for each in raw):
        mistakes.append(Mistake(place, "expected [[kiosk.items]] tables"))
        return ()
    items = []
    for number, table in enumerate(raw, 1):
        here = f"{place} {number}"
        mistakes += [
            Mistake(f"{here}.{name}", "missing") for name in ("name", "price") if name not in table
        ]
        item = _section(Item, table, here, currency, mistakes)
        if isinstance(item, Item):
            items.append(item)
    return tuple(items)


def _currency_named(tables: Mapping[str, Any]) -> Currency:
    """The currency that amounts are read in; `across` reports one that is not known."""
    general = tables.get("general")
    name = general.get("currency") if isinstance(general, Mapping) else None
    return CURRENCIES.get(str(name), Config().currency)
