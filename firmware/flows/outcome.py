"""How a transaction ended, on the display and on paper; for a sale, half a minute to undo it."""

from __future__ import annotations

import enum
from typing import assert_never

from msgspec import Struct

from firmware.core.kinds import Kind, ReversalCause
from firmware.emv.codes import Tvr
from firmware.flows.desk import Desk
from firmware.flows.effects import AskCardPresent, AskPaperStuck, Beep, ReleasePaper, Wait
from firmware.flows.paper_waits import in_turns
from firmware.flows.steps import leave_to_next, tell, until_dismissed
from firmware.flows.void import undo
from firmware.flows.words import why_refused
from firmware.iso8583.responses import (
    CARD_NOT_ALLOWED,
    RESTRICTED_CARD,
    TOO_MANY_WRONG_PINS,
    response_text,
)
from firmware.payments.effects import ReadClock
from firmware.payments.refusals import Refusal
from firmware.payments.roles import Act, May, may
from firmware.payments.transact import (
    NO_ANSWER,
    PaymentApproved,
    PaymentDeclined,
    PaymentEnded,
    PaymentPending,
    PaymentUndecided,
    PaymentUnsent,
)
from firmware.ui.screens import Outcome, Phrase
from firmware.ui.texts import Text
from hw.events import Key, KeyPressed

TICK_MS = 1_000
REFUSAL_MS = 15_000

# What the TVR says, the gravest first. See EMV 4.4 Book 3, Annex C5.
_REASONS: tuple[tuple[Tvr, Phrase], ...] = (
    (Tvr.SDA_FAILED | Tvr.DDA_FAILED | Tvr.CDA_FAILED, Phrase.of(Text.CARD_NOT_GENUINE)),
    (Tvr.CARD_ON_EXCEPTION_FILE, Phrase.of(response_text(RESTRICTED_CARD))),
    (Tvr.EXPIRED_APPLICATION, Phrase.of(Text.CARD_EXPIRED)),
    (Tvr.SERVICE_NOT_ALLOWED, Phrase.of(response_text(CARD_NOT_ALLOWED))),
    (Tvr.PIN_TRY_LIMIT_EXCEEDED, Phrase.of(response_text(TOO_MANY_WRONG_PINS))),
    (Tvr.PIN_NOT_ENTERED, Phrase.of(Text.PIN_MISSING)),
)

# What holds after a payment that was not approved, and after one that was reversed.
STANDS = {
    Kind.SALE: Text.NOT_CHARGED,
    Kind.VOID: Text.NOT_VOIDED,
    Kind.REFUND: Text.NOT_REFUNDED,
    Kind.PREAUTH: Text.NOT_HELD,
    Kind.PREAUTH_VOID: Text.NOT_RELEASED,
    Kind.COMPLETION: Text.NOT_CHARGED,
    Kind.COMPLETION_VOID: Text.NOT_GIVEN_BACK,
}
_STANDS_REVERSED = {
    Kind.SALE: Text.FAILED_REVERSED,
    Kind.VOID: Text.VOID_REVERSED,
    Kind.REFUND: Text.REFUND_REVERSED,
    Kind.PREAUTH: Text.PREAUTH_REVERSED,
    Kind.PREAUTH_VOID: Text.RELEASE_REVERSED,
    Kind.COMPLETION: Text.FAILED_REVERSED,
    Kind.COMPLETION_VOID: Text.GIVEN_BACK_REVERSED,
}

NotApproved = PaymentDeclined | PaymentPending | PaymentUnsent | PaymentUndecided


class _Next(enum.Enum):
    """What the cashier does after an outcome."""

    GO_ON = "go on"
    UNDO = "undo"
    LEFT = "left"  # timed out, or a key that begins something else


async def finish(desk: Desk, ended: PaymentEnded) -> None:
    """Show how it ended, print what is owed, and wait until the card is out."""
    match ended:
        case PaymentApproved():
            await _approved(desk, ended)
        case Refusal():
            await tell(desk, Text.REFUSED, why_refused(ended))
        case _:
            await Beep(long=True)
            shown = await desk.show(not_approved(desk, ended))
            await until_dismissed(shown, REFUSAL_MS)


def not_approved(desk: Desk, ended: NotApproved) -> Outcome:
    """The screen that says why not, and what stands."""
    kind, code, undecided = ended.transaction.kind, "", False
    match ended:
        case PaymentDeclined():
            why, stands, code = why_declined(ended), STANDS[kind], ended.code
        case PaymentPending():
            why, stands = Phrase.of(Text.REFUND_UNCONFIRMED), Text.REFUND_REPEATED
            undecided = True
        case PaymentUnsent():
            why, stands = Phrase.of(Text.NOT_SENT), STANDS[kind]
        case PaymentUndecided():
            stands = _STANDS_REVERSED[kind] if ended.reversed else Text.FAILED_REVERSAL_DUE
            why = why_undecided(ended)
            if desk.customer and why.text is Text.NO_ANSWER:
                why = Phrase.of(Text.NOT_COMPLETED)
        case _ as never:
            assert_never(never)
    return Outcome(
        kind,
        ended.transaction.amount,
        approved=False,
        text=why,
        code=code,
        prompt=Phrase.of(stands),
        undecided=undecided,
    )


def why_declined(ended: PaymentDeclined) -> Phrase:
    """Why acquirer, card or terminal declined, in words that a customer understands."""
    if not ended.transaction.offline:
        return Phrase.of(response_text(ended.code))
    tvr = int(ended.transaction.emv.tvr or "0", 16)
    return next((words for bits, words in _REASONS if tvr & bits), Phrase.of(Text.DECLINED))


def why_undecided(ended: PaymentUndecided) -> Phrase:
    """What made a payment's outcome unknown."""
    if ended.cause in NO_ANSWER.values():
        return Phrase.of(Text.NO_ANSWER)
    if ended.cause is ReversalCause.PART:
        return Phrase.of(Text.PART_APPROVED)
    gone = ended.cause is ReversalCause.CARD_GONE
    return Phrase.of(Text.CARD_PULLED if gone else Text.DECLINED)


async def _approved(desk: Desk, done: PaymentApproved) -> None:
    """Merchant copy, a key, cardholder copy; the offer to undo runs beside them."""
    offer = Offer(desk, done)
    step = _Next.GO_ON
    if not desk.customer:  # a customer tears off one copy and is done
        step = await offer.wait(Text.ENTER_NEXT_COPY, desk.idle_timeout_ms)
    await ReleasePaper(done.cardholder_job)
    if step is _Next.UNDO:
        await _undo(desk, done)
        return
    if step is _Next.LEFT:
        return
    while True:
        left_ms = offer.until_ms - (await ReadClock()).monotonic_ms
        card_in = await AskCardPresent(used=True)
        if left_ms <= 0 and not card_in:
            return
        if desk.customer:
            prompt = Text.KIOSK_TAKE if card_in else Text.KIOSK_TAKE_RECEIPT
        else:
            prompt = Text.REMOVE_CARD if card_in else Text.ENTER_DONE
        step = await offer.wait(prompt, max(left_ms, 0) or desk.idle_timeout_ms)
        if step is _Next.UNDO:
            await _undo(desk, done)
            return
        if step is _Next.LEFT or not card_in:
            return


async def _undo(desk: Desk, done: PaymentApproved) -> None:
    ended = await undo(desk, done.transaction)
    if ended is not None:
        await finish(desk, ended)


class Offer(Struct, frozen=True):
    """The approved outcome on the display, with the seconds that are left to undo it."""

    desk: Desk
    done: PaymentApproved

    @property
    def until_ms(self) -> int:
        """When the offer to undo ends (monotonic); never made for voids and refunds."""
        transaction = self.done.transaction
        offered = transaction.kind is Kind.SALE and may(self.desk, Act.UNDO) is May.YES
        seconds = self.desk.config.sale.undo_s if offered else 0
        return self.done.at.monotonic_ms + seconds * 1000

    async def wait(self, prompt: Text, timeout_ms: int) -> _Next:
        """Wait for ENTER, CANCEL (undo) or a key that begins something else."""
        opened_ms: int | None = None
        began_ms = (await ReadClock()).monotonic_ms
        while True:
            now_ms = (await ReadClock()).monotonic_ms
            if now_ms - began_ms >= timeout_ms:
                return _Next.LEFT
            shown = await self.desk.show(await self._screen(prompt, now_ms))
            opened_ms = shown.at_ms if opened_ms is None else opened_ms
            happening = await Wait(min(TICK_MS, timeout_ms), card=True)
            if not isinstance(happening, KeyPressed):
                if prompt in (Text.REMOVE_CARD, Text.KIOSK_TAKE) and not await AskCardPresent(
                    used=True
                ):
                    return _Next.GO_ON
                continue
            seen = happening.at_ms >= opened_ms + self.desk.min_view_ms
            if happening.key is Key.CANCEL and seen and happening.at_ms < self.until_ms:
                return _Next.UNDO
            if happening.key is Key.ENTER and happening.at_ms >= opened_ms:
                return _Next.GO_ON
            if happening.key is Key.MENU or happening.key.digit is not None:
                await leave_to_next(happening)
                return _Next.LEFT
            await Beep()

    async def _screen(self, prompt: Text, now_ms: int) -> Outcome:
        transaction = self.done.transaction
        left_ms = self.until_ms - now_ms
        words = Phrase.of(prompt)
        if await AskPaperStuck(self.done.merchant_job):
            words = Phrase.of(Text.APPROVED_SLIP_PENDING)
            if not self.desk.customer:  # a customer cannot load paper
                words = await in_turns(words, now_ms)
        return Outcome(
            transaction.kind,
            transaction.amount,
            approved=True,
            text=Phrase.of(Text.APPROVED),
            voucher=f"{transaction.stan:06d}",
            prompt=words,
            undo_s=(left_ms + 999) // 1000 if left_ms > 0 else None,
            customer=self.desk.customer,
        )
