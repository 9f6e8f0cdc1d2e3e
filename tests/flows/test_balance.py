"""余额查询, effect by effect: what the acquirer is told of the card, and the card of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from firmware.core.masked import Pan, Pin, Track2
from firmware.core.money import CURRENCIES
from firmware.flows.balance import balance
from firmware.flows.effects import AskCardPresent, Exchange, MaskedEntry, PowerOn, Wait
from firmware.iso8583.messages import Answered, Balance, BalanceRequest, CardPresented
from firmware.journal.lookups import Lookups
from firmware.journal.numbers import Numbers
from firmware.payments.effects import Append, Authorise, Effect, Look, ReadClock
from hw.events import CardInserted, Key
from tests.flows.script import ANYTHING, TheChip, desk, follow
from tests.flows.words import (
    BATCH,
    DIGITS,
    NOW,
    SCREEN_MS,
    STAN,
    card_is_released,
    card_of_tray,
    nothing_is_owed,
    presses,
    shows,
)

YUAN = CURRENCIES["CNY"]
SCREEN = shows(ANYTHING)
IS_RECORDED = (Append.of(ANYTHING), None)
NEXT_NUMBERS = (Look.of(Lookups.next_numbers, training=False), Numbers(BATCH, STAN))
SCRIPT = bytes.fromhex("7216" + "9F180411223344" + "860D" + "8424000008" + "00" * 8)
CARD = CardPresented(
    pan=Pan("6250946000000016"),
    psn="01",
    expiry="4912",
    track2=Track2("6250946000000016=49122010000000000"),
    pin=Pin("123456"),
    de55=bytes.fromhex(
        "9F2608B855565E852FCB929F2701809F100807011203A00002019F3704000102039F3602000195050000"
        "0488009A032611229C01319F02060000000000005F2A02015682023C009F1A0201569F03060000000000"
        "009F33032040C89F34034203009F3501229F1E0831303030303030318408A0000003330101019F090200"
        "309F4104000000015F340101"
    ),
)


@dataclass
class Overheard(TheChip):
    """A card, and each command that it got."""

    commands: list[bytes] = field(default_factory=list)

    def answer(self, effect: Effect[object]) -> object:
        if isinstance(effect, Exchange):
            self.commands.append(effect.command)
        return super().answer(effect)


def keys_for_the_pin(key: Key):
    return presses(key, card=True, masked=MaskedEntry.PIN)


def test_the_issuer_sees_the_whole_card_and_its_scripts_wait_for_a_payment():
    card = card_of_tray("unionpay-debit")
    chip = Overheard(card)
    digits = [pair for digit in "123456" for pair in (keys_for_the_pin(DIGITS[digit]), SCREEN)]
    request = BalanceRequest(
        terminal="10000001",
        merchant=desk().config.merchant.number,
        batch=BATCH,
        stan=STAN,
        card=CARD,
        currency=YUAN,
        date=NOW.date,
        time=NOW.time,
    )
    answer = Answered("00", scripts=SCRIPT, balance=Balance(500_000, YUAN))
    follow(
        balance(desk()),
        nothing_is_owed(uploads=False),
        # the card, and its PIN
        [(AskCardPresent(), False), (AskCardPresent(used=True), False), SCREEN],
        (Wait(SCREEN_MS, card=True), CardInserted(0)),
        [(AskCardPresent(), True), SCREEN, (PowerOn(), card.power_on()), (ReadClock(), NOW)],
        [NEXT_NUMBERS, chip],
        [SCREEN, *digits, keys_for_the_pin(Key.ENTER), SCREEN, chip],
        # the enquiry, and the card's last word
        [(ReadClock(), NOW), NEXT_NUMBERS, SCREEN, IS_RECORDED],
        [(Authorise(request), answer), chip, IS_RECORDED],
        # the balance, until a key is pressed
        [*card_is_released(), (AskCardPresent(used=True), True), SCREEN],
        presses(Key.ENTER, timeout_ms=10_000, card=True),
    )
    assert SCRIPT[-13:] not in chip.commands
