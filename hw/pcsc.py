"""PC/SC as the reader's driver uses it: the functions of `smartcard.scard`, and their numbers.

The driver takes these functions as a parameter, so that a modelled resource manager can stand where
libpcsclite does. Numbers are those of pcsc-lite's `winscard.h` and `pcsclite.h`.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Protocol

from hw.events import FaultReason

PNP_NOTIFICATION = "\\\\?PnP?\\Notification"  # the reader that stands for "readers come and go"

ReaderState = tuple[str, int] | tuple[str, int, list[int]]


class Pcsc(enum.IntEnum):
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
    Pcsc.INVALID_PARAMETER: "the daemon does not understand us",
    Pcsc.INVALID_HANDLE: "the daemon was restarted",
    Pcsc.UNKNOWN_READER: "the reader is unplugged",
    Pcsc.TIMEOUT: "no answer in time",
    Pcsc.SHARING_VIOLATION: "another program holds the card",
    Pcsc.NO_SMARTCARD: "no card is in the reader",
    Pcsc.PROTOCOL_MISMATCH: "the card speaks neither T=0 nor T=1",
    Pcsc.COMM_ERROR: "the line to the daemon broke",
    Pcsc.NOT_TRANSACTED: "the exchange with the card broke off",
    Pcsc.READER_UNAVAILABLE: "the reader is unplugged",
    Pcsc.CARD_UNSUPPORTED: "the reader cannot work with this card",
    Pcsc.NO_SERVICE: "pcscd is not running",
    Pcsc.SERVICE_STOPPED: "pcscd was stopped",
    Pcsc.NO_READERS: "no reader is plugged in",
    Pcsc.UNSUPPORTED_CARD: "the card's answer to reset makes no sense",
    Pcsc.UNRESPONSIVE_CARD: "the card does not answer",
    Pcsc.UNPOWERED_CARD: "the card has no power",
    Pcsc.RESET_CARD: "the card was reset by somebody else",
    Pcsc.REMOVED_CARD: "the card was removed",
    Pcsc.SECURITY_VIOLATION: "polkit does not let this user at the reader",
}
REASONS: dict[int, FaultReason] = {
    Pcsc.SECURITY_VIOLATION: FaultReason.NOT_ALLOWED,
    Pcsc.SHARING_VIOLATION: FaultReason.HELD,
    Pcsc.NO_SERVICE: FaultReason.DAEMON_ENDED,
    Pcsc.SERVICE_STOPPED: FaultReason.DAEMON_ENDED,
}


def words(code: int) -> str:
    """A code in plain language, with its number to look it up by."""
    said = _WORDS.get(Pcsc(code)) if code in set(Pcsc) else None
    return f"{said or 'PC/SC failed'} ({code:#010x})"


class ReaderFlags(enum.IntFlag):
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


ABSENT = ReaderFlags.UNKNOWN | ReaderFlags.IGNORE | ReaderFlags.UNAVAILABLE
GONE = (Pcsc.REMOVED_CARD, Pcsc.NO_SMARTCARD, Pcsc.RESET_CARD)
MUTE = (
    Pcsc.UNRESPONSIVE_CARD,
    Pcsc.UNPOWERED_CARD,
    Pcsc.UNSUPPORTED_CARD,
    Pcsc.CARD_UNSUPPORTED,
    Pcsc.PROTOCOL_MISMATCH,
    Pcsc.NOT_TRANSACTED,
)
BROKEN_OFF = (Pcsc.NOT_TRANSACTED, Pcsc.UNPOWERED_CARD, Pcsc.UNRESPONSIVE_CARD)


def seen(state: int) -> int:
    """The state as a caller hands it back for the next wait; the counter stays."""
    return state & ~int(ReaderFlags.CHANGED)  # of a plain number, or the counter would go too


SCOPE_SYSTEM = 2
SHARE_EXCLUSIVE = 1
PROTOCOL_T0, PROTOCOL_T1 = 1, 2
ANY_PROTOCOL = PROTOCOL_T0 | PROTOCOL_T1
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
