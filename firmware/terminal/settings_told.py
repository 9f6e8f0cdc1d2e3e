"""The settings as the journal keeps them: by key, as text, secrets masked."""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firmware.core.config import Config
from firmware.core.config_section import Section, as_toml
from firmware.core.files import MIB, read_bytes
from firmware.core.masked import SecretKey
from firmware.core.money import Currency

NO_FILES: Mapping[str, Path] = {}
_SECRET_WORDS = ("password", "secret", "token")  # a setting so called is masked unasked
AMOUNT, SECRET = "AmountMinor", "ListedCard"  # the types of amounts and of secrets in `core.config`
_DIGEST_DIGITS = 16
_FILE_MAX_BYTES = 4 * MIB


def settings_told(
    config: Config, key: SecretKey, files: Mapping[str, Path] = NO_FILES
) -> dict[str, str]:
    """Every setting by its key, such as `sale.max_amount` or `kiosk.items.1.price`.

    Amounts are in major units. Of a secret there is its digest under `key` alone, so that a change
    shows. `files` are those that settings name: the digest of what they hold stands beside the
    name. Reads these files, and says where one cannot be read.
    """
    told: dict[str, str] = {}
    for name in config.__struct_fields__:
        told |= _of_section(name, getattr(config, name), config.currency, key)
    for name, path in files.items():
        told[name] += f" {_digest_of(path, key)}"
    return told


def _of_section(place: str, section: Section, currency: Currency, key: SecretKey) -> dict[str, str]:
    told: dict[str, str] = {}
    for name, hint in type(section).__annotations__.items():
        value, here = getattr(section, name), f"{place}.{name}"
        parts = value if isinstance(value, tuple) else ()
        if parts and isinstance(parts[0], Section):
            for number, part in enumerate(parts, 1):
                within = _of_section(f"{here}.{number}", part, currency, key)
                told |= {place: text for place, text in within.items() if text != '""'}
        elif is_secret(name, hint):
            told[here] = _masked(parts if isinstance(value, tuple) else (value,), key)
        else:
            told[here] = as_toml(value, currency if is_amount(hint) else None)
    return told


@functools.cache
def is_secret(name: str, hint: str) -> bool:
    """Whether a setting is a secret, by its name or by the text of its type; a list of them too.

    The type is not resolved: a start waits for this, and it would take ten times as long.
    """
    return any(word in name for word in _SECRET_WORDS) or SECRET in hint


def is_amount(hint: str) -> bool:
    """Whether the text of a type is that of amounts."""
    return AMOUNT in hint


def _masked(values: tuple[Any, ...], key: SecretKey) -> str:
    """How many there are, and the digest of each."""
    return json.dumps([f"*** {_digest(str(value).encode(), key)}" for value in values if value])


def _digest_of(path: Path, key: SecretKey) -> str:
    try:
        return _digest(read_bytes(path, most_bytes=_FILE_MAX_BYTES), key)
    except OSError:
        return "unreadable"


def _digest(content: bytes, key: SecretKey) -> str:
    return hmac.new(key.reveal(), content, hashlib.sha256).hexdigest()[:_DIGEST_DIGITS]
