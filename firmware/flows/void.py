"""消费撤销: the whole of a sale of this batch is taken back, on the card it was made with."""

from __future__ import annotations

from firmware.core.kinds import EmvData, EntryStep, Kind, NotBegun, Verification
from firmware.core.masked import Pin
from firmware.flows.card import Presented, card_facts, enter_pin, present_same_card, release_card
from firmware.flows.desk import Desk
from firmware.flows.original import may_begin, named_by_voucher, original_screen, refuse
from firmware.flows.permissions import permitted
from firmware.flows.settle import may_move_money
from firmware.flows.steps import GivenUp, Pressed, abandon, agree, check_order, tell
from firmware.flows.words import why_refused
from firmware.iso8583.messages import HostAnswer
from firmware.journal.transactions import Transaction
from firmware.payments.card_messages import card_presented
from firmware.payments.effects import ReadClock
from firmware.payments.order import Agreed, Order, Ready
from firmware.payments.originals import reference_to, why_not_voided
from firmware.payments.refusals import Refusal
from firmware.payments.roles import Act
from firmware.payments.transact import CardWord, PaymentEnded, transact
from firmware.ui.texts import Text

CardAndPin = tuple[Presented, Pin | None]


async def void(desk: Desk) -> PaymentEnded | None:
    """Void: supervisor, original voucher, the original on the display, ENTER, the same card."""
    # 1. Who may, and which sale.
    if not await permitted(desk, Act.VOID):
        await abandon(Kind.VOID, EntryStep.PASSWORD, GivenUp.CANCELLED)
        return None
    if not await may_begin(desk, Kind.VOID):
        return None
    original = await named_by_voucher(desk, Kind.VOID)
    return None if isinstance(original, GivenUp) else await void_original(desk, original)


async def void_original(desk: Desk, original: Transaction | None) -> PaymentEnded | None:
    """Void `original` after showing it; refusals are said, each with its own text."""
    refusal = await why_not_voided(desk, original)
    return await take_back(desk, Kind.VOID, original, refusal, pin=desk.config.void.pin)


async def take_back(
    desk: Desk, kind: Kind, original: Transaction | None, refusal: Refusal | None, *, pin: bool
) -> PaymentEnded | None:
    """Take the whole of `original` back, unless there is a refusal, which is said."""
    if refusal is not None or original is None:
        await refuse(desk, kind, refusal)
        return None
    # 2. The original on the display; ENTER there binds the void to that frame.
    screen = original_screen(desk, kind, original)
    order = Order(kind, screen.amount, original=reference_to(original))
    agreed = await check_order(desk, order, screen)
    if isinstance(agreed, GivenUp):
        await abandon(kind, EntryStep.ORIGINAL, agreed, screen.amount)
        return None
    # 3–4. The same card, its PIN if the setting asks; intent, acquirer, outcome.
    return await carry_out_on_same_card(desk, agreed, original, pin=pin)


async def carry_out_on_same_card(
    desk: Desk, agreed: Agreed, original: Transaction, *, pin: bool
) -> PaymentEnded | None:
    """Ask for the card of `original`, for its PIN if `pin` says so, and send what is agreed to."""
    met = await present_with_pin(desk, agreed, original, asked=pin)
    return await carry_out_if_met(desk, agreed, met)


async def undo(desk: Desk, sale: Transaction) -> PaymentEnded | None:
    """Void a sale that was approved a moment ago: no number to key, the card still in or put back.

    CANCEL on the frame that offered it is what agrees to it.
    """
    amount = sale.amount
    order = Order(Kind.VOID, amount, original=reference_to(sale), undo=True)
    shown = await desk.show(original_screen(desk, Kind.VOID, sale))
    pressed = Pressed(shown, (await ReadClock()).monotonic_ms, opened_ms=shown.at_ms)
    agreed = await agree(order, pressed, key="CANCEL")
    refusal = await why_not_voided(desk, sale)
    if refusal is not None:
        await tell(desk, Text.REFUSED, why_refused(refusal))
        await abandon(Kind.VOID, EntryStep.UNDO, refusal.code, amount)
        return None
    presented = await present_same_card(desk, agreed, sale, Text.CARD_BACK_FOR_UNDO, again=True)
    if isinstance(presented, GivenUp):
        await release_card()
        await abandon(Kind.VOID, EntryStep.UNDO, presented, amount)
        return None
    return await carry_out(desk, agreed, presented, None)


async def carry_out_if_met(
    desk: Desk, agreed: Agreed, met: CardAndPin | GivenUp
) -> PaymentEnded | None:
    """Send a void or refund, if its card was put in and its PIN keyed."""
    if isinstance(met, GivenUp):
        await release_card()
        await abandon(agreed.kind, EntryStep.CARD, met, agreed.amount)
        return None
    return await carry_out(desk, agreed, *met)


async def carry_out(
    desk: Desk, agreed: Agreed, presented: Presented, pin: Pin | None
) -> PaymentEnded | None:
    """Send a void or refund on a card that is identified; the card itself decides nothing."""
    if not await may_move_money(desk):
        await release_card()
        await abandon(agreed.kind, EntryStep.OWED, NotBegun.OWED, agreed.amount)
        return None
    facts = card_facts(desk, presented.card)
    emv = EmvData(aid=facts.aid, label=facts.label)
    ready = Ready(
        agreed,
        facts,
        card_presented(presented.card, pin=pin),
        Verification.SIGNATURE if pin is None else Verification.PIN,
        emv,
    )

    async def card_is_done(_answer: HostAnswer) -> CardWord:
        return CardWord(None, emv)

    ended = await transact(desk, ready, card_is_done)
    await release_card()
    return ended


async def present_with_pin(
    desk: Desk, agreed: Agreed, original: Transaction, *, asked: bool
) -> CardAndPin | GivenUp:
    """The card of `original`, and its PIN if it is `asked` for: a sale without one has none."""
    presented = await present_same_card(desk, agreed, original)
    keyed_once = original.verification in (Verification.PIN, Verification.PIN_AND_SIGNATURE)
    if isinstance(presented, GivenUp):
        return presented
    if not (asked and keyed_once):
        return presented, None
    pin = await enter_pin(desk, agreed.kind, agreed.amount, None)
    return pin if isinstance(pin, GivenUp) else (presented, pin)
