"""Mistakes in settings that no type can tell: of two together, or of a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from firmware.core.money import CURRENCIES
from hw.printer_models import model_named

if TYPE_CHECKING:
    from firmware.core.config import Config

LINE_COUNT_MAX = 999
ITEM_COLUMNS = 20  # a row of the amount check, where an item's name stands in full


class Mistake(Struct, frozen=True):
    """One thing wrong in a configuration: where, and what was expected."""

    place: str
    expected: str

    def __str__(self) -> str:
        return f"{self.place}: {self.expected}"


def across(config: Config, source: str) -> list[Mistake]:
    """Mistakes that only two settings together make, or a name that nobody knows."""
    mistakes = []
    if config.general.currency not in CURRENCIES:
        known = ", ".join(CURRENCIES)
        mistakes.append(Mistake(f"{source}: general.currency", f"expected one of {known}"))
    if config.batch.warn_at >= config.batch.full_at:
        mistakes.append(Mistake(f"{source}: batch.warn_at", "expected less than batch.full_at"))
    kind = config.host.kind
    if kind != "local" and not (config.host.address and config.host.port):
        mistakes.append(Mistake(f"{source}: host.address", f"expected address and port for {kind}"))
    if kind == "acquirer" and config.batch.full_at > LINE_COUNT_MAX:
        words = f"expected at most {LINE_COUNT_MAX}: a settlement counts in three digits"
        mistakes.append(Mistake(f"{source}: batch.full_at", words))
    if kind == "acquirer" and config.host.pin_block != 0:
        words = "expected 0: an acquirer's line has no place for another format"
        mistakes.append(Mistake(f"{source}: host.pin_block", words))
    if config.printer.model:
        try:
            model_named(config.printer.model)
        except ValueError as error:
            mistakes.append(Mistake(f"{source}: printer.model", f"{error}"))
    return mistakes + _across_kiosk(config, source)


def _across_kiosk(config: Config, source: str) -> list[Mistake]:
    """A price list has each key once, and nothing on it that could never be sold."""
    items, most = config.kiosk.items, config.sale.max_amount
    mistakes = []
    if config.general.profile == "kiosk" and not items:
        words = "expected at least one item: a kiosk takes no keyed amounts"
        mistakes.append(Mistake(f"{source}: kiosk.items", words))
    for number, item in enumerate(items, 1):
        place = f"{source}: kiosk.items {number}"
        if any(item.key == other.key for other in items[: number - 1]):
            mistakes.append(Mistake(f"{place}.key", f"{item.key} is another item's"))
        if sum(1 if character.isascii() else 2 for character in item.name) > ITEM_COLUMNS:
            words = f"expected at most {ITEM_COLUMNS} columns, two a Chinese character"
            mistakes.append(Mistake(f"{place}.name", words))
        if item.price == 0:
            mistakes.append(Mistake(f"{place}.price", "expected more than nothing"))
        if most and item.price > most:
            mistakes.append(Mistake(f"{place}.price", "expected at most sale.max_amount"))
    return mistakes
