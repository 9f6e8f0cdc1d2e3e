"""What a payment is carried out with: settings, operator, training mode, progress."""

from __future__ import annotations

import enum
from typing import Protocol

from msgspec import Struct

from firmware.core.config import Config
from firmware.core.kinds import Kind, Totals
from firmware.core.money import Money


class Stage(enum.Enum):
    """How far a payment or a settlement has come, to be shown."""

    CONNECTING = "connecting"  # the acquirer is about to be asked: the card must stay in
    REVERSING = "reversing"
    SETTLING = "settling"
    ENQUIRING = "enquiring"  # the acquirer is about to be asked for a balance


class Progress(Struct, frozen=True):
    """A stage that begins; `kind` and `amount` of a payment, `totals` of a settlement."""

    stage: Stage
    kind: Kind | None = None
    amount: Money | None = None
    totals: Totals | None = None


class Context(Protocol):
    """The settings, who is signed on ("" is nobody), and whether this is training.

    A conversation at the keypad is one (`firmware.flows.desk.Desk`); a till's order is another.
    """

    @property
    def config(self) -> Config: ...

    @property
    def operator(self) -> str: ...

    @property
    def training(self) -> bool: ...

    def money(self, minor: int) -> Money:
        """`minor` units of the terminal's currency."""
        ...

    async def progress(self, step: Progress) -> None:
        """Called as each stage begins, to be shown where there is a display; must not block."""
        ...


def is_on_a_line(context: Context) -> bool:
    """Whether the acquirer is at the end of a line: its advices and reversals name the card.

    There refunds are repeated and not reversed, and a batch is uploaded. Training sends nothing.
    """
    return context.config.host.kind != "local"
