"""其它: language, slips and reversals that are pending, version."""

from __future__ import annotations

from firmware import __version__
from firmware.effects import Look
from firmware.flows.desk import Desk
from firmware.flows.owed import send_owed
from firmware.flows.paper_waits import printer_lacks
from firmware.flows.parts import GivenUp, choose, tell
from firmware.journal.queries import OpenPrintJobs, Reversals
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text

ITEMS = (Text.LANGUAGE, Text.PENDING_SLIPS, Text.PENDING_REVERSALS, Text.VERSION_ITEM)


async def other(desk: Desk) -> None:
    """Choose one of the small things."""
    chosen = await choose(desk, Phrase.of(Text.MENU_OTHER), tuple(map(Phrase.of, ITEMS)))
    if isinstance(chosen, GivenUp):
        return
    match ITEMS[chosen]:
        case Text.LANGUAGE:
            desk.turn_language()
        case Text.PENDING_SLIPS:
            count = len(await Look(OpenPrintJobs()))
            await tell(
                desk,
                Text.PENDING_SLIPS,
                Phrase.of(Text.SLIPS_PENDING, count=count),
                *await printer_lacks(),
                warning=False,
            )
        case Text.PENDING_REVERSALS:
            await send_owed(desk)
            count = len(await Look(Reversals()))
            await tell(
                desk,
                Text.PENDING_REVERSALS,
                Phrase.of(Text.REVERSALS_PENDING, count=count),
                warning=bool(count),
            )
        case _:
            version = Phrase.of(Text.VERSION, version=__version__)
            await tell(desk, Text.MENU_OTHER, version, warning=False)
