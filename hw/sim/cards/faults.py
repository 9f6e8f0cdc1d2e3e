"""What can go wrong with a card, on demand: pulled, mute, slow, talking nonsense.

Faults sit in front of the card's commands, so a fault meets the terminal as it would on the wire.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from hw.sim.cards.commands import GET_RESPONSE


class CardPulled(Exception):  # noqa: N818 - what happened, for the slot to act on
    """The card left the slot in the middle of a command."""


class CardSilent(Exception):  # noqa: N818 - what happened, for the slot to act on
    """The card took the command and does not answer."""


@dataclass
class Faults:
    """The faults of one card; all may change while it is in the slot."""

    mute: bool = False  # no answer to anything, not even an ATR
    silent_at: int | None = None  # no answer from the Nth command on
    slow_ms: int = 0  # before each answer
    garbage: bool = False
    endless_61xx: bool = False
    met: int = 0  # how often a terminal met a card that was mute or pulled
    was_pulled: bool = False  # by `pull_at`; the slot then removes the card
    _pull_in: int | None = None
    _told: int = 0
    _last_header: bytes = b""
    _last_status: bytes = b""

    def pull_at(self, n: int) -> None:
        """Pull the card in the middle of the `n`th command from now, 1 being the next."""
        self._pull_in, self.was_pulled = n, False

    def before(self, raw: bytes) -> bytes | None:
        """Called with each command; gives an answer in the card's place, or None.

        Raises CardPulled and CardSilent. What belongs to one command (GET RESPONSE, the same
        again after 6Cxx) counts once.
        """
        if not self._continues(raw):
            self._count()
        self.check_alive()
        if self.garbage:
            self._told += 1
            noise = hashlib.sha256(f"{self._told}".encode()).digest()
            return noise[: noise[0] % 33]
        if self.endless_61xx:
            return b"\x61\x10" if raw[1:2] != bytes([GET_RESPONSE]) else bytes(16) + b"\x61\x10"
        return None

    def check_alive(self) -> None:
        """Raises CardSilent when the card is mute."""
        if self.mute:
            self.met += 1
            raise CardSilent

    def after(self, raw: bytes, answer: bytes) -> None:
        """Called with each answer the card itself gave."""
        self._last_header, self._last_status = raw[:4], answer[-2:]

    def _continues(self, raw: bytes) -> bool:
        repeated = self._last_status[:1] == b"\x6c" and raw[:4] == self._last_header
        return repeated or raw[1:2] == bytes([GET_RESPONSE])

    def _count(self) -> None:
        if self.silent_at is not None:
            self.silent_at -= 1
            if self.silent_at <= 0:
                self.mute = True
        if self._pull_in is None:
            return
        self._pull_in -= 1
        if self._pull_in <= 0:
            self._pull_in = None
            self.was_pulled = True
            self.met += 1
            raise CardPulled
