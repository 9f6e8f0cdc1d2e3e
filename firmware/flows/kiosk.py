"""The kiosk between customers: its price list; a key begins the sale of an item at its price.

There is no staff: what a customer may not do is refused (see `firmware.flows.permissions`),
screens wait a shorter time, and each approval prints one receipt without a key.
"""

from __future__ import annotations

from firmware.core.config_kiosk import Item
from firmware.flows.desk import Desk
from firmware.flows.effects import AskEntryOpen, UseUpCard, Wait
from firmware.flows.idle import idle_screen, shift_px
from firmware.flows.menu import idle_key
from firmware.flows.order import serve_tills
from firmware.flows.paper_waits import no_receipt
from firmware.flows.permissions import permitted
from firmware.flows.sale import sell_item
from firmware.payments.effects import Moment, ReadClock
from firmware.payments.owed import Retry
from firmware.payments.roles import Act
from firmware.payments.tills import TillAsked
from firmware.ui.screens import Attract, Phrase, Screen
from firmware.ui.texts import Language, Text
from hw.events import Key, KeyPressed

PAGE_MS = 4_000  # pages of the price list take turns


async def attract(desk: Desk) -> None:
    """Show the price list until a key begins something; meanwhile send again what is owed."""
    desk.speak_shop()
    await UseUpCard()  # as at idle
    retry = await Retry.begin(desk)
    while True:
        moment = await ReadClock()
        pause_ms = await retry.go_on(desk, moment)
        notice = await no_receipt()  # a customer may not want to pay where none comes out
        if await AskEntryOpen():
            notice = Phrase.of(Text.ENTRY_LEFT_OPEN)
        await desk.show(_screen(desk, moment, notice))
        happening = await Wait(min(PAGE_MS, pause_ms or PAGE_MS), card=True, orders=True)
        if isinstance(happening, TillAsked):
            return await serve_tills(desk, happening)
        if isinstance(happening, KeyPressed) and await _begin(desk, happening.key):
            return None


async def _begin(desk: Desk, key: Key) -> bool:
    """Begin what a key asks for; False when it only changed the screen."""
    item = next((each for each in desk.config.kiosk.items if each.key == key.digit), None)
    if item is not None:
        if await permitted(desk, Act.ITEM):
            await sell_item(desk, _named(desk, item), desk.money(item.price))
        return True
    return await idle_key(desk, key)


def _screen(desk: Desk, moment: Moment, notice: Phrase | None) -> Screen:
    if desk.training:  # the price list has no room for the mark of training mode
        return idle_screen(desk, moment, notice)
    items = tuple(
        (each.key, _named(desk, each), desk.money(each.price))
        for each in desk.config.kiosk.items
        if each.key  # those without one are sold on the touch screen
    )
    page = moment.monotonic_ms // PAGE_MS
    return Attract(desk.owner, items, shift_px(moment), page, notice, desk.test_keys)


def _named(desk: Desk, item: Item) -> str:
    """An item's name in the display's language."""
    return (desk.language is Language.EN and item.name_en) or item.name
