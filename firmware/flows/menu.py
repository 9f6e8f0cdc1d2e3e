"""菜单: one line a function; each has a module of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

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
from firmware.flows.steps import GivenUp, choose_text
from firmware.flows.void import void
from firmware.payments.roles import Act
from firmware.payments.transact import PaymentEnded
from firmware.ui.texts import Text
from hw.events import Key

# the act that must be permitted (None: the function asks by itself), and the function
ITEMS: dict[Text, tuple[Act | None, Callable[[Desk], Awaitable[PaymentEnded | None]]]] = {
    Text.SALE: (Act.SALE, sale),
    Text.VOID: (None, void),
    Text.REFUND: (None, refund),
    Text.MENU_QUERY: (Act.QUERY, query),
    Text.MENU_REPRINT: (Act.REPRINT, reprint),
    Text.MENU_SETTLE: (Act.SETTLE, settle),
    Text.MENU_MANAGE: (None, manage),
    Text.MENU_OTHER: (Act.OTHER, other),
    Text.PREAUTH: (None, preauth),
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
    chosen = await choose_text(desk, Text.MENU, ITEMS)
    if isinstance(chosen, GivenUp):
        return
    act, carry_out = ITEMS[chosen]
    if act is not None and not await permitted(desk, act):
        return
    ended = await carry_out(desk)
    if ended is not None:
        await finish(desk, ended)
