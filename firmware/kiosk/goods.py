"""What the touch screen's shop sells, by the settings: as the page gets it, and as an order.

The page names goods and how many; names and prices are the settings' alone. An id is made of what
the customer saw of an item, so a page of yesterday's prices can order nothing by mistake.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from msgspec import Meta, Struct

from firmware.api.problems import Why, Wrong
from firmware.api.types import AMOUNT_MAX, LINES_MAX, Line, PaymentOrder, Texts
from firmware.core.config import Config
from firmware.core.config_kiosk import Item

EXPIRES_S = 60  # an order that nobody agrees to at the terminal
ID_DIGITS = 12

ItemId = Annotated[str, Meta(pattern="^[0-9a-f]{12}$")]


class Wanted(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """So many of one item."""

    item: ItemId
    quantity: Annotated[int, Meta(ge=1, le=99)]


class Basket(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a customer wants, as the page sends it."""

    items: Annotated[tuple[Wanted, ...], Meta(min_length=1, max_length=LINES_MAX)]
    language: Literal["zh_CN", "en"]


class Good(Struct, frozen=True):
    """An item as the page shows it; `picture` says whether there is one."""

    id: str
    names: Texts
    price_minor: int
    category: Texts
    picture: bool


class Shop(Struct, frozen=True):
    """All that the page shows of the settings."""

    name: Texts
    currency: str
    label: str  # before an amount
    exponent: int  # decimals of the currency
    language: str
    timeout_s: int
    receipts: str  # as `api.receipts`
    goods: tuple[Good, ...]


def shop_of(config: Config) -> Shop:
    """The shop as the settings have it."""
    merchant, currency = config.merchant, config.currency
    return Shop(
        Texts(zh_CN=merchant.name, en=merchant.name_en),
        currency.alpha,
        currency.label,
        currency.exponent,
        config.general.language,
        config.kiosk.timeout_s,
        config.api.receipts,
        tuple(
            Good(
                id_of(item),
                Texts(zh_CN=item.name, en=item.name_en or item.name),
                item.price,
                Texts(zh_CN=item.category, en=item.category_en or item.category),
                bool(item.picture),
            )
            for item in config.kiosk.items
        ),
    )


def id_of(item: Item) -> str:
    """An item's id: another one whenever its names or its price are others."""
    seen = f"{item.name}\n{item.name_en}\n{item.price}"
    return hashlib.sha256(seen.encode()).hexdigest()[:ID_DIGITS]


def order_of(config: Config, basket: Basket) -> PaymentOrder:
    """The order that a basket is, at the settings' prices. Raises Wrong."""
    goods = {id_of(item): item for item in config.kiosk.items}
    lines = []
    for number, wanted in enumerate(basket.items):
        item = goods.get(wanted.item)
        if item is None:
            raise Wrong(Why.GOODS_CHANGED, field=f"items[{number}].item")
        name = (basket.language == "en" and item.name_en) or item.name
        amount_minor = item.price * wanted.quantity
        lines.append(Line(name=name, amount_minor=amount_minor, quantity=wanted.quantity))
    total = sum(line.amount_minor for line in lines)
    if total > AMOUNT_MAX:
        raise Wrong(Why.AMOUNT_OVER_LIMIT, limit_minor=AMOUNT_MAX)
    return PaymentOrder(
        amount_minor=total,
        currency=config.currency.alpha,
        lines=tuple(lines),
        expires_in_s=EXPIRES_S,
        language=basket.language,
    )
