"""Why receipts wait: shows in turn the printer's fault and how many receipts wait."""

from __future__ import annotations

from firmware.flows.effects import AskPrinterState
from firmware.flows.steps import PHASE_MS
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text
from hw.ports import PaperState

_LACKS = {
    PaperState.PAPER_OUT: Text.PRINTER_PAPER_OUT,
    PaperState.COVER_OPEN: Text.PRINTER_COVER_OPEN,
    PaperState.OFFLINE: Text.PRINTER_OFFLINE,
}


async def printer_lacks() -> tuple[Phrase, ...]:
    """What keeps the printer from printing, as a line to say; none when nothing does."""
    lacks = _LACKS.get(await AskPrinterState())
    return (Phrase.of(lacks),) if lacks else ()


async def no_receipt() -> Phrase | None:
    """What a kiosk's customer should know before paying: no receipt will come out."""
    says = await AskPrinterState()
    if says not in _LACKS:
        return None
    return Phrase.of(Text.NO_RECEIPT if says is PaperState.PAPER_OUT else Text.NO_RECEIPT_NOW)


async def unproven() -> Phrase | None:
    """The line for a printer that has never answered: its papers may not have come out."""
    silent = await AskPrinterState() is PaperState.UNKNOWN
    return Phrase.of(Text.PRINTER_UNPROVEN) if silent else None


async def in_turns(said: Phrase, now_ms: int) -> Phrase:
    """What waits, or what it waits for, as time (monotonic) goes by."""
    turns = (said, *await printer_lacks())
    return turns[now_ms // PHASE_MS % len(turns)]
