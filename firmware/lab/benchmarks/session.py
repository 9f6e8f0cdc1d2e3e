"""Plays a card's session with the kernel alone: no screens, no journal, no host."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from functools import cache

from msgspec import Struct

from firmware.core.masked import Pin
from firmware.core.money import CURRENCIES, Money
from firmware.emv.ca_keys import CaKeys
from firmware.emv.contact.dialogue import Candidate, PinAnswer, PinPrompt
from firmware.emv.contact.session import Session
from firmware.emv.outcomes import Identified, OnlineAnswer, OnlineRequested
from firmware.emv.setup import EmvSetup
from firmware.emv.terminal_data import EmvTransaction
from firmware.lab.cards.transaction import driven
from firmware.lab.emv_data import emv_of
from firmware.lab.scenario.masked_keys import pin_of
from firmware.lab.scenario.stage import STAGE_CONFIG, START
from hw.ports import CardReader
from hw.sim.cards import tray

AMOUNT_MINOR = 12_850


class Played(Struct):
    """How a session went; `kernel_ns` leaves out the card and its reader."""

    outcome: str
    kernel_ns: int


class _CardDialogue:
    """A cardholder who knows the PIN, at a reader: the kernel's `Dialogue`."""

    def __init__(self, reader: CardReader, pin: str) -> None:
        self._reader = reader
        self._pin = pin
        self.outside_ns = 0

    async def exchange(self, command: bytes, /) -> bytes:
        began_ns = time.process_time_ns()
        try:
            return self._reader.transmit(command)
        finally:
            self.outside_ns += time.process_time_ns() - began_ns

    async def choose_application(self, _candidates: Sequence[Candidate], /) -> int | None:
        return 0

    async def ask_pin(self, _prompt: PinPrompt, /) -> PinAnswer:
        return Pin(self._pin)

    async def random(self, count: int, /) -> bytes:
        return secrets.token_bytes(count)


def play(reader: CardReader, pin: str, *, with_keys: bool = True) -> Played:
    """One sale on the card in the reader, which answers that the host approved.

    Without CA keys no certificate can be verified: what the RSA costs is what is missing then.
    """
    setup = _setup()
    dialogue = _CardDialogue(reader, pin)
    keys = setup.ca_keys if with_keys else CaKeys()
    transaction = EmvTransaction(Money(AMOUNT_MINOR, CURRENCIES["CNY"]), START, 1)
    reader.power_on()
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
