"""PC/SC as the reader's driver uses it: the functions of `smartcard.scard`, and their numbers.

The driver takes these functions as a parameter, so that a modelled resource manager can stand where
libpcsclite does. Numbers are those of pcsc-lite's `winscard.h` and `pcsclite.h`.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Protocol

PNP_NOTIFICATION = "\\\\?PnP?\\Notification"  # the reader that stands for "readers come and go"

ReaderState = tuple[str, int] | tuple[str, int, list[int]]


class Code(enum.IntEnum):
    """What the functions return."""

    SUCCESS = 0
    CANCELLED = 0x80100002
    INVALID_HANDLE = 0x80100003
    INVALID_PARAMETER = 0x80100004
    UNKNOWN_READER = 0x80100009
    TIMEOUT = 0x8010000A
    SHARING_VIOLATION = 0x8010000B
    NO_SMARTCARD = 0x8010000C
    PROTOCOL_MISMATCH = 0x8010000F
    COMM_ERROR = 0x80100013
    NOT_TRANSACTED = 0x80100016
    READER_UNAVAILABLE = 0x80100017
    CARD_UNSUPPORTED = 0x8010001C
    NO_SERVICE = 0x8010001D
    SERVICE_STOPPED = 0x8010001E
    NO_READERS = 0x8010002E
    UNSUPPORTED_CARD = 0x80100065
    UNRESPONSIVE_CARD = 0x80100066
    UNPOWERED_CARD = 0x80100067
    RESET_CARD = 0x80100068
    REMOVED_CARD = 0x80100069
    SECURITY_VIOLATION = 0x8010006A


_WORDS = {
    Code.INVALID_PARAMETER: "the daemon does not understand us",
    Code.INVALID_HANDLE: "the daemon was restarted",
    Code.UNKNOWN_READER: "the reader is unplugged",
    Code.TIMEOUT: "no answer in time",
    Code.SHARING_VIOLATION: "another program holds the card",
    Code.NO_SMARTCARD: "no card is in the reader",
    Code.PROTOCOL_MISMATCH: "the card speaks neither T=0 nor T=1",
    Code.COMM_ERROR: "the line to the daemon broke",
    Code.NOT_TRANSACTED: "the exchange with the card broke off",
    Code.READER_UNAVAILABLE: "the reader is unplugged",
    Code.CARD_UNSUPPORTED: "the reader cannot work with this card",
    Code.NO_SERVICE: "pcscd is not running",
    Code.SERVICE_STOPPED: "pcscd was stopped",
    Code.NO_READERS: "no reader is plugged in",
    Code.UNSUPPORTED_CARD: "the card's answer to reset makes no sense",
    Code.UNRESPONSIVE_CARD: "the card does not answer",
    Code.UNPOWERED_CARD: "the card has no power",
    Code.RESET_CARD: "the card was reset by somebody else",
    Code.REMOVED_CARD: "the card was removed",
    Code.SECURITY_VIOLATION: "polkit does not let this user at the reader",
}


def words(code: int) -> str:
    """A code in plain language, with its number to look it up by."""
    said = _WORDS.get(Code(code)) if code in set(Code) else None
    return f"{said or 'PC/SC failed'} ({code:#010x})"


class State(enum.IntFlag):
    """The lower half of a reader's state; the upper 16 bits count insertions and removals."""

    UNAWARE = 0x0000
    IGNORE = 0x0001
    CHANGED = 0x0002
    UNKNOWN = 0x0004
    UNAVAILABLE = 0x0008
    EMPTY = 0x0010
    PRESENT = 0x0020
    EXCLUSIVE = 0x0080
    INUSE = 0x0100
    MUTE = 0x0200


ABSENT = State.UNKNOWN | State.IGNORE | State.UNAVAILABLE
GONE = (Code.REMOVED_CARD, Code.NO_SMARTCARD, Code.RESET_CARD)
MUTE = (
    Code.UNRESPONSIVE_CARD,
    Code.UNPOWERED_CARD,
    Code.UNSUPPORTED_CARD,
    Code.CARD_UNSUPPORTED,
    Code.PROTOCOL_MISMATCH,
    Code.NOT_TRANSACTED,
)
BROKEN_OFF = (Code.NOT_TRANSACTED, Code.UNPOWERED_CARD, Code.UNRESPONSIVE_CARD)


def seen(state: int) -> int:
    """The state as a caller hands it back for the next wait; the counter stays."""
    return state & ~int(State.CHANGED)  # of a plain number, or the counter would go too


SCOPE_SYSTEM = 2
SHARE_EXCLUSIVE = 1
PROTOCOL_T0, PROTOCOL_T1 = 1, 2
LEAVE_CARD, RESET_CARD, UNPOWER_CARD = 0, 1, 2


class PcscApi(Protocol):
    """The functions of `smartcard.scard` that the driver calls; each gives its code first."""

    def SCardEstablishContext(self, scope: int, /) -> tuple[int, int]: ...  # noqa: N802
    def SCardReleaseContext(self, context: int, /) -> int: ...  # noqa: N802
    def SCardListReaders(  # noqa: N802
        self, context: int, groups: list[str], /
    ) -> tuple[int, list[str]]: ...
    def SCardGetStatusChange(  # noqa: N802
        self, context: int, timeout_ms: int, states: Sequence[ReaderState], /
    ) -> tuple[int, list[tuple[str, int, list[int]]]]: ...
    def SCardCancel(self, context: int, /) -> int: ...  # noqa: N802
    def SCardConnect(  # noqa: N802
        self, context: int, reader: str, share: int, protocols: int, /
    ) -> tuple[int, int, int]: ...
    def SCardReconnect(  # noqa: N802
        self, card: int, share: int, protocols: int, initialization: int, /
    ) -> tuple[int, int]: ...
    def SCardDisconnect(self, card: int, disposition: int, /) -> int: ...  # noqa: N802
    def SCardStatus(self, card: int, /) -> tuple[int, str, int, int, list[int]]: ...  # noqa: N802
    def SCardTransmit(  # noqa: N802
        self, card: int, protocol: int, command: list[int], /
    ) -> tuple[int, list[int]]: ...
