"""消费: a sale, from the first digit to the last copy. Reads like the manual's numbered steps."""

from __future__ import annotations

from msgspec import Struct

from firmware.core.kinds import CardFacts, EntryStep, Kind, Result, ReversalCause
from firmware.core.money import Money
from firmware.emv.outcomes import (
    Approved,
    ApprovedOffline,
    DeclinedOffline,
    DeclineReason,
    EmvFacts,
    Ended,
    EndReason,
    OnlineRequested,
)
from firmware.flows.card import (
    Presented,
    after_trouble,
    card_facts,
    emv_data,
    present_card,
    release_card,
    verification,
)
from firmware.flows.desk import Desk
from firmware.flows.guards import agree_to_duplicate, agree_to_unusual, may_sell
from firmware.flows.outcome import finish
from firmware.flows.paper_waits import no_receipt
from firmware.flows.steps import GivenUp, abandon, check_amount, enter_amount, tell
from firmware.flows.words import why_refused
from firmware.iso8583.messages import HostAnswer
from firmware.payments.card_messages import answer_for_card, card_presented, script_data
from firmware.payments.limits import card_limit, charged_today, sale_limits
from firmware.payments.order import Agreed, Order, Ready, Source
from firmware.payments.transact import CardEnd, CardWord, transact
from firmware.ui.screens import Phrase
from firmware.ui.texts import Text
from hw.events import Key

LOST = {  # the cause of a reversal, where the card was lost after the acquirer's approval
    EndReason.CARD_GONE: ReversalCause.CARD_GONE,
    EndReason.CARD_MUTE: ReversalCause.CARD_MUTE,
    EndReason.READER_LOST: ReversalCause.READER_LOST,
}

OFFLINE = {ApprovedOffline: Result.APPROVED, DeclinedOffline: Result.DECLINED}


async def sale(desk: Desk, first: Key | None = None) -> None:
    """Sell. `first` is the digit that opened the sale at idle, if one did."""
    if not await may_sell(desk):
        return
    # 1–3. The amount: keyed, guarded, agreed to on its own frame.
    agreed = await agree_on_amount(desk, first)
    if isinstance(agreed, Agreed):
        await charge(desk, agreed)


async def sell_item(desk: Desk, name: str, price: Money) -> None:
    """Sell an item of a kiosk's price list; begins with the amount check."""
    if not await may_sell(desk):
        return
    refusal = (await sale_limits(desk))(price)
    if refusal is not None:
        await tell(desk, Text.REFUSED, why_refused(refusal), amount=price)
        await abandon(Kind.SALE, EntryStep.AMOUNT, GivenUp.CANCELLED, price)
        return
    order = Order(Kind.SALE, price, Source.PRICE_LIST)
    item, notice = (Phrase.of((name, name)),), await no_receipt()
    agreed = await check_amount(desk, order, item, notice=notice)
    if isinstance(agreed, Agreed):
        await charge(desk, agreed)


async def charge(desk: Desk, agreed: Agreed) -> None:
    """The second half of a sale or pre-authorisation, from the card on."""
    # 4–5. The card and its kernel; trouble before the intent costs nothing.
    met = await meet_card(desk, agreed)
    if isinstance(met, GivenUp):
        await release_card()
        await abandon(agreed.kind, EntryStep.CARD, met, agreed.amount)
        return
    # 6. Intent, acquirer, card, outcome.
    ended = await transact(desk, met.ready, met.end_with_card)
    await release_card()
    # 7–8. Outcome, receipts, and half a minute to undo it.
    await finish(desk, ended)


async def agree_on_amount(
    desk: Desk,
    first: Key | None,
    kind: Kind = Kind.SALE,
    title: Text = Text.SALE_AMOUNT,
) -> Agreed | GivenUp:
    """Key and check the amount; CANCEL at the check returns to the amount."""
    why_not = await sale_limits(desk)
    amount: Money | None = None
    while True:
        keyed = await enter_amount(desk, kind, title, first=first, start=amount, why_not=why_not)
        first = None
        if isinstance(keyed, GivenUp):
            await abandon(kind, EntryStep.AMOUNT, keyed, amount)
            return keyed
        amount = keyed
        if not await _keyed_twice(desk, kind, amount):
            continue
        # the usual amount is known for sales only
        if kind is Kind.SALE and not await agree_to_unusual(desk, amount):
            continue
        agreed = await check_amount(desk, Order(kind, amount))
        if agreed is not GivenUp.CANCELLED:
            return agreed


async def _keyed_twice(desk: Desk, kind: Kind, amount: Money) -> bool:
    """Over `sale.double_check_over` the amount is keyed a second time and must match."""
    over = desk.config.sale.double_check_over
    if not over or amount.minor <= over:
        return True
    again = await enter_amount(desk, kind, Text.SALE_AMOUNT_AGAIN, why_not=lambda _: None)
    if again == amount:
        return True
    if not isinstance(again, GivenUp):
        await tell(desk, Text.AMOUNTS_DIFFER)
    return False


class Met(Struct, frozen=True):
    """A card that has decided, and how to end with it after the acquirer's answer."""

    ready: Ready
    end_with_card: CardEnd


async def meet_card(desk: Desk, agreed: Agreed) -> Met | GivenUp:
    """Take a card through the kernel up to its first cryptogram; trouble asks for a card again."""
    notice: Phrase | None = None
    reinsert = Text.REINSERT_CARD
    while True:
        presented = await present_card(desk, agreed, Text.INSERT_CARD, notice, reinsert=reinsert)
        if isinstance(presented, GivenUp):
            return presented
        facts = card_facts(desk, presented.card)
        charged_minor = await charged_today(desk, facts)
        over_limit = card_limit(desk, agreed.amount, charged_minor)
        if over_limit is not None:
            await tell(desk, Text.REFUSED, why_refused(over_limit), amount=agreed.amount)
            return GivenUp.OVER_LIMIT
        sells = agreed.kind is Kind.SALE
        if sells and not await agree_to_duplicate(desk, agreed.amount, facts):
            return GivenUp.CANCELLED
        decision = await presented.session.decide(charged_minor)
        if not isinstance(decision, Ended):
            return _met(desk, agreed, presented, facts, decision)
        if decision.reason is EndReason.CANCELLED:
            return presented.dialogue.given_up
        notice, reinsert = after_trouble(decision.reason)
        await release_card()


def _met(
    desk: Desk,
    agreed: Agreed,
    presented: Presented,
    facts: CardFacts,
    decision: OnlineRequested | ApprovedOffline | DeclinedOffline,
) -> Met:
    """The payment that the card's decision makes ready."""
    pin = decision.online_pin if isinstance(decision, OnlineRequested) else None
    offline = OFFLINE.get(type(decision))
    ready = Ready(
        agreed,
        facts,
        card_presented(presented.card, pin=pin, de55=decision.de55),
        verification(decision.facts),
        emv_data(decision.facts),
        offline=offline,
    )
    return Met(ready, _ending(presented, decision.facts, training=desk.training))


def _ending(presented: Presented, first: EmvFacts, *, training: bool) -> CardEnd:
    """The second half of the card session: the card gets the acquirer's answer and decides last.

    In training a card that declines changes nothing.
    """
    arqc = first.ac.hex().upper()

    async def end_with_card(answer: HostAnswer) -> CardWord:
        word = await presented.session.complete(answer_for_card(answer, training=training))
        if isinstance(word, Ended):
            lost = LOST.get(word.reason, ReversalCause.CARD_ERROR)
            return CardWord(lost, emv_data(first, arqc))
        told = emv_data(word.facts, arqc)
        scripts = script_data(word.de55, word.facts.script_results)
        if isinstance(word, Approved):
            return CardWord(None, told, scripts, word.de55)
        forged = word.reason is DeclineReason.CDA_FAILED
        against = ReversalCause.CARD_SIGNATURE if forged else ReversalCause.CARD_DECLINED
        return CardWord(None if training else against, told, scripts)

    return end_with_card
