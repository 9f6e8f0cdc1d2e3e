"""Plays a card's session with the kernel alone: no screens, no journal, no host."""

from __future__ import annotations

import time
from functools import cache

from msgspec import Struct

from firmware.core.masked import Pin
from firmware.core.money import CURRENCIES, Money
from firmware.emv.ca_keys import CaKeys
from firmware.emv.contact.dialogue import CardFailure
from firmware.emv.contact.session import Session
from firmware.emv.outcomes import Identified, OnlineAnswer, OnlineRequested
from firmware.emv.setup import EmvSetup
from firmware.emv.terminal_data import EmvTransaction
from firmware.lab.cards.slot import CardAtHand
from firmware.lab.cards.transaction import BenchDialogue, driven
from firmware.lab.emv_data import emv_of
from firmware.lab.scenario.masked_keys import pin_of
from firmware.lab.scenario.stage import STAGE_CONFIG, START
from hw.ports import CardGone, CardReader
from hw.sim.cards import tray

AMOUNT_MINOR = 12_850


class Played(Struct):
    """How a session went; `kernel_ns` leaves out the card and its reader."""

    outcome: str
    kernel_ns: int


class _TimedDialogue(BenchDialogue):
    """With a cardholder who knows the PIN; `outside_ns` is the time of the card and its reader."""

    outside_ns: int = 0

    async def exchange(self, command: bytes) -> bytes | CardFailure:
        began_ns = time.process_time_ns()
        answer = await super().exchange(command)
        self.outside_ns += time.process_time_ns() - began_ns
        if isinstance(answer, CardFailure):  # a session that broke off has no figure
            raise CardGone(answer.value)
        return answer


def play(reader: CardReader, pin: str, *, with_keys: bool = True) -> Played:
    """One sale on the card in the reader, which answers that the host approved. Raises CardGone.

    Without CA keys no certificate can be verified: what the RSA costs is what is missing then.
    """
    setup = _setup()
    keys = setup.ca_keys if with_keys else CaKeys()
    transaction = EmvTransaction(Money(AMOUNT_MINOR, CURRENCIES["CNY"]), START, 1)
    card = CardAtHand("a reader", reader.power_on(), reader.transmit, real=False)
    dialogue = _TimedDialogue(card, Pin(pin))
    began_ns = time.process_time_ns()
    session = Session(dialogue, setup.terminal, setup.applications, keys, transaction)
    ended: object = driven(session.identify())
    if isinstance(ended, Identified):
        ended = driven(session.decide())
    if isinstance(ended, OnlineRequested):
        ended = driven(session.complete(OnlineAnswer("00")))
    spent_ns = time.process_time_ns() - began_ns - dialogue.outside_ns
    reader.power_off()
    return Played(type(ended).__name__, spent_ns)


def pins() -> dict[str, str]:
    """The PIN of each card of the tray; some digits for one that has none."""
    return {name: pin_of(card) or "1234" for name, card in tray().items()}


@cache
def _setup() -> EmvSetup:
    return emv_of(STAGE_CONFIG)
