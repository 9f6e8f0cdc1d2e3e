"""Checks of settings that need more than one of them, or a list of known names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from firmware.core.hosts import is_host, is_loopback, is_number
from firmware.core.money import CURRENCIES
from hw.printer_models import model_named

if TYPE_CHECKING:
    from firmware.core.config import Config

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
    elif kind != "local" and not is_host(config.host.address):
        words = f"expected the name of a host or an IP address, not {config.host.address!r}"
        mistakes.append(Mistake(f"{source}: host.address", words))
    if config.printer.model:
        try:
            model_named(config.printer.model)
        except ValueError as error:
            mistakes.append(Mistake(f"{source}: printer.model", f"{error}"))
    if not is_number(config.api.listen):  # a name may become another address
        mistakes.append(Mistake(f"{source}: api.listen", "expected an IP address, as 127.0.0.1"))
    return mistakes + _across_kiosk(config, source)


def _across_kiosk(config: Config, source: str) -> list[Mistake]:
    """A price list has each key once, and nothing on it that could never be sold."""
    kiosk, most = config.kiosk, config.sale.max_amount
    by_key = config.general.profile == "kiosk" and not kiosk.shop
    mistakes = _across_shop(config, source)
    if by_key and not kiosk.items:
        words = "expected at least one item: a kiosk takes no keyed amounts"
        mistakes.append(Mistake(f"{source}: kiosk.items", words))
    for number, item in enumerate(kiosk.items, 1):
        place = f"{source}: kiosk.items {number}"
        if by_key and not item.key:
            words = 'expected "1" to "9": without kiosk.shop an item is chosen by its key'
            mistakes.append(Mistake(f"{place}.key", words))
        if item.key and any(item.key == other.key for other in kiosk.items[: number - 1]):
            mistakes.append(Mistake(f"{place}.key", f"{item.key} is another item's"))
        for name, text in (("name", item.name), ("name_en", item.name_en)):
            if item.key and columns(text) > ITEM_COLUMNS:
                words = f"expected at most {ITEM_COLUMNS} columns, two a Chinese character"
                because = "of an item with a key: the display shows it in full"
                mistakes.append(Mistake(f"{place}.{name}", f"{words}, {because}"))
        if item.price == 0:
            mistakes.append(Mistake(f"{place}.price", "expected more than nothing"))
        if most and item.price > most:
            mistakes.append(Mistake(f"{place}.price", "expected at most sale.max_amount"))
        if item.picture and not kiosk.pictures:
            mistakes.append(Mistake(f"{place}.picture", "expected kiosk.pictures, its folder"))
    return mistakes


def _across_shop(config: Config, source: str) -> list[Mistake]:
    """The shop of a touch screen is for this machine alone, and has something to sell."""
    if not config.kiosk.shop:
        return []
    mistakes = []
    if not config.kiosk.items:
        words = "expected at least one item: kiosk.shop has nothing to sell"
        mistakes.append(Mistake(f"{source}: kiosk.items", words))
    if not is_number(config.api.listen):
        return mistakes  # named elsewhere
    if not is_loopback(config.api.listen):
        words = "expected false while api.listen is more than this machine: its page has no token"
        mistakes.append(Mistake(f"{source}: kiosk.shop", words))
    return mistakes


def columns(text: str) -> int:
    """Half-width columns of a text on the display."""
    return sum(1 if character.isascii() else 2 for character in text)
