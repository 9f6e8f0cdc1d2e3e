"""What every table of the configuration file is, and the kinds of values that several have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from firmware.core.money import MINOR_MAX, Currency, major_text

AmountMinor = Annotated[int, Meta(ge=0, le=MINOR_MAX, extra={"amount": True})]
FileName = Annotated[str, Meta(extra={"file": True})]  # read or written: no scenario sets one
Port = Annotated[int, Meta(ge=0, le=65_535)]
Seconds = Annotated[int, Meta(ge=1, le=86_400)]
_as_json = json.JSONEncoder(ensure_ascii=False).encode  # one for all: a start writes every setting


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the configuration file; the description of each setting says what it means."""


def says(text: str) -> Meta:
    """What a setting means, beside its type and limits."""
    return Meta(description=text)


def as_toml(value: Any, currency: Currency | None) -> str:
    """A value as TOML has it; with `currency` an amount of minor units, in major units."""
    if currency is not None:
        return f'"{major_text(value, currency)}"'
    return _as_json(value)


def is_amount(hint: Any) -> bool:
    """Whether a setting of this type is an amount of money."""
    return any((meta.extra or {}).get("amount") for meta in metas(hint))


def metas(hint: Any) -> Iterator[msgspec.Meta]:
    """The descriptions and limits that are annotated to a setting's type."""
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta):
            yield meta
