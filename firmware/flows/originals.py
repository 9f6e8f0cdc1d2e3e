"""Finding the sale that a void or refund is about, and every reason why it cannot be undone."""

from __future__ import annotations

from datetime import date

from firmware.effects import Look, Now
from firmware.flows.desk import Desk
from firmware.flows.parts import tell
from firmware.journal.queries import OpenBatch
from firmware.journal.records import Kind, OriginalRef
from firmware.journal.transactions import State, Transaction
from firmware.ui.screens import Original, Owner, Phrase
from firmware.ui.texts import Text


async def why_not_undone(desk: Desk, original: Transaction | None) -> Phrase | None:
    """What stands against both voiding and refunding `original`, or None."""
    if original is None:
        return Phrase.of(Text.NO_SUCH_VOUCHER)
    owner = desk.config.merchant
    if (original.terminal, original.store) != (owner.terminal, owner.store):
        return Phrase.of(Text.OTHER_TERMINAL, terminal=original.terminal, store=original.store)
    if original.merchant != owner.number:
        return Phrase.of(Text.OTHER_MERCHANT, merchant=original.merchant)
    if original.currency != desk.config.currency.alpha:
        return Phrase.of(Text.OTHER_CURRENCY, currency=original.currency)
    if original.kind is not Kind.SALE:
        return Phrase.of(Text.NOT_A_SALE)
    if original.state in (State.DECLINED, State.FAILED):
        return Phrase.of(Text.ORIGINAL_DECLINED)
    if original.state is State.REVERSED:
        return Phrase.of(Text.ORIGINAL_REVERSED)
    if original.state is not State.APPROVED:
        return Phrase.of(Text.ORIGINAL_IN_DOUBT)
    if original.voided_by:
        return Phrase.of(Text.ALREADY_VOIDED)
    return None


async def why_not_voided(desk: Desk, original: Transaction | None) -> Phrase | None:
    """Why `original` cannot be voided, or None: same batch, whole amount, once."""
    refusal = await why_not_undone(desk, original)
    if refusal is not None or original is None:
        return refusal
    if original.settled or original.batch != await Look(OpenBatch()):
        return Phrase.of(Text.BATCH_SETTLED)
    if original.refunded_minor:
        return Phrase.of(Text.ALREADY_REFUNDED)
    return None


async def why_not_refunded(desk: Desk, original: Transaction | None) -> Phrase | None:
    """Why nothing of `original` can be refunded, or None: within the window, something left."""
    refusal = await why_not_undone(desk, original)
    if refusal is not None or original is None:
        return refusal
    if original.refunded_minor >= original.amount_minor:
        return Phrase.of(Text.FULLY_REFUNDED)
    days = desk.config.refund.window_days
    today = (await Now()).wall.date()
    if (today - date_of(original.date)).days > days:
        return Phrase.of(Text.OUT_OF_WINDOW, days=days)
    return None


async def refuse(desk: Desk, original: Transaction | None, refusal: Phrase | None) -> None:
    """Say why an original cannot be undone; an unknown one may be another terminal's voucher."""
    if original is None:
        here = Phrase.of(Text.THIS_TERMINAL, terminal=desk.config.merchant.terminal)
        await tell(desk, Text.REFUSED, Text.NO_SUCH_VOUCHER, here)
    else:
        await tell(desk, Text.REFUSED, refusal or Text.NO_SUCH_VOUCHER)


def date_of(digits: str) -> date:
    """The date that YYYYMMDD names. Raises ValueError for one that does not exist."""
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))


def reference_to(original: Transaction) -> OriginalRef:
    """How the void or refund names its original."""
    return OriginalRef(
        batch=original.batch,
        stan=original.stan,
        reference=original.reference,
        date=original.date,
        amount_minor=original.amount_minor,
    )


def masked_card(original: Transaction) -> str:
    """The original's card as the operator may see it: six first and four last digits."""
    card = original.card
    return f"{card.first6}{'*' * (card.pan_length - 10)}{card.last4}"


def original_screen(
    desk: Desk, kind: Kind, original: Transaction, *, left_minor: int | None
) -> Original:
    """The frame that stands before ENTER of a void or refund."""
    owner: Owner = desk.owner
    return Original(
        kind,
        Phrase.of(Text.VOID if kind is Kind.VOID else Text.REFUND),
        masked_card(original),
        desk.money(original.amount_minor),
        None if left_minor is None else desk.money(left_minor),
        f"{original.date[:4]}-{original.date[4:6]}-{original.date[6:]}",
        f"{original.time[:2]}:{original.time[2:4]}",
        original.operator,
        f"{original.stan:06d}",
        owner,
        desk.training,
    )
