"""What devices report. Every event carries the monotonic time at which it happened.

Events are past participles: something happened. They are posted into the one inbox of the
terminal's main loop by drivers' workers, and read nowhere else.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

from msgspec import Struct


class Key(enum.Enum):
    """The sixteen keys of the 4×4 matrix, by the label printed on the key."""

    D0 = "0"
    D1 = "1"
    D2 = "2"
    D3 = "3"
    D4 = "4"
    D5 = "5"
    D6 = "6"
    D7 = "7"
    D8 = "8"
    D9 = "9"
    STAR = "*"  # 00 in amounts, up in lists
    HASH = "#"  # down in lists, language at idle
    CANCEL = "CANCEL"
    BACK = "BACK"
    MENU = "MENU"
    ENTER = "ENTER"

    def __repr__(self) -> str:
        """No digit: it may be one of a PIN or a password, and a repr goes to logs."""
        return "<Key digit>" if self.digit else f"<Key {self.value}>"

    __str__ = __repr__

    @property
    def digit(self) -> str | None:
        """The decimal digit on the key, or None."""
        return self.value if self.value.isdigit() else None


class Device(enum.Enum):
    """The parts a fault can be named after."""

    DISPLAY = "display"
    KEYPAD = "keypad"
    READER = "reader"
    PRINTER = "printer"


class KeyPressed(Struct, frozen=True):
    """A key went down, debounced."""

    key: Key
    at_ms: int


class CardInserted(Struct, frozen=True):
    """A card is in the reader; nothing has been powered yet.

    One that was `found` was in the slot when the reader, or the process that watches it, came up:
    it is unknown when it was inserted and which transaction used it.
    """

    at_ms: int
    found: bool = False


class SlotFoundEmpty(Struct, frozen=True):
    """No card was in the slot when the reader, or the process that watches it, came up.

    Told once; a card that was in it would be told as `found` instead. When a lost reader is back,
    its DeviceBack tells it.
    """

    at_ms: int


class CardRemoved(Struct, frozen=True):
    """The card left the reader."""

    at_ms: int


class FaultReason(enum.Enum):
    """Why a device does not work, where that tells what to do about it."""

    HELD = "held"  # by another program
    NO_LGPIO = "no lgpio"  # this library and the next come with Debian
    NO_SPIDEV = "no spidev"
    NO_SUCH_READER = "no such reader"  # as the settings name
    NOT_ALLOWED = "not allowed"  # polkit lets the daemon refuse
    DAEMON_ENDED = "daemon ended"


class DeviceLost(Struct, frozen=True):
    """A device stopped working: unplugged, bus error, key stuck; `detail` is for the log."""

    device: Device
    detail: str
    at_ms: int
    reason: FaultReason | None = None
    stuck: tuple[Key, ...] = ()  # keys that stay down


class DeviceBack(Struct, frozen=True):
    """A lost device works again; a reader says at once whether a card is in its slot."""

    device: Device
    at_ms: int
    card: bool = False


class JobDone(Struct, frozen=True):
    """A worker finished the job `token`; `result` is its value or the exception it raised."""

    token: int
    result: object
    at_ms: int


SlotEvent = CardInserted | SlotFoundEmpty | CardRemoved
DeviceEvent = KeyPressed | SlotEvent | DeviceLost | DeviceBack | JobDone
Post = Callable[[DeviceEvent], None]
