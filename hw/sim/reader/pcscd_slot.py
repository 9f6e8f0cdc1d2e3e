"""A slot of a real `pcscd`, moved by hands as the modelled one is: the second way to a card.

Each change waits here for the daemon, by the reader's own event, so that an inserted card is there
when `insert` returns; virtual time stands still meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable

from hw.card_reader import PcscReader
from hw.events import CardInserted, CardRemoved, DeviceBack, DeviceEvent, DeviceLost
from hw.pcsc import PcscApi
from hw.ports import Clock
from hw.sim.cards import Card
from hw.sim.reader.pcscd import PcscdUnavailable, PrivatePcscd

LOOK_MS = 1_000
LOOKS_MAX = 15  # pcscd looks at a slot every 0.4 s; more than this and it has hung


class PcscdSlot:
    """The first slot of a private daemon; `version` grows with every change a driver could see.

    `scard` is `smartcard.scard`, which must find that daemon. `insert`, `remove`, `unplug` and
    `plug` block until the daemon has told of it; they raise PcscdUnavailable when it does not.
    """

    def __init__(self, daemon: PrivatePcscd, scard: PcscApi, clock: Clock) -> None:
        self.scard = scard
        self._daemon = daemon
        self._watcher = PcscReader(scard, clock)
        self._card: Card | None = None
        self._version = 0
        self._watcher.poll(0)

    @property
    def on_apdu(self) -> list[Callable[[bytes, bytes], None]]:
        """Hooks that see each command on the wire and its response, on a thread of the slot's."""
        return self._daemon.on_apdu

    @property
    def card(self) -> Card | None:
        """The card in the slot."""
        self._notice_pull()
        return self._card

    @property
    def version(self) -> int:
        """Grows with every change a driver could see."""
        self._notice_pull()
        return self._version

    def insert(self, card: Card) -> None:
        """Put a card in; one that was in comes out first."""
        self.remove()
        self._daemon.insert(card)
        self._card = card
        self._await(CardInserted)

    def remove(self) -> None:
        """Take the card out; nothing happens to an empty slot."""
        if self.card is not None:
            self._card = None
            self._daemon.remove()
            self._await(CardRemoved)

    def unplug(self) -> None:
        """Take the reader away: its driver loses the daemon, and the card with it."""
        self._daemon.stop()
        self._await(DeviceLost)

    def plug(self) -> None:
        """Let the daemon run again; a card is still in."""
        self._daemon.start()
        self._await(DeviceBack if self._card is None else CardInserted)

    def close(self) -> None:
        """Leave the slot empty."""
        self.remove()
        self._watcher.close()

    def _notice_pull(self) -> None:
        """A card that pulled itself out in the middle of a command (see hw.sim.cards.faults)."""
        if self._card is not None and self._card.faults.was_pulled:
            self._card = None
            self._daemon.remove()
            self._await(CardRemoved)

    def _await(self, kind: type[DeviceEvent]) -> None:
        for _ in range(LOOKS_MAX):
            if any(isinstance(event, kind) for event in self._watcher.poll(LOOK_MS)):
                self._version += 1
                return
        raise PcscdUnavailable(f"pcscd does not tell of {kind.__name__}")
