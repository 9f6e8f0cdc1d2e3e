"""What a till beside the stage does: its orders go into the terminal's inbox, as the API's do."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future

from firmware.core.kinds import Kind
from firmware.journal.order_records import OrderTaken
from firmware.payments.tills import TillAnswer, TillAsked, TillEvent
from firmware.terminal.terminal import Terminal

TILL = "scenario"
EXPIRES_IN_S = 60
NEVER_TAKEN = "none"


def ask(
    terminal: Terminal,
    name: str,
    amount_minor: int,
    reference: str = "",
    *,
    kind: Kind = Kind.SALE,
    paid: str = "",
) -> TillEvent:
    """The event of an order, in the terminal's currency; a void's or refund's gives `paid` back."""
    currency = terminal.config.currency.alpha
    asked = f"{kind.value} {paid} {amount_minor} {currency} {reference}"
    answer: Future[TillAnswer] = Future()
    order = OrderTaken(
        id=name,
        digest=hashlib.sha256(asked.encode()).hexdigest(),
        amount_minor=amount_minor,
        currency=currency,
        till=TILL,
        reference=reference,
        kind=kind,
        payment=paid,
        expires_in_s=EXPIRES_IN_S,
    )
    return TillAsked(order, answer)


def state(terminal: Terminal, name: str) -> str:
    """Where an order stands; `none` for one that was never taken."""
    found = terminal.data.journal.order(name)
    return found.state.value if found is not None else NEVER_TAKEN
