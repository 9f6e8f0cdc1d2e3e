"""Ask for a card, identify it, and answer its kernel's questions."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from firmware.core.kinds import CardFacts, EmvData, Kind, Verification
from firmware.core.masked import Pin
from firmware.core.money import Money
from firmware.emv.codes import TerminalCapabilities
from firmware.emv.contact.dialogue import (
    Cancelled,
    Candidate,
    CardFailure,
    PinAnswer,
    PinKind,
    PinPrompt,
)
from firmware.emv.contact.session import Session
from firmware.emv.outcomes import CardData, EmvFacts, EndReason, Identified
from firmware.emv.terminal_data import BALANCE, REFUND, SALE, EmvTransaction, TerminalData
from firmware.flows.desk import Desk
from firmware.flows.effects import (
    AskCardPresent,
    Beep,
    Exchange,
    MaskedEntry,
    PowerOff,
    PowerOn,
    TimedOut,
    UseUpCard,
    Wait,
)
from firmware.flows.steps import PHASE_MS, GivenUp, choose
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import Transaction
from firmware.payments.effects import DrawRandom, Look, ReadClock
from firmware.payments.order import Agreed
from firmware.ui.screens import CardPrompt, Phrase, PinEntry, Processing
from firmware.ui.texts import Text
from hw.events import CardInserted, CardRemoved, Key, KeyPressed

TYPES: dict[Kind | Text, int] = {  # tag 9C
    Kind.SALE: SALE,
    Kind.VOID: SALE,
    Kind.REFUND: REFUND,
    Kind.PREAUTH: SALE,
    Kind.PREAUTH_VOID: SALE,
    Kind.COMPLETION: SALE,
    Kind.COMPLETION_VOID: SALE,
    Text.BALANCE: BALANCE,
}
OTHER_METHODS = (
    TerminalCapabilities.PLAINTEXT_PIN
    | TerminalCapabilities.ENCIPHERED_PIN
    | TerminalCapabilities.SIGNATURE
    | TerminalCapabilities.NO_CVM
)
PIN_LENGTHS = range(4, 13)  # ISO 9564-1, 8.1
_TROUBLE = {
    CardFailure.GONE: Text.CARD_PULLED,
    CardFailure.MUTE: Text.CARD_MUTE,
    CardFailure.READER_LOST: Text.CARD_ERROR,
}
_END = {
    EndReason.CARD_GONE: Text.CARD_PULLED,
    EndReason.CARD_MUTE: Text.CARD_MUTE,
    EndReason.CARD_BLOCKED: Text.CARD_BLOCKED,
    EndReason.APPLICATION_BLOCKED: Text.APPLICATION_BLOCKED,
    EndReason.NO_APPLICATION: Text.CARD_NOT_SUPPORTED,
}
_NOT_TAKEN = (EndReason.CARD_BLOCKED, EndReason.APPLICATION_BLOCKED, EndReason.NO_APPLICATION)
# Registered application provider identifiers and what a receipt calls them. See ISO/IEC 7816-5.
SCHEMES = {
    "A000000333": "银联 UnionPay",
    "A000000003": "VISA",
    "A000000004": "Mastercard",
    "A000000025": "American Express",
    "A000000065": "JCB",
    "A000000152": "Discover",
    "F000008888": "储值卡 Store card",
}


class Enquiry(Struct, frozen=True):
    """A balance enquiry: takes the place of `Agreed`, without an amount."""

    kind: Text = Text.BALANCE
    amount: None = None


CardUse = Agreed | Enquiry
"""What a card is asked for."""


def after_trouble(reason: EndReason) -> tuple[Phrase, Text]:
    """What went wrong with a card, and what to do: insert it again, or remove it for good."""
    todo = Text.TAKE_CARD_OUT if reason in _NOT_TAKEN else Text.REINSERT_CARD
    return Phrase.of(_END.get(reason, Text.CARD_ERROR)), todo


class CardDialogue(Struct):
    """Answers the kernel's questions to card, cardholder and random generator, by effects."""

    desk: Desk
    kind: Kind | Text
    amount: Money | None
    given_up: GivenUp = GivenUp.CANCELLED  # why the cardholder did not answer, if the kernel ended

    async def exchange(self, command: bytes) -> bytes | CardFailure:
        return await Exchange(command)

    async def random(self, count: int) -> bytes:
        return await DrawRandom(count)

    async def choose_application(self, candidates: Sequence[Candidate]) -> int | None:
        """The cardholder's choice; the order is the card's priority. None when cancelled."""
        labels = tuple(Phrase.of((each.name, each.name)) for each in candidates)
        chosen = await choose(self.desk, Phrase.of(Text.CHOOSE_APPLICATION), labels)
        if isinstance(chosen, GivenUp):
            self.given_up = chosen
            return None
        await self.reading()
        return chosen

    async def ask_pin(self, prompt: PinPrompt) -> PinAnswer:
        """Ask for the PIN: the display shows the amount, and a star for each digit."""
        notice = _pin_notice(prompt)
        pin = await enter_pin(self.desk, self.kind, self.amount, notice, card_stays=True)
        if pin is GivenUp.CARD_PULLED:
            return CardFailure.GONE
        if isinstance(pin, GivenUp):
            self.given_up = pin
            return Cancelled()
        await self.reading()
        return pin

    async def reading(self) -> None:
        """Say that the card is being read."""
        text, customer = Phrase.of(Text.READING_CARD), self.desk.customer
        screen = Processing(self.kind, self.amount, text, keep_card=True, customer=customer)
        await self.desk.show(screen)


class Presented(Struct, frozen=True):
    """A card that is identified, its session, and the dialogue that the session goes on with."""

    session: Session
    card: CardData
    dialogue: CardDialogue


def _pin_notice(prompt: PinPrompt) -> Phrase | None:
    if prompt.last_try:
        return Phrase.of(Text.PIN_LAST_TRY)
    if prompt.kind is PinKind.OFFLINE and prompt.retry:
        if prompt.tries_left is not None:
            return Phrase.of(Text.PIN_TRIES_LEFT, tries=prompt.tries_left)
        return Phrase.of(Text.PIN_WRONG)
    return None


async def enter_pin(
    desk: Desk,
    kind: Kind | Text,
    amount: Money | None,
    notice: Phrase | None,
    *,
    card_stays: bool = False,
) -> Pin | GivenUp:
    """Key a PIN of 4 to 12 digits. BACK takes a digit back, CANCEL gives up.

    With `card_stays` removing the card gives up, too.
    """
    keyed: Pin | None = None  # masked from its first digit on: a traceback may show any local
    while True:
        length = len(keyed) if keyed else 0
        await desk.show(PinEntry(kind, amount, length, notice))
        happening = await Wait(desk.idle_timeout_ms, card=card_stays, masked=MaskedEntry.PIN)
        if isinstance(happening, CardRemoved):
            return GivenUp.CARD_PULLED
        if not isinstance(happening, KeyPressed):
            return GivenUp.TIMED_OUT
        key = happening.key
        if key is Key.CANCEL:
            return GivenUp.CANCELLED
        if key is Key.ENTER and keyed and length in PIN_LENGTHS:
            return keyed
        if key is Key.BACK and keyed:
            keyed = keyed.without_last()
        elif key.digit is not None and length < PIN_LENGTHS[-1]:
            more = Pin(key.digit)
            keyed = keyed.with_more(more) if keyed else more
        else:
            await Beep()


async def present_card(
    desk: Desk,
    wanted: CardUse,
    prompt: Text,
    notice: Phrase | None = None,
    *,
    reinsert: Text = Text.REINSERT_CARD,
    again: bool = False,
) -> Presented | GivenUp:
    """Ask for a card until one is identified; after an error, say so and ask again.

    `reinsert` is what the display says while an earlier card is still in. With `again` that card
    is accepted (undo).
    """
    while True:
        given_up = await _await_card(desk, wanted, prompt, reinsert, notice, again=again)
        again, reinsert = False, Text.REINSERT_CARD
        if given_up is not None:
            return given_up
        dialogue = CardDialogue(desk, wanted.kind, wanted.amount)
        await dialogue.reading()
        atr = await PowerOn()
        if isinstance(atr, CardFailure):
            notice = Phrase.of(_TROUBLE[atr])
        else:
            setup = desk.emv()
            session = Session(
                dialogue,
                _terminal(setup.terminal, wanted),
                setup.applications,
                setup.ca_keys,
                await _transaction(desk, wanted),
            )
            known = await session.identify()
            if isinstance(known, Identified):
                desk.speak_to_cardholder(known.card.languages)
                return Presented(session, known.card, dialogue)
            if known.reason is EndReason.CANCELLED:
                await release_card()
                return dialogue.given_up
            notice, reinsert = after_trouble(known.reason)
        await Beep(long=True)
        await release_card()


async def release_card() -> None:
    """Power the card down; it has to be inserted again for another transaction."""
    await PowerOff()
    await UseUpCard()


async def present_same_card(
    desk: Desk,
    agreed: Agreed,
    original: Transaction,
    prompt: Text = Text.INSERT_SAME_CARD,
    *,
    again: bool = False,
) -> Presented | GivenUp:
    """Ask for the card of `original`; after another card, say so and ask again."""
    notice, reinsert = None, Text.REINSERT_CARD
    while True:
        presented = await present_card(desk, agreed, prompt, notice, reinsert=reinsert, again=again)
        if isinstance(presented, GivenUp):
            return presented
        card = presented.card
        same = card.pan.keyed_hash(desk.card_key), card.psn
        if same == (original.card.hash, original.card.psn):
            return presented
        await Beep(long=True)
        await release_card()
        notice, again = Phrase.of(Text.ANOTHER_CARD), False
        reinsert = Text.TAKE_CARD_OUT


async def _await_card(
    desk: Desk,
    wanted: CardUse,
    prompt: Text,
    reinsert: Text,
    notice: Phrase | None,
    *,
    again: bool,
) -> GivenUp | None:
    """Wait for a card that was inserted for this transaction: see effects.AskCardPresent.

    The display says `reinsert` while an earlier card is in, else `prompt`; a kiosk's customer also
    sees, in turn, how to insert the card. None when a card is in.
    """
    turn = 0
    wait_ms = PHASE_MS if desk.customer else desk.idle_timeout_ms
    while not await AskCardPresent(used=again):
        words = prompt
        if await AskCardPresent(used=True):
            words = reinsert
        elif desk.customer and prompt is Text.INSERT_CARD:
            words = Text.KIOSK_INSERT_HINT if turn % 2 else Text.KIOSK_INSERT
        screen = CardPrompt(wanted.kind, wanted.amount, Phrase.of(words), notice)
        await desk.show(screen)
        match await Wait(wait_ms, card=True):
            case TimedOut():
                turn += 1
                if turn * wait_ms >= desk.idle_timeout_ms:
                    return GivenUp.TIMED_OUT
            case KeyPressed(key=Key.CANCEL):
                return GivenUp.CANCELLED
            case KeyPressed():
                turn = 0
                await Beep()
            case CardInserted():
                notice, turn = None, 0
            case CardRemoved():
                turn = 0
    return None


def _terminal(terminal: TerminalData, wanted: CardUse) -> TerminalData:
    """Terminal data for the card: a balance enquiry allows online PIN only."""
    if not isinstance(wanted, Enquiry):
        return terminal
    return replace(terminal, capabilities=terminal.capabilities & ~OTHER_METHODS)


async def _transaction(desk: Desk, wanted: CardUse) -> EmvTransaction:
    moment = await ReadClock()
    numbers = await Look.of(Lookups.next_numbers, training=desk.training)
    return EmvTransaction(
        amount=wanted.amount or desk.money(0),
        at=moment.wall,
        sequence_counter=numbers.stan,
        type=TYPES[wanted.kind],
        on_exception_file=desk.emv().exceptions.lists,
        # a training transaction uses up no offline approval of the card
        merchant_forced_online=desk.training
        or wanted.kind in (Text.BALANCE, Kind.PREAUTH)
        or desk.config.sale.always_online,
    )


def card_facts(desk: Desk, card: CardData) -> CardFacts:
    """What the journal may keep of the card."""
    return CardFacts(
        hash=card.pan.keyed_hash(desk.card_key),
        first6=card.pan.first6,
        last4=card.pan.last4,
        pan_length=len(card.pan),
        psn=card.psn,
        scheme=SCHEMES.get(card.aid[:5].hex().upper(), ""),
        label=card.preferred_name or card.label,
        aid=card.aid.hex().upper(),
    )


def emv_data(facts: EmvFacts, arqc: str = "") -> EmvData:
    """The kernel's facts as the journal keeps them."""
    return EmvData(
        aid=facts.aid.hex().upper(),
        label=facts.label,
        tvr=facts.tvr.hex().upper(),
        tsi=facts.tsi.hex().upper(),
        atc=f"{facts.atc:04X}",
        ac=facts.ac.hex().upper(),
        ac_type=facts.ac_type,
        cid=f"{facts.cid:02X}",
        cvm_results=facts.cvm_results.hex().upper(),
        iad=facts.iad.hex().upper(),
        unpredictable_number=facts.unpredictable_number.hex().upper(),
        arqc=arqc,
    )


def verification(facts: EmvFacts) -> Verification:
    """How the cardholder was verified, as the receipt says it."""
    cvm = facts.cvm
    pin = cvm.pin_verified or cvm.online_pin
    if pin and cvm.signature_required:
        return Verification.PIN_AND_SIGNATURE
    if pin:
        return Verification.PIN
    return Verification.SIGNATURE if cvm.signature_required else Verification.NONE
