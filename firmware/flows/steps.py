"""Steps that flows share: keying amounts and digits, confirming, choosing, telling.

A step gives its value, or `GivenUp` when the person pressed CANCEL or walked away.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from firmware.core.kinds import EntryStep, Kind, NotBegun
from firmware.core.masked import Password
from firmware.core.money import Money
from firmware.flows.desk import Desk
from firmware.flows.effects import Beep, MaskedEntry, PutBack, Shown, TimedOut, Wait
from firmware.flows.words import why_refused
from firmware.journal.records import AmountAgreed, EntryAbandoned
from firmware.payments.effects import Append, Effect, ReadClock
from firmware.payments.limits import WhyNot
from firmware.payments.order import Agreed, Order
from firmware.payments.refusals import Code
from firmware.ui.screens import (
    AmountCheck,
    AmountEntry,
    Menu,
    Notice,
    Original,
    Phrase,
    Screen,
    TextEntry,
)
from firmware.ui.texts import Text
from hw.events import Key, KeyPressed

AMOUNT_DIGITS_MAX = 9  # 9,999,999.99: what the display shows in large digits
PHASE_MS = 2_000  # lines that take turns change this often
NOTICE_MS = 10_000


class GivenUp(enum.Enum):
    """Why a step has no value."""

    CANCELLED = "cancelled"
    TIMED_OUT = "timed out"
    CARD_PULLED = "card pulled"
    OVER_LIMIT = "over the card's limit"


async def press(desk: Desk, screen: Screen, *, masked: MaskedEntry | None = None) -> Key | GivenUp:
    """Show a screen and wait for a key; GivenUp for CANCEL and for none. `masked`: see Wait."""
    await desk.show(screen)
    happening = await Wait(desk.idle_timeout_ms, masked=masked)
    if not isinstance(happening, KeyPressed):
        return GivenUp.TIMED_OUT
    return GivenUp.CANCELLED if happening.key is Key.CANCEL else happening.key


async def enter_amount(
    desk: Desk,
    kind: Kind,
    title: Text,
    *,
    first: Key | None = None,
    start: Money | None = None,
    why_not: WhyNot,
) -> Money | GivenUp:
    """Key an amount that shifts in from the right; `why_not` gives why an amount is refused.

    `start` is shown first: ENTER takes it, a digit replaces it, BACK edits it.
    """
    amount, replace, notice = start or desk.money(0), start is not None, None
    key: Key | GivenUp | None = first
    while True:
        if key is None:
            key = await press(desk, _entry(desk, kind, amount, title, notice))
        notice = None
        if isinstance(key, GivenUp):
            return key
        if key is Key.ENTER:
            refusal = why_not(amount)
            if amount.minor == 0:
                notice = Phrase.of(Text.AMOUNT_ZERO)
            elif refusal is not None:
                notice = why_refused(refusal)
            else:
                return amount
            await Beep()
        else:
            shifted = _shifted(0 if replace and key is not Key.BACK else amount.minor, key)
            if shifted is None:
                await Beep()
            else:
                amount, replace = desk.money(shifted), False
        key = None


def _entry(
    desk: Desk, kind: Kind, amount: Money, title: Text, notice: Phrase | None
) -> AmountEntry:
    """The screen of the amount as it is keyed, at the same place as the idle screen."""
    words, test_keys, shift_px = Phrase.of(title), desk.test_keys, desk.shift_px
    return AmountEntry(
        desk.owner, kind, amount, words, notice, test_keys=test_keys, shift_px=shift_px
    )


def _shifted(minor: int, key: Key) -> int | None:
    """The amount after `key`, or None when the key does nothing."""
    if key is Key.BACK:
        return minor // 10 if minor else None
    digits = _digits_of(key)
    if digits is None:
        return None
    shifted = int(f"{minor}{digits}")
    return shifted if len(str(shifted)) <= AMOUNT_DIGITS_MAX else None


def _digits_of(key: Key) -> str | None:
    """What a key adds where digits are keyed; `*` is 00."""
    return "00" if key is Key.STAR else key.digit


def _masked_digits(key: Key) -> Password | None:
    """What a key adds to a password, or None. Masked at once, so that no traceback shows digits."""
    digits = _digits_of(key)
    return Password(digits) if digits else None


async def check_amount(
    desk: Desk,
    order: Order,
    detail: tuple[Phrase, ...] = (),
    *,
    notice: Phrase | None = None,
) -> Agreed | GivenUp:
    """Let the cardholder check the amount: only ENTER, on this very frame, goes on.

    The frame that was on the display, its hash, the key and the times go to the journal, and so
    does a check that was given up. `notice` is a warning, shown with the amount.
    """
    screen = AmountCheck(
        desk.owner, order.kind, order.amount, detail, customer=desk.customer, notice=notice
    )
    agreed = await check_order(desk, order, screen)
    if isinstance(agreed, GivenUp):
        await abandon(order.kind, EntryStep.AMOUNT_CHECK, agreed, order.amount)
    return agreed


async def check_order(desk: Desk, order: Order, screen: Original | AmountCheck) -> Agreed | GivenUp:
    """Let an amount or the original of a void be checked: only ENTER goes on."""
    pressed = await confirm_in_turns(desk, lambda phase: replace(screen, phase=phase))
    return pressed if isinstance(pressed, GivenUp) else await agree(order, pressed)


class Pressed(Struct, frozen=True):
    """A key that agreed: on which frame, when, and since when it was asked (monotonic)."""

    shown: Shown
    at_ms: int
    opened_ms: int


async def confirm_in_turns(
    desk: Desk,
    turn: Callable[[int], Screen],
    *,
    until_ms: int | None = None,
    opened: Effect[None] | None = None,
) -> Pressed | GivenUp:
    """Show a question whose lines take turns every two seconds, until ENTER says yes.

    `turn` gives the screen of a turn; `opened` is asked for once the first was shown. Other keys
    beep; ENTER counts from `min_view_ms` after the first turn was shown. It is given up at
    `until_ms` (monotonic); without that, when turns without a key make up `idle_timeout_ms`.
    """
    opened_ms: int | None = None
    phase = 0
    while True:
        wait_ms = PHASE_MS
        if until_ms is not None:
            wait_ms = min(PHASE_MS, until_ms - (await ReadClock()).monotonic_ms)
            if wait_ms <= 0:
                return GivenUp.TIMED_OUT
        shown = await desk.show(turn(phase))
        if opened_ms is None:
            opened_ms = shown.at_ms
            if opened is not None:
                await opened
        happening = await Wait(wait_ms)
        if isinstance(happening, KeyPressed):
            if happening.key is Key.CANCEL and happening.at_ms >= opened_ms:
                return GivenUp.CANCELLED
            if happening.key is Key.ENTER and happening.at_ms >= opened_ms + desk.min_view_ms:
                return Pressed(shown, happening.at_ms, opened_ms)
            await Beep()
            continue
        phase += 1
        if until_ms is None and phase * PHASE_MS >= desk.idle_timeout_ms:
            return GivenUp.TIMED_OUT


async def agree(order: Order, pressed: Pressed, *, key: str = "ENTER") -> Agreed:
    """Bind a transaction to the frame that was on the display when `key` was pressed.

    It is written with what comes of it: the intent, or that it was given up.
    """
    record = AmountAgreed(
        kind=order.kind,
        amount_minor=order.amount.minor,
        currency=order.amount.currency.alpha,
        frame_sha256=pressed.shown.sha256,
        shown_at_ms=pressed.opened_ms,
        pressed_at_ms=pressed.at_ms,
        key=key,
        order_id=order.order_id,
    )
    await Append.with_next(record, blobs={pressed.shown.sha256: pressed.shown.packed})
    return Agreed(order, pressed.shown.sha256)


async def confirm(desk: Desk, screen: Screen) -> bool:
    """Show a question: True for ENTER, False for CANCEL and for no answer. Other keys beep.

    A key from before the frame was on the display for `check.min_view_ms` does not count, so
    neither typing ahead nor a double press confirms.
    """
    shown = await desk.show(screen)
    while True:
        happening = await Wait(desk.idle_timeout_ms)
        if isinstance(happening, TimedOut):
            return False
        if isinstance(happening, KeyPressed):
            if happening.key is Key.CANCEL and happening.at_ms >= shown.at_ms:
                return False
            if happening.key is Key.ENTER and happening.at_ms >= shown.at_ms + desk.min_view_ms:
                return True
            await Beep()


async def ask_to_go_on(desk: Desk, title: Phrase | Text, *body: Phrase) -> bool:
    """Ask a question whose keys are ENTER for yes and CANCEL for no. See `confirm`."""
    keys = Phrase.of(Text.PRESS_ENTER_TO_GO_ON)
    return await confirm(desk, Notice(_phrase(title), body, keys))


async def enter_digits(
    desk: Desk,
    title: Text,
    *,
    lengths: tuple[int, ...],
    hint: Text | None = None,
    notice: Phrase | None = None,
    start: str = "",
) -> str | GivenUp:
    """Key decimal digits, `*` for 00; ENTER takes them when their number is one of `lengths`."""
    digits, replace = start, bool(start)
    words, below = Phrase.of(title), Phrase.of(hint) if hint else None
    while True:
        screen = TextEntry(words, digits, max(lengths), below, notice)
        key = await press(desk, screen)
        if isinstance(key, GivenUp):
            return key
        notice = None
        if key is Key.ENTER and len(digits) in lengths:
            return digits
        kept, more = "" if replace else digits, _digits_of(key)
        if key is Key.BACK and digits:
            digits, replace = digits[:-1], False
        elif more and len(kept + more) <= max(lengths):
            digits, replace = kept + more, False
        else:
            await Beep()


async def enter_password(
    desk: Desk, title: Text, length: int, notice: Phrase | None = None
) -> Password | GivenUp:
    """Key a password of `length` digits, `*` for 00, masked from its first digit on."""
    keyed: Password | None = None
    while True:
        count = len(keyed) if keyed else 0
        stars = "*" * count
        screen = TextEntry(Phrase.of(title), stars, length, None, notice)
        key = await press(desk, screen, masked=MaskedEntry.PASSWORD)
        if isinstance(key, GivenUp):
            return key
        notice = None
        if key is Key.ENTER and keyed and count == length:
            return keyed
        more = _masked_digits(key)
        if key is Key.BACK and keyed:
            keyed = keyed.without_last()
        elif more and count + len(more) <= length:
            keyed = keyed.with_more(more) if keyed else more
        else:
            await Beep()


async def choose(desk: Desk, title: Phrase, items: tuple[Phrase, ...]) -> int | GivenUp:
    """Choose from a list by its digit, or by `*`/`#` and ENTER; gives the index."""
    selected = 0
    while True:
        key = await press(desk, Menu(title, items, selected))
        if isinstance(key, GivenUp):
            return key
        if key is Key.BACK:
            return GivenUp.CANCELLED
        if key is Key.ENTER:
            return selected
        if key is Key.STAR:
            selected = (selected - 1) % len(items)
        elif key is Key.HASH:
            selected = (selected + 1) % len(items)
        elif key.digit is not None and 1 <= int(key.digit) <= len(items):
            return int(key.digit) - 1
        else:
            await Beep()


async def choose_text(desk: Desk, title: Text, texts: Iterable[Text]) -> Text | GivenUp:
    """Choose from texts of the catalogue; gives the chosen one."""
    items = tuple(texts)
    chosen = await choose(desk, Phrase.of(title), tuple(map(Phrase.of, items)))
    return chosen if isinstance(chosen, GivenUp) else items[chosen]


async def tell(
    desk: Desk,
    title: Phrase | Text,
    *body: Phrase | Text,
    amount: Money | None = None,
    prompt: Phrase | None = None,
    warning: bool = True,
) -> None:
    """Say something until a key is pressed, or for ten seconds. See `until_dismissed`."""
    lines = tuple(_phrase(line) for line in body)
    notice = Notice(_phrase(title), lines, prompt, amount, warning=warning)
    shown = await desk.show(notice)
    if warning:
        await Beep(long=True)
    await until_dismissed(shown, NOTICE_MS)


async def until_dismissed(shown: Shown, timeout_ms: int, *, card: bool = False) -> None:
    """Wait until a key dismisses what is shown, at most `timeout_ms`; `card`: or the card moves.

    ENTER, CANCEL and BACK only dismiss it; any other key is left for the next step.
    """
    while True:
        happening = await Wait(timeout_ms, card=card)
        if not isinstance(happening, KeyPressed):
            return None
        if happening.at_ms >= shown.at_ms:  # typed ahead does not dismiss it
            return await leave_to_next(happening)


async def leave_to_next(pressed: KeyPressed) -> None:
    """Let the next step read a key that does more than dismiss what is on the display."""
    if pressed.key not in (Key.ENTER, Key.CANCEL, Key.BACK):
        await PutBack(pressed)


async def abandon(
    kind: Kind, step: EntryStep, why: GivenUp | Code | NotBegun, amount: Money | None = None
) -> None:
    """Journal what was given up before its intent: nothing was sent, nothing moved."""
    minor = amount.minor if amount else 0
    given_up = EntryAbandoned(kind=kind, step=step.value, reason=why.value, amount_minor=minor)
    await Append.of(given_up)


def _phrase(text: Phrase | Text) -> Phrase:
    return text if isinstance(text, Phrase) else Phrase.of(text)
