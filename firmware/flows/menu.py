"""菜单: one line a function; each has a module of its own."""

from __future__ import annotations

from firmware.flows.desk import Desk
from firmware.flows.effects import Beep
from firmware.flows.operators import manage
from firmware.flows.other import other
from firmware.flows.outcome import finish
from firmware.flows.permissions import permitted
from firmware.flows.preauth import preauth
from firmware.flows.query import query
from firmware.flows.refund import refund
from firmware.flows.reprint import reprint
from firmware.flows.sale import sale
from firmware.flows.settle import settle
from firmware.flows.steps import GivenUp, choose
from firmware.flows.void import void
from firmware.payments.roles import Act
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text
from hw.events import Key

ITEMS: dict[Text, Act | None] = {  # what each has to be permitted; None asks for itself
    Text.SALE: Act.SALE,
    Text.VOID: None,
    Text.REFUND: None,
    Text.MENU_QUERY: Act.QUERY,
    Text.MENU_REPRINT: Act.REPRINT,
    Text.MENU_SETTLE: Act.SETTLE,
    Text.MENU_MANAGE: None,
    Text.MENU_OTHER: Act.OTHER,
    Text.PREAUTH: None,
}


async def idle_key(desk: Desk, key: Key) -> bool:
    """What keys mean on every idle screen; False when one only changed the screen."""
    if key is Key.MENU:
        if await permitted(desk, Act.MENU):
            await menu(desk)
        return True
    if key is Key.HASH:
        desk.turn_language()
    else:
        await Beep()
    return False


async def menu(desk: Desk) -> None:
    """Choose a function by its digit, or with `*`, `#` and ENTER."""
    chosen = await choose(desk, Phrase.of(Text.MENU), tuple(map(Phrase.of, ITEMS)))
    if isinstance(chosen, GivenUp):
        return
    item, act = list(ITEMS.items())[chosen]
    if act is not None and not await permitted(desk, act):
        return
    match item:
        case Text.SALE:
            await sale(desk, None)
        case Text.VOID:
            ended = await void(desk)
            if ended is not None:
                await finish(desk, ended)
        case Text.REFUND:
            ended = await refund(desk)
            if ended is not None:
                await finish(desk, ended)
        case Text.MENU_QUERY:
            await query(desk)
        case Text.MENU_REPRINT:
            await reprint(desk)
        case Text.MENU_SETTLE:
            await settle(desk)
        case Text.MENU_MANAGE:
            await manage(desk)
        case Text.PREAUTH:
            await preauth(desk)
        case _:
            await other(desk)
