"""A till's order as a conversation: the amount on the display, agreed to, card, PIN, outcome.

The till has asked, and has learned that the order is in the journal before anything is shown. It is
cancelled up to the intent; after that the payment decides.
"""

from __future__ import annotations

from firmware.core.kinds import Copy, EndCause, EntryStep, Kind
from firmware.core.money import Money, major_text
from firmware.flows.card import release_card
from firmware.flows.desk import Desk
from firmware.flows.effects import AskCardPresent, Beep, ReleasePaper, Wait
from firmware.flows.original import detail_of
from firmware.flows.outcome import STANDS, not_approved
from firmware.flows.paper_waits import no_receipt
from firmware.flows.reprint import queue_again
from firmware.flows.sale import Met, meet_card
from firmware.flows.settle import may_move_money
from firmware.flows.steps import GivenUp, abandon, agree, confirm_in_turns, leave_to_next
from firmware.flows.void import CardAndPin, carry_out, present_with_pin
from firmware.flows.words import why_refused
from firmware.journal.lookups import Lookups
from firmware.journal.order_records import OrderEnd, OrderEnded, OrderLine, OrderTaken
from firmware.journal.paper_records import PrintDropped
from firmware.journal.transactions import Transaction
from firmware.payments.context import is_on_a_line
from firmware.payments.effects import Append, CheckClock, CheckSpace, Look, ReadClock
from firmware.payments.line import echo
from firmware.payments.order import Agreed, Order, Source
from firmware.payments.originals import reference_to
from firmware.payments.refusals import Code, Refusal
from firmware.payments.settlement import begin_settlement, clear_what_is_owed
from firmware.payments.tills import (
    AnswerTill,
    AskLine,
    Done,
    EndCancelling,
    NotNow,
    OrderStage,
    Reprint,
    Settle,
    TellStage,
    TillAsked,
    original_of,
    why_no_order,
    why_no_settlement,
)
from firmware.payments.transact import PaymentApproved, PaymentEnded, transact
from firmware.ui.screens import AmountCheck, Outcome, Phrase
from firmware.ui.texts import Language, Text
from hw.events import Key, KeyPressed

APPROVED_MS, REFUSED_MS = 5_000, 8_000
DETAIL_COLUMNS = 20  # two a Chinese character
_GIVEN_UP = {
    GivenUp.CANCELLED: (OrderEnd.CANCELLED, EndCause.AT_TERMINAL),
    GivenUp.CARD_PULLED: (OrderEnd.CANCELLED, EndCause.CARD_PULLED),
    GivenUp.OVER_LIMIT: (OrderEnd.REFUSED, EndCause.CARD_LIMIT),
}
_REFUSED = {
    Code.REVERSAL_FIRST: EndCause.OWED_FIRST,
    Code.ADVICE_FIRST: EndCause.OWED_FIRST,
    Code.REFUND_FIRST: EndCause.OWED_FIRST,
    Code.BATCH_FULL: EndCause.BATCH_FULL,
    Code.CARD_DAY_LIMIT: EndCause.CARD_LIMIT,
}


async def serve_tills(desk: Desk, asked: TillAsked | None) -> None:
    """Carry out a till's request, and the next that comes while its outcome is still shown."""
    while asked is not None:
        match asked.request:
            case OrderTaken() as taken:
                asked = await _order(desk, taken)
            case Settle():
                asked = await _settle(desk)
            case Reprint(order_id=order_id):
                asked = await _reprint(order_id)
            case AskLine():
                if is_on_a_line(desk):  # the embedded acquirer has none to try
                    await echo(desk)
                await AnswerTill(Done.RECORDED)
                asked = None


async def _order(desk: Desk, taken: OrderTaken) -> TillAsked | None:
    """Take an order, or say why not, and carry it out; the next request, if one came then."""
    not_taken = await why_no_order(desk, taken)
    if not_taken is None and await Look.of(Lookups.order, taken.id) is not None:
        not_taken = NotNow.TAKEN_BEFORE
    if not_taken is not None:
        await AnswerTill(not_taken)
        return None
    await CheckSpace()
    await CheckClock()
    until_ms = (await ReadClock()).monotonic_ms + taken.expires_in_s * 1000
    await Append.of(taken)
    await TellStage(taken.id, OrderStage.TAKEN)
    await AnswerTill(Done.RECORDED)
    if taken.language:
        desk.language = Language(taken.language)
    ended = await _carry_out(desk, taken, until_ms)
    await TellStage(taken.id, None)
    if ended is None:
        return None
    return await _tell_outcome(desk, taken.kind, ended)


async def _carry_out(desk: Desk, taken: OrderTaken, until_ms: int) -> PaymentEnded | None:
    """From the amount on the display to the outcome; None if no money moves."""
    refusal = await clear_what_is_owed(desk, advice=taken.kind is not Kind.SALE)
    if refusal is not None:
        await _refused(taken, refusal)
        return refusal
    money = taken.amount
    original = await original_of(taken)
    order = Order(
        taken.kind,
        money,
        Source.TILL,
        taken.reference,
        original=reference_to(original) if original is not None else None,
        order_id=taken.id,
    )
    detail = detail_of(original) if original is not None else ()
    agreed = await _check(desk, order, taken.lines, until_ms, detail)
    if isinstance(agreed, GivenUp):
        await _give_up(taken, agreed, money, agreed_to=False)
        return None
    await TellStage(taken.id, OrderStage.AGREED)
    return await _with_card(desk, taken, agreed, original)


async def _with_card(
    desk: Desk, taken: OrderTaken, agreed: Agreed, original: Transaction | None
) -> PaymentEnded | None:
    """The card, then the acquirer: to give money back, the original's card, and its PIN if set.

    The token's scope stands for the supervisor's password; every other rule is the keypad's.
    """
    met: Met | CardAndPin | GivenUp
    ended: PaymentEnded | None
    if original is None:
        met = await meet_card(desk, agreed)
    else:
        settings = desk.config.void if agreed.kind is Kind.VOID else desk.config.refund
        met = await present_with_pin(desk, agreed, original, asked=settings.pin)
    if isinstance(met, GivenUp) or await EndCancelling():
        await release_card()
        why = met if isinstance(met, GivenUp) else GivenUp.CANCELLED
        await _give_up(taken, why, agreed.amount)
        return None
    await TellStage(taken.id, OrderStage.AUTHORISING)
    if isinstance(met, Met):
        ended = await transact(desk, met.ready, met.end_with_card)
        await release_card()
    else:
        ended = await carry_out(desk, agreed, *met)
    if ended is None or isinstance(ended, Refusal):
        await _refused(taken, ended)
    return ended


async def _give_up(
    taken: OrderTaken, why: GivenUp, money: Money, *, agreed_to: bool = True
) -> None:
    """End an order that was given up before its intent, by the till or at the keypad."""
    step = EntryStep.CARD if agreed_to else EntryStep.AMOUNT_CHECK
    by_till = await EndCancelling()
    await abandon(taken.kind, step, why, money)
    if by_till:
        end, cause = OrderEnd.CANCELLED, EndCause.BY_TILL
    elif why is GivenUp.TIMED_OUT:
        end, cause = OrderEnd.EXPIRED, EndCause.NO_CARD if agreed_to else EndCause.NOT_AGREED
    else:
        end, cause = _GIVEN_UP[why]
    words = "by the till" if by_till else why.value
    await Append.of(OrderEnded(id=taken.id, end=end, reason=f"{step.value}: {words}", cause=cause))


async def _refused(taken: OrderTaken, refusal: Refusal | None) -> None:
    """End an order that a rule refuses now. None: something is owed to the acquirer first."""
    words = refusal.code.value if refusal is not None else "owed to the acquirer"
    cause = EndCause.OWED_FIRST
    if refusal is not None:
        cause = _REFUSED.get(refusal.code, EndCause.REFUSED)
    await Append.of(OrderEnded(id=taken.id, end=OrderEnd.REFUSED, reason=words, cause=cause))


# -- the frame that is agreed to --------------------------------------------------------------


async def _check(
    desk: Desk,
    order: Order,
    lines: tuple[OrderLine, ...],
    until_ms: int,
    original: tuple[Phrase, ...] = (),
) -> Agreed | GivenUp:
    """The amount on the display until ENTER, on this very frame, or until the order expires."""
    notice = await no_receipt() if desk.customer else None

    def turn(phase: int) -> AmountCheck:
        return AmountCheck(
            desk.owner,
            order.kind,
            order.amount,
            original or order_detail(order, lines, phase),
            phase,
            customer=desk.customer,
            notice=notice,
        )

    shown = TellStage(order.order_id, OrderStage.SHOWN)
    pressed = await confirm_in_turns(desk, turn, until_ms=until_ms, opened=shown)
    return pressed if isinstance(pressed, GivenUp) else await agree(order, pressed)


def order_detail(order: Order, lines: tuple[OrderLine, ...], phase: int) -> tuple[Phrase, ...]:
    """What stands beneath the amount: reference and lines, which take turns."""
    currency = order.amount.currency
    turns = [order.reference] if order.reference else []
    for line in lines:
        sum_ = major_text(line.amount_minor, currency)
        count = f"×{line.quantity} " if line.quantity > 1 else ""
        turns.append(f"{clip(line.name, DETAIL_COLUMNS - len(sum_ + count) - 1)} {count}{sum_}")
    if not turns:
        return ()
    text = clip(turns[phase % len(turns)], DETAIL_COLUMNS)
    return (Phrase.of((text, text)),)


def clip(text: str, columns: int) -> str:
    """As much of a text as fits in half-width columns, an ellipsis where something is missing."""
    taken, width = "", 0
    for character in text:
        width += 1 if character.isascii() else 2
        if width > columns:
            return taken[:-1] + "…" if taken else "…"
        taken += character
    return taken


# -- how it ended -----------------------------------------------------------------------------


async def _tell_outcome(desk: Desk, kind: Kind, ended: PaymentEnded) -> TillAsked | None:
    """Show the outcome until a key, the card's removal or the next order; blocks no till."""
    match ended:
        case PaymentApproved():
            return await _approved(desk, ended)
        case Refusal():
            screen = Outcome(
                kind,
                ended.limit or desk.money(0),
                approved=False,
                text=why_refused(ended),
                prompt=Phrase.of(STANDS[kind]),
            )
        case _:
            await Beep(long=True)
            screen = not_approved(desk, ended)
    return await _until_left(desk, screen, REFUSED_MS)


async def _approved(desk: Desk, done: PaymentApproved) -> TillAsked | None:
    asks = desk.config.api.receipts == "ask"
    screen = Outcome(
        done.transaction.kind,
        done.transaction.amount,
        approved=True,
        text=Phrase.of(Text.APPROVED),
        voucher=f"{done.transaction.stan:06d}",
        prompt=Phrase.of(Text.ENTER_NEXT_COPY) if asks else None,
    )
    return await _until_left(desk, screen, APPROVED_MS, job=done.cardholder_job if asks else 0)


async def _until_left(
    desk: Desk, screen: Outcome, timeout_ms: int, *, job: int = 0
) -> TillAsked | None:
    """Show an outcome; ENTER prints receipt `job`, anything else means that nobody wants it."""
    shown = await desk.show(screen)
    until_ms = shown.at_ms + (desk.idle_timeout_ms if job else timeout_ms)
    asked = await _answered(shown.at_ms, until_ms, job)
    if asked is Key.ENTER:
        await ReleasePaper(job)
    elif job:
        await Append.of(PrintDropped(job=job, detail="the customer wants no receipt"))
    return asked if isinstance(asked, TillAsked) else None


async def _answered(since_ms: int, until_ms: int, job: int) -> TillAsked | Key | None:
    """The next request of a till; or ENTER, which prints; None for any other end."""
    while True:
        left_ms = until_ms - (await ReadClock()).monotonic_ms
        if left_ms <= 0:
            return None
        happening = await Wait(left_ms, card=True, orders=True)
        if isinstance(happening, TillAsked):
            return happening
        if isinstance(happening, KeyPressed) and happening.at_ms >= since_ms:
            if job and happening.key is Key.ENTER:
                return Key.ENTER
            await leave_to_next(happening)
            return None
        if not job and not await AskCardPresent(used=True):
            return None


# -- other requests ---------------------------------------------------------------------------


async def _settle(desk: Desk) -> TillAsked | None:
    """Close the batch; the till is answered once its totals are fixed."""
    not_now = await why_no_settlement(desk)
    refusal = not_now or await clear_what_is_owed(desk)
    if refusal is not None:
        await AnswerTill(refusal)
        return None
    if await Look.of(Lookups.pending_settlement) is None:
        await begin_settlement(desk)
    await AnswerTill(Done.RECORDED)
    await may_move_money(desk)  # ends the settlement that is open, and says how it came out
    return None


async def _reprint(order_id: str) -> TillAsked | None:
    """Queue the cardholder's copy again, marked as a duplicate."""
    found = await Look.of(Lookups.order, order_id)
    paid = await Look.of(Lookups.by_intent, found.intent) if found and found.intent else None
    if paid is None:
        await AnswerTill(NotNow.NO_RECEIPT)
        return None
    why, training = "asked for by a till", paid.training
    await queue_again(Copy.CARDHOLDER, paid.batch, paid.stan, why, training=training)
    await AnswerTill(Done.RECORDED)
    return None
