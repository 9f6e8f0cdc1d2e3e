"""The original of a void or refund on the display, and why it cannot be undone in words."""

from __future__ import annotations

from firmware.core.kinds import Kind
from firmware.core.money import Money
from firmware.flows.desk import Desk
from firmware.flows.parts import abandon, tell
from firmware.flows.words import why_refused
from firmware.journal.transactions import Transaction
from firmware.payments.refusals import Code, Refusal
from firmware.receipts.sheet import masked_number
from firmware.ui.parts import KINDS
from firmware.ui.screens import Original, Phrase
from firmware.ui.texts import Text


async def refuse(desk: Desk, kind: Kind, refusal: Refusal | None) -> None:
    """Say why an original cannot be undone; an unknown one may be another terminal's voucher."""
    refusal = refusal or Refusal(Code.NO_SUCH_VOUCHER)
    words = [why_refused(refusal)]
    if refusal.code is Code.NO_SUCH_VOUCHER:
        words.append(Phrase.of(Text.THIS_TERMINAL, terminal=desk.config.merchant.terminal))
    await tell(desk, Text.REFUSED, *words)
    await abandon(kind, "original", refusal.code.value)


def masked_card(original: Transaction) -> str:
    """The original's card as the operator may see it: six first and four last digits."""
    return masked_number(original.card, show_first6=True)


def original_screen(
    desk: Desk, kind: Kind, original: Transaction, left: Money | None = None
) -> Original:
    """The frame that stands before ENTER of a void or refund."""
    return Original(
        kind,
        Phrase.of(KINDS[kind]),
        masked_card(original),
        original.amount,
        left,
        f"{original.date[:4]}-{original.date[4:6]}-{original.date[6:]}",
        f"{original.time[:2]}:{original.time[2:4]}",
        original.operator,
        f"{original.stan:06d}",
        desk.owner,
        desk.training,
    )
