"""What the kernel asks of the world: the card's answers, the cardholder's choices, randomness.

The kernel never touches a device. The caller of a session gives it an object of this protocol;
its methods may await what the caller can await.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from firmware.core.masked import Pin


class CardFailure(enum.Enum):
    """Why a command had no response."""

    GONE = "the card was removed"
    MUTE = "the card does not answer"
    READER_LOST = "the reader is gone"


class Candidate(Struct, frozen=True):
    """An application the cardholder may choose. See EMV 4.4 Book 1, 12.4."""

    aid: bytes  # the card's DF name
    label: str
    preferred_name: str | None  # only when the terminal has the issuer's code table
    priority: int  # 1 is highest, 15 lowest, 16 none given
    confirm: bool  # may not be selected without the cardholder's confirmation
    languages: tuple[str, ...]  # ISO 639 in the card's order, lower case

    @property
    def name(self) -> str:
        """What to show: the preferred name, else the label, else the AID in hex."""
        return self.preferred_name or self.label or self.aid.hex().upper()


class PinKind(enum.Enum):
    """Where a PIN goes to."""

    OFFLINE = "offline"  # the card verifies it
    ONLINE = "online"  # the issuer verifies it


class PinPrompt(Struct, frozen=True):
    """What the cardholder should be told when the PIN is asked for."""

    kind: PinKind
    tries_left: int | None  # None when the card does not say
    last_try: bool
    retry: bool  # the PIN before was wrong


class PinBypassed(Struct, frozen=True):
    """The cardholder gives no PIN, and the merchant lets the sale go on."""


class Cancelled(Struct, frozen=True):
    """The cardholder or the cashier cancelled."""


class PinPadFailed(Struct, frozen=True):
    """There is no working key source to enter a PIN with."""


PinAnswer = Pin | PinBypassed | Cancelled | PinPadFailed | CardFailure


class Dialogue(Protocol):
    """The world as the kernel sees it."""

    async def exchange(self, command: bytes, /) -> bytes | CardFailure:
        """Send a command APDU; gives the whole response with SW1 SW2.

        '61xx' and '6Cxx' have been handled below. The caller caps the session's time by it.
        """
        ...

    async def choose_application(self, candidates: Sequence[Candidate], /) -> int | None:
        """Let the cardholder choose, or confirm when there is one; None: cancelled."""
        ...

    async def ask_pin(self, prompt: PinPrompt, /) -> PinAnswer:
        """Ask for the PIN."""
        ...

    async def random(self, count: int, /) -> bytes:
        """`count` unpredictable bytes. See EMV 4.4 Book 4, 6.5.6."""
        ...
