"""余额查询: card and PIN; then the display shows what may be spent.

The balance is shown only: it is neither printed nor kept.
"""

from __future__ import annotations

from firmware.core.kinds import EntryStep, NotBegun
from firmware.core.money import Money
from firmware.emv.outcomes import (
    Approved,
    ApprovedOffline,
    Declined,
    DeclinedOffline,
    Ended,
    EndReason,
    OnlineRequested,
)
from firmware.flows.card import (
    Enquiry,
    Presented,
    after_trouble,
    card_facts,
    present_card,
    release_card,
)
from firmware.flows.desk import Desk
from firmware.flows.effects import AskCardPresent
from firmware.flows.settle import may_move_money
from firmware.flows.steps import NOTICE_MS, GivenUp, tell, until_dismissed
from firmware.flows.words import why_refused
from firmware.iso8583.messages import Balance, HostAnswer
from firmware.iso8583.responses import CARD_NOT_ALLOWED, response_text
from firmware.journal.enquiry_records import BalanceAbandoned
from firmware.payments.balance import BalanceRefused, BalanceUnknown, enquire
from firmware.payments.card_messages import answer_for_card, card_presented
from firmware.payments.effects import Append
from firmware.payments.refusals import Refusal
from firmware.ui.screens import Notice, Phrase
from firmware.ui.texts import Text

CardDecision = OnlineRequested | ApprovedOffline | DeclinedOffline


async def balance(desk: Desk) -> None:
    """Ask for a card and its PIN, and show what the issuer says."""
    # 1. Reversals that are owed are sent first, as before every request.
    if not await may_move_money(desk, advice=False):
        await _abandon(EntryStep.OWED, NotBegun.OWED)
        return
    # 2. The card, its PIN, and a cryptogram that the issuer can check.
    met = await _meet_card(desk)
    if isinstance(met, GivenUp):
        await release_card()
        await _abandon(EntryStep.CARD, met)
        return
    presented, decision = met
    if not isinstance(decision, OnlineRequested) or decision.online_pin is None:
        await release_card()
        await _abandon(EntryStep.PIN, NotBegun.NO_PIN)
        await tell(desk, Text.BALANCE, Phrase.of(response_text(CARD_NOT_ALLOWED)))
        return
    # 3. The acquirer, the card's last word, and what may be spent.
    facts = card_facts(desk, presented.card)
    shown = card_presented(presented.card, pin=decision.online_pin, de55=decision.de55)

    async def end_with_card(answer: HostAnswer) -> bool:
        """Give the card the issuer's answer; True if the card is still in.

        Issuer scripts are left out: the issuer sends them again with its next answer to a payment.
        """
        told = answer_for_card(answer, training=desk.training, scripts=False)
        return isinstance(await presented.session.complete(told), Approved | Declined)

    ended = await enquire(desk, shown, facts, end_with_card)
    await release_card()
    match ended:
        case Balance():
            await _show(desk, ended)
        case BalanceRefused(code=code):
            await tell(desk, Text.BALANCE, Phrase.of(response_text(code)))
        case BalanceUnknown(card_gone=card_gone):
            why = Text.CARD_PULLED if card_gone else Text.NO_ANSWER
            await tell(desk, Text.BALANCE, why, Text.BALANCE_LATER)
        case Refusal():
            await tell(desk, Text.REFUSED, why_refused(ended))


async def _meet_card(desk: Desk) -> tuple[Presented, CardDecision] | GivenUp:
    """A card up to its first cryptogram; trouble asks for a card again."""
    notice: Phrase | None = None
    reinsert = Text.REINSERT_CARD
    while True:
        prompt = Text.INSERT_CARD
        presented = await present_card(desk, Enquiry(), prompt, notice, reinsert=reinsert)
        if isinstance(presented, GivenUp):
            return presented
        decision = await presented.session.decide()
        if not isinstance(decision, Ended):
            return presented, decision
        if decision.reason is EndReason.CANCELLED:
            return presented.dialogue.given_up
        notice, reinsert = after_trouble(decision.reason)
        await release_card()


async def _show(desk: Desk, told: Balance) -> None:
    """Show the balance until a key is pressed or the card is taken out."""
    amount = None if told.minor < 0 else Money(told.minor, told.currency)
    body = [Phrase.of(Text.AVAILABLE)]
    if amount is None:  # no amount is drawn below zero
        words = f"{told.currency.label} {told}"
        body.append(Phrase.of((words, words)))
    card_in = await AskCardPresent(used=True)
    prompt = Phrase.of(Text.REMOVE_CARD if card_in else Text.ENTER_DONE)
    title = Phrase.of(Text.BALANCE)
    shown = await desk.show(Notice(title, tuple(body), prompt, amount))
    await until_dismissed(shown, NOTICE_MS, card=True)


async def _abandon(step: EntryStep, why: GivenUp | NotBegun) -> None:
    """Journal what was given up: nothing was sent."""
    await Append.of(BalanceAbandoned(step=step.value, reason=why.value))
