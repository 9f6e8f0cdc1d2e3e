"""The original of a void, refund or completion: asked for, on the display, and refused in words."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from firmware.core.kinds import EntryStep, Kind, OriginalRef
from firmware.core.money import Money
from firmware.flows.desk import Desk
from firmware.flows.settle import may_move_money
from firmware.flows.steps import (
    GivenUp,
    abandon,
    check_amount,
    confirm_in_turns,
    enter_amount,
    enter_digits,
    tell,
)
from firmware.flows.words import why_refused
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import Transaction
from firmware.payments.effects import Look, ReadClock
from firmware.payments.limits import WhyNot
from firmware.payments.order import Agreed, Order
from firmware.payments.originals import day_of
from firmware.payments.refusals import Code, Refusal
from firmware.receipts.sheet import masked_number
from firmware.ui.screens import Original, Phrase
from firmware.ui.texts import Text

VOUCHER_LENGTHS = tuple(range(1, 7))
REFERENCE_LENGTH = 12


class Named(Struct, frozen=True):
    """What was keyed of an original, and the transaction of this terminal that it names."""

    number: str
    day: str  # YYYYMMDD
    found: Transaction | None


async def may_begin(desk: Desk, kind: Kind) -> bool:
    """Whether money may move now; where not, the display says why, and the journal has it."""
    if await may_move_money(desk):
        return True
    await abandon(kind, EntryStep.OWED, GivenUp.CANCELLED)
    return False


async def find_by_voucher(desk: Desk, title: Text) -> Transaction | GivenUp | None:
    """What the voucher number that is keyed names; None for an unknown one."""
    number = await enter_digits(desk, title, lengths=VOUCHER_LENGTHS, hint=Text.SIX_DIGITS)
    if isinstance(number, GivenUp):
        return number
    return await Look.of(Lookups.by_voucher, int(number), training=desk.training)


async def named_by_voucher(desk: Desk, kind: Kind) -> Transaction | GivenUp | None:
    """The original that is keyed, as `find_by_voucher`; what is given up is journaled."""
    found = await find_by_voucher(desk, Text.ORIGINAL_VOUCHER)
    if isinstance(found, GivenUp):
        await abandon(kind, EntryStep.VOUCHER_NUMBER, found)
    return found


async def enter_number_and_date(
    desk: Desk, title: Text, lengths: tuple[int, ...]
) -> tuple[str, str] | GivenUp:
    """Key a number of an original, and its date: YYYYMMDD."""
    number = await enter_digits(desk, title, lengths=lengths, hint=Text.SIX_OR_TWELVE)
    if isinstance(number, GivenUp):
        return number
    day = await _enter_date(desk)
    return day if isinstance(day, GivenUp) else (number, day)


async def _enter_date(desk: Desk) -> str | GivenUp:
    """The full date of an original, YYYYMMDD, of which MMDD will do; today stands there first."""
    notice: Phrase | None = None
    while True:
        now = await ReadClock()
        keyed = await enter_digits(
            desk,
            Text.ORIGINAL_DATE,
            lengths=(4, 8),
            hint=Text.DATE_HINT,
            notice=notice,
            start=now.date,
        )
        if isinstance(keyed, GivenUp):
            return keyed
        try:
            return f"{day_of(keyed, now.wall.date()):%Y%m%d}"
        except ValueError:
            notice = Phrase.of(Text.DATE_WRONG)


async def agree_on_part(
    desk: Desk,
    kind: Kind,
    title: Text,
    original: OriginalRef,
    detail: tuple[Phrase, ...],
    *,
    start: Money | None,
    why_not: WhyNot,
) -> Agreed | GivenUp:
    """How much of an original, checked as for a sale; CANCEL at the check returns to the amount."""
    amount = start
    while True:
        keyed = await enter_amount(desk, kind, title, start=amount, why_not=why_not)
        if isinstance(keyed, GivenUp):
            await abandon(kind, EntryStep.AMOUNT, keyed)
            return keyed
        amount = keyed
        agreed = await check_amount(desk, Order(kind, amount, original=original), detail)
        if agreed is not GivenUp.CANCELLED:
            return agreed


def detail_of(original: Transaction) -> tuple[Phrase, ...]:
    """The lines about the original on the frame that is agreed to."""
    return (
        Phrase.of(Text.ORIGINAL_OF, voucher=f"{original.stan:06d}"),
        Phrase.of(Text.CARD_TAIL, tail=original.card.last4),
    )


async def refuse(desk: Desk, kind: Kind, refusal: Refusal | None) -> None:
    """Show why an original cannot be undone; an unknown one may be another terminal's."""
    refusal = refusal or Refusal(Code.NO_SUCH_VOUCHER)
    words = [why_refused(refusal)]
    if refusal.code is Code.NO_SUCH_VOUCHER:
        words.append(Phrase.of(Text.THIS_TERMINAL, terminal=desk.config.merchant.terminal))
    await tell(desk, Text.REFUSED, *words)
    await abandon(kind, EntryStep.ORIGINAL, refusal.code)


def masked_card(original: Transaction) -> str:
    """The original's card as the operator may see it: six first and four last digits."""
    return masked_number(original.card, show_first6=True)


def original_screen(
    desk: Desk, kind: Kind, original: Transaction, left: Money | None = None
) -> Original:
    """The screen of an original; ENTER on it goes on with what `kind` does to it."""
    return Original(
        kind,
        masked_card(original),
        original.amount,
        left,
        f"{original.date[:4]}-{original.date[4:6]}-{original.date[6:]}",
        f"{original.time[:2]}:{original.time[2:4]}",
        original.operator,
        f"{original.stan:06d}",
        desk.owner,
    )


async def confirm_original(
    desk: Desk, kind: Kind, original: Transaction, left: Money | None = None
) -> bool:
    """Show an original, with what is left of it, until ENTER; False where it is given up."""
    screen = original_screen(desk, kind, original, left)
    seen = await confirm_in_turns(desk, lambda phase: replace(screen, phase=phase))
    if not isinstance(seen, GivenUp):
        return True
    await abandon(kind, EntryStep.ORIGINAL, seen)
    return False
