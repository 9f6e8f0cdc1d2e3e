"""其它: language, receipts and reversals that are pending, version, the certificate of the API."""

from __future__ import annotations

from collections.abc import Sequence

from firmware import __version__
from firmware.core.kinds import Kind
from firmware.flows.desk import Desk
from firmware.flows.effects import AskFingerprint
from firmware.flows.paper_waits import printer_lacks
from firmware.flows.query import page_through
from firmware.flows.steps import choose_text, tell
from firmware.flows.words import voucher_line
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import Advice, Reversal, ScriptResult
from firmware.payments.effects import Look
from firmware.payments.owed import send_owed
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text

ADVICES = {Kind.REFUND: Text.REFUNDS_PENDING, Kind.SALE: Text.OFFLINE_PENDING}
ITEMS = (
    Text.LANGUAGE,
    Text.PENDING_SLIPS,
    Text.PENDING_REVERSALS,
    Text.VERSION_ITEM,
    Text.API_CERTIFICATE,
)
ROW_COLUMNS = 20  # of a fingerprint: seven bytes, and the colon goes with the end of the row


async def other(desk: Desk) -> None:
    """Choose one of the small things."""
    match await choose_text(desk, Text.MENU_OTHER, ITEMS):
        case Text.LANGUAGE:
            desk.turn_language()
        case Text.PENDING_SLIPS:
            count = len(await Look.of(Lookups.print_jobs))
            await tell(
                desk,
                Text.PENDING_SLIPS,
                Phrase.of(Text.RECEIPTS_PENDING, count=count),
                *await printer_lacks(),
                warning=False,
            )
        case Text.PENDING_REVERSALS:
            await send_owed(desk)
            await _list(desk, Text.REVERSALS_PENDING, await Look.of(Lookups.reversals))
            advices = await Look.of(Lookups.advices)
            for kind, title in ADVICES.items():
                owed = [each for each in advices if each.transaction.kind is kind]
                if owed:
                    await _list(desk, title, owed)
            scripts = await Look.of(Lookups.scripts)
            if scripts:
                await _list(desk, Text.SCRIPTS_PENDING, scripts)
        case Text.API_CERTIFICATE:
            await _certificate(desk)
        case Text.VERSION_ITEM:
            version = Phrase.of(Text.VERSION, version=__version__)
            await tell(desk, Text.MENU_OTHER, version, warning=False)


async def _certificate(desk: Desk) -> None:
    """Show the fingerprint, to be compared with what a till sees when it is set up."""
    fingerprint = await AskFingerprint()
    title = Phrase.of(Text.API_CERTIFICATE)
    if not fingerprint:
        await tell(desk, Text.API_CERTIFICATE, Phrase.of(Text.NO_CERTIFICATE), warning=False)
        return
    step = ROW_COLUMNS + 1
    rows = [fingerprint[at : at + ROW_COLUMNS] for at in range(0, len(fingerprint), step)]
    await page_through(desk, title, tuple(rows))


async def _list(desk: Desk, title: Text, owed: Sequence[Reversal | Advice | ScriptResult]) -> None:
    """How many of these are owed, and which."""
    count = Phrase.of(title, count=len(owed))
    if owed:
        transactions = (each.transaction for each in owed)
        lines = tuple(voucher_line(each.stan, each.amount) for each in transactions)
        await page_through(desk, count, lines)
    else:
        await tell(desk, Text.PENDING_REVERSALS, count, warning=False)
