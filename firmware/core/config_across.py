"""Checks of settings that need more than one of them, or a list of known names."""

from __future__ import annotations

from collections.abc import Iterator
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
    return [Mistake(f"{source}: {key}", expected) for key, expected in _mistakes(config)]


def _mistakes(config: Config) -> Iterator[tuple[str, str]]:
    """The key of each setting that is wrong, and what was expected."""
    host = config.host
    if config.general.currency not in CURRENCIES:
        yield "general.currency", f"expected one of {', '.join(CURRENCIES)}"
    if config.batch.warn_at >= config.batch.full_at:
        yield "batch.warn_at", "expected less than batch.full_at"
    if host.kind != "local" and not (host.address and host.port):
        yield "host.address", f"expected address and port for {host.kind}"
    elif host.kind != "local" and not is_host(host.address):
        expected = "expected the name of a host or an IP address"
        yield "host.address", f"{expected}, not {host.address!r}"
    if config.printer.model:
        try:
            model_named(config.printer.model)
        except ValueError as error:
            yield "printer.model", str(error)
    if not is_number(config.api.listen):  # a name may become another address
        yield "api.listen", "expected an IP address, as 127.0.0.1"
    if config.kiosk.shop:
        yield from _of_the_shop(config)
    yield from _of_the_kiosk(config)


def _of_the_kiosk(config: Config) -> Iterator[tuple[str, str]]:
    """A price list has each key once, and nothing on it that could never be sold."""
    kiosk, most = config.kiosk, config.sale.max_amount
    by_key = config.general.profile == "kiosk" and not kiosk.shop
    if by_key and not kiosk.items:
        yield "kiosk.items", "expected at least one item: a kiosk takes no keyed amounts"
    for number, item in enumerate(kiosk.items, 1):
        place = f"kiosk.items {number}"
        if by_key and not item.key:
            words = 'expected "1" to "9": without kiosk.shop an item is chosen by its key'
            yield f"{place}.key", words
        if item.key and any(item.key == other.key for other in kiosk.items[: number - 1]):
            yield f"{place}.key", f"{item.key} is another item's"
        for name, text in (("name", item.name), ("name_en", item.name_en)):
            if item.key and columns(text) > ITEM_COLUMNS:
                words = f"expected at most {ITEM_COLUMNS} columns, two a Chinese character"
                because = "of an item with a key: the display shows it in full"
                yield f"{place}.{name}", f"{words}, {because}"
        if item.price == 0:
            yield f"{place}.price", "expected more than nothing"
        if most and item.price > most:
            yield f"{place}.price", "expected at most sale.max_amount"
        if item.picture and not kiosk.pictures:
            yield f"{place}.picture", "expected kiosk.pictures, its folder"


def _of_the_shop(config: Config) -> Iterator[tuple[str, str]]:
    """The shop of a touch screen is for this machine alone, and has something to sell."""
    if not config.kiosk.items:
        yield "kiosk.items", "expected at least one item: kiosk.shop has nothing to sell"
    listen = config.api.listen
    if is_number(listen) and not is_loopback(listen):
        words = "expected false while api.listen is more than this machine: its page has no token"
        yield "kiosk.shop", words


def columns(text: str) -> int:
    """Half-width columns of a text on the display."""
    return sum(1 if character.isascii() else 2 for character in text)
