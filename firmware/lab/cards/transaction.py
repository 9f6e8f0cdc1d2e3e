"""Carries one transaction out with a card on the bench: nobody stands there, and nobody is charged.

A card of the tray is answered by the embedded host, on books that are thrown away. A real card is
never answered: its terminal is online only and has no host, so the card is asked for an ARQC and
then for an AAC, and cannot give a TC.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from firmware.core.config import Config, Emv
from firmware.core.kinds import Kind
from firmware.core.masked import Pin
from firmware.core.money import Money
from firmware.core.payment import Payment
from firmware.emv.contact.dialogue import (
    Candidate,
    CardFailure,
    PinAnswer,
    PinBypassed,
    PinKind,
    PinPrompt,
)
from firmware.emv.contact.session import Session
from firmware.emv.outcomes import (
    Approved,
    ApprovedOffline,
    CardData,
    Declined,
    DeclinedOffline,
    Ended,
    Identified,
    OnlineRequested,
)
from firmware.emv.terminal_data import EmvTransaction
from firmware.emv.trace import Trace
from firmware.iso8583.messages import FinancialRequest, HostAnswer
from firmware.lab.cards.slot import CardAtHand
from firmware.lab.emv_data import emv_of
from firmware.lab.issuers import tray_books
from firmware.payments.card_messages import answer_for_card, card_presented
from firmware.terminal.assembly import embedded_client, embedded_host

ONLINE_ONLY = 0x21  # a merchant's attended terminal that never decides by itself
HOST_TIMEOUT_MS = 5_000
T = TypeVar("T")
Outcome = Approved | ApprovedOffline | Declined | DeclinedOffline | Ended


class BenchDialogue(Struct):
    """The kernel's questions, answered by what the command line said.

    A PIN is given once, and never for a real card's last try: the rest is bypassed. `before_each`
    is called before each command.
    """

    card: CardAtHand
    pin: Pin | None = None
    choice: int = 0
    before_each: Callable[[], None] = lambda: None
    offered: Sequence[Candidate] = ()

    async def exchange(self, command: bytes) -> bytes | CardFailure:
        self.before_each()
        return self.card.exchange(command)

    async def choose_application(self, candidates: Sequence[Candidate]) -> int | None:
        """The application that was asked for; None, as if cancelled, when there are not so many."""
        self.offered = candidates
        return self.choice if self.choice < len(candidates) else None

    async def ask_pin(self, prompt: PinPrompt) -> PinAnswer:
        spent = prompt.retry or (
            self.card.real and prompt.kind is PinKind.OFFLINE and prompt.last_try
        )
        return self.pin if self.pin is not None and not spent else PinBypassed()

    async def random(self, count: int) -> bytes:
        return secrets.token_bytes(count)


class HostExchange(Struct, frozen=True):
    """What the host was asked, and what it said; `answer` None when nobody was asked."""

    request: OnlineRequested
    answer: HostAnswer | None


class Bench:
    """One transaction on the bench. `on_host` is told of the exchange with the host.

    With `test_keys` the test CAs are trusted; with `clear` the trace has account data unmasked.
    """

    def __init__(
        self, dialogue: BenchDialogue, transaction: EmvTransaction, *, test_keys: bool, clear: bool
    ) -> None:
        self.dialogue, self.transaction = dialogue, transaction
        self.on_host: Callable[[HostExchange], None] = lambda _exchange: None
        self._config = Config(emv=Emv(test_keys=test_keys))
        setup = emv_of(self._config)
        terminal = setup.terminal
        if dialogue.card.real:
            terminal = replace(terminal, terminal_type=ONLINE_ONLY)
        self._session = Session(
            dialogue, terminal, setup.applications, setup.ca_keys, transaction, trace_clear=clear
        )

    @property
    def trace(self) -> Trace:
        """The session's steps so far."""
        return self._session.trace

    def run(self) -> Outcome:
        """Carry it out. Blocks."""
        known = driven(self._session.identify())
        if not isinstance(known, Identified):
            return known
        decided = driven(self._session.decide())
        if not isinstance(decided, OnlineRequested):
            return decided
        answer = None
        if not self.dialogue.card.real:
            answer = self._ask_host(decided, known.card)
        self.on_host(HostExchange(decided, answer))
        return driven(self._session.complete(answer_for_card(answer)))

    def _ask_host(self, decided: OnlineRequested, card: CardData) -> HostAnswer:
        """The embedded acquirer's answer, by the messages that a terminal sends it."""
        merchant, at = self._config.merchant, self.transaction.at
        presented = card_presented(card, pin=decided.online_pin, de55=decided.de55)
        payment = Payment(
            kind=Kind.SALE,
            terminal=merchant.terminal,
            merchant=merchant.number,
            batch=1,
            stan=self.transaction.sequence_counter,
            amount=self.transaction.amount,
            date=f"{at:%Y%m%d}",
            time=f"{at:%H%M%S}",
        )
        request = FinancialRequest(payment, presented)
        with tempfile.TemporaryDirectory(prefix="pos-card-") as directory:
            host = embedded_host(self._config, Path(directory), tray_books(), lambda: at)
            with closing(embedded_client(self._config, host, host.session)) as client:
                return client.ask(request, HOST_TIMEOUT_MS)


def sale(amount_minor: int, at: datetime) -> EmvTransaction:
    """A sale in the terminal's own currency; a PIN that is not given is bypassed."""
    return EmvTransaction(
        amount=Money(amount_minor, Config().currency),
        at=at,
        sequence_counter=1,
        pin_bypass_allowed=True,
    )


def driven(coroutine: Coroutine[Any, Any, T]) -> T:
    """The value of a coroutine whose dialogue never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    raise AssertionError("the dialogue suspended")
