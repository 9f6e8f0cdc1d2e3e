"""Between transactions: whose terminal this is, the time, and the way into every flow."""

from __future__ import annotations

from firmware.flows import words
from firmware.flows.desk import Desk
from firmware.flows.effects import (
    AskEntryOpen,
    CountStuckPapers,
    NoteClockMove,
    TimedOut,
    UseUpCard,
    Wait,
)
from firmware.flows.paper_waits import in_turns, unproven
from firmware.flows.permissions import permitted
from firmware.flows.recover import recover
from firmware.flows.sign_on import sign_on
from firmware.flows.steps import PHASE_MS
from firmware.journal.lookups import Lookups
from firmware.journal.records import TerminalStarted
from firmware.journal.schema import SCHEMA
from firmware.payments.effects import Append, CheckClock, CheckSpace, Look, Moment, ReadClock
from firmware.payments.owed import Retry, what_is_owed
from firmware.payments.roles import Act, May, Role, may, role_of
from firmware.payments.tills import TillAsked
from firmware.ui.screens import Idle, Phrase
from firmware.ui.texts import Text
from hw.events import CardInserted, CardRemoved, Key, KeyPressed

MINUTE_MS = 60_000
DAY_MINUTES = 24 * 60
SHIFTS_PX = (0, 1, 2, 1)  # the picture moves one pixel each minute, against burn-in
LATER = ("firmware.flows.kiosk", "firmware.flows.menu", "firmware.flows.sale")
"""Modules that import most of the others: loaded after the idle screen, for a quick start."""


async def terminal(desk: Desk, version: str) -> None:
    """Run the terminal: finish what was open, sign on, then serve. Never returns.

    After each fault of a device or of the journal the runner starts it anew.
    """
    await CheckClock()
    power_lost = not desk.started
    if power_lost:
        started = TerminalStarted(version=version, schema=SCHEMA)
        changes = await Look.of(Lookups.settings_to_record, desk.settings, by="configuration")
        await Append.of(started, *changes)
        desk.started = True
    desk.operator, desk.training = await Look.of(Lookups.signed_on), await Look.of(Lookups.training)
    await recover(desk, power_lost=power_lost)
    await CheckSpace()  # last: what was open is ended even on a disk that is nearly full
    while True:
        if not desk.operator:
            await sign_on(desk)
        elif may(desk, Act.ITEM) is May.YES:
            from firmware.flows.kiosk import attract  # noqa: PLC0415 - see LATER

            await attract(desk)
        else:
            await idle(desk)


async def idle(desk: Desk) -> None:
    """Show the idle screen until a key or a till begins something; meanwhile send what is owed.

    A card that is already in the slot is of an earlier transaction: it has to be inserted again.
    """
    desk.speak_shop()
    await UseUpCard()
    card: Text | None = None  # what the screen says about the card in the slot
    retry = await Retry.begin(desk)
    while True:
        moment = await ReadClock()
        pause_ms = await retry.go_on(desk, moment) or MINUTE_MS
        desk.clock_moved_s += await NoteClockMove()
        papers = await CountStuckPapers()
        if papers:
            pause_ms = min(pause_ms, PHASE_MS)
        if await AskEntryOpen():
            notice: Phrase | None = Phrase.of(Text.ENTRY_LEFT_OPEN)
        else:
            notice = Phrase.of(card) if card else await _notice(desk, moment, papers)
        desk.shift_px = shift_px(moment)
        await desk.show(idle_screen(desk, moment, notice))
        until_minute_ms = MINUTE_MS - (moment.wall.second * 1000 + moment.wall.microsecond // 1000)
        happening = await Wait(min(until_minute_ms, pause_ms), card=True, orders=True)
        match happening:
            case TimedOut():
                pass
            case CardInserted(found=found):
                card = Text.REMOVE_CARD if found else Text.CARD_BEFORE_AMOUNT
            case CardRemoved():
                card = None
            case TillAsked():
                # as in `_begin`: see LATER
                from firmware.flows.order import serve_tills  # noqa: PLC0415

                return await serve_tills(desk, happening)
            case KeyPressed(key=key):
                desk.clock_moved_s = 0
                if await _begin(desk, key):
                    return None


def idle_screen(desk: Desk, moment: Moment, notice: Phrase | None) -> Idle:
    """The idle screen at a moment: owner, date, time, operator, notice."""
    return Idle(
        desk.owner,
        moment.wall.strftime("%Y-%m-%d"),
        moment.wall.strftime("%H:%M"),
        desk.operator,
        notice,
        shift_px=shift_px(moment),
        test_keys=desk.test_keys,
        sells=may(desk, Act.SALE) is not May.NO,
    )


def shift_px(moment: Moment) -> int:
    """Where an idle screen stands at this minute."""
    return SHIFTS_PX[moment.wall.minute % len(SHIFTS_PX)]


async def _begin(desk: Desk, key: Key) -> bool:
    """What a key at idle begins; False when it only changed the screen."""
    # not needed before the idle screen is shown: see LATER
    from firmware.flows.menu import idle_key  # noqa: PLC0415
    from firmware.flows.sale import sale  # noqa: PLC0415

    if key.digit is not None:
        if await permitted(desk, Act.SALE):
            await sale(desk, key)
        return True
    return await idle_key(desk, key)


async def _notice(desk: Desk, moment: Moment, papers: int) -> Phrase | None:
    """What the cashier should know before the next sale."""
    if desk.clock_moved_s:
        return _clock_moved(desk.clock_moved_s)
    owed = words.what_is_owed(await what_is_owed())
    if owed is not None:
        return owed
    if papers:
        waiting = Phrase.of(Text.RECEIPTS_PENDING, count=papers)
        return await in_turns(waiting, moment.monotonic_ms)
    if await Look.of(Lookups.pending_settlement) is not None:
        return Phrase.of(Text.SETTLE_FAILED)
    if await Look.of(Lookups.numbers_used) >= desk.config.batch.warn_at:
        return Phrase.of(Text.SETTLE_SOON)
    if role_of(desk) is Role.SUPERVISOR:
        return Phrase.of(Text.SUPERVISOR_AT_IDLE)
    return await unproven()


def _clock_moved(by_s: int) -> Phrase:
    """By how much the clock was moved: in hours and minutes, or in days from two days on."""
    sign, minutes = "-" if by_s < 0 else "+", abs(by_s) // 60
    if minutes < 2 * DAY_MINUTES:
        return Phrase.of(Text.CLOCK_MOVED, by=f"{sign}{minutes // 60}:{minutes % 60:02d}")
    return Phrase.of(Text.CLOCK_MOVED_DAYS, by=f"{sign}{minutes // DAY_MINUTES}")
