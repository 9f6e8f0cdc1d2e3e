"""Command APDUs as the card sees them, and the status words it answers with.

See ISO/IEC 7816-4, 5 and EMV 4.4 Book 3, 6.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Sw(enum.IntEnum):
    """Status words. See EMV 4.4 Book 1, table 33 and Book 3, 6.3.5."""

    OK = 0x9000
    APPLICATION_BLOCKED = 0x6283
    AUTHENTICATION_FAILED = 0x6300
    PIN_WRONG = 0x63C0  # the lower half byte counts the tries left
    WRONG_LENGTH = 0x6700
    METHOD_BLOCKED = 0x6983
    REFERENCE_INVALID = 0x6984
    CONDITIONS = 0x6985
    SECURE_MESSAGING_MISSING = 0x6987
    SECURE_MESSAGING_WRONG = 0x6988
    DATA_WRONG = 0x6A80
    NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    P1_P2_WRONG = 0x6A86
    DATA_NOT_FOUND = 0x6A88
    INS_UNKNOWN = 0x6D00
    CLA_UNKNOWN = 0x6E00


class Refused(Exception):  # noqa: N818 - the card's answer, not a bug
    """The card answers with a status word alone."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Command:
    """A command; `le` is None when no answer data is asked for, 256 for 00."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = field(default=b"", repr=False)
    le: int | None = None

    @property
    def p1_p2(self) -> int:
        return self.p1 << 8 | self.p2

    @property
    def header(self) -> bytes:
        """CLA INS P1 P2 Lc, as a command MAC covers them."""
        return bytes([self.cla, self.ins, self.p1, self.p2, len(self.data)])

    def require_p1_p2(self, wanted: int) -> None:
        """Refuse any other P1 P2."""
        if self.p1_p2 != wanted:
            raise Refused(Sw.P1_P2_WRONG)


@dataclass(frozen=True, slots=True)
class Answer:
    """Data and status word."""

    data: bytes = field(default=b"", repr=False)
    status: int = Sw.OK

    @property
    def raw(self) -> bytes:
        return self.data + self.status.to_bytes(2, "big")


class Case(enum.Enum):
    """Which of data and answer data a command has; no command here has neither.

    See ISO/IEC 7816-3, 12.1.
    """

    ANSWER = 2
    DATA = 3
    BOTH = 4


SELECT, READ_RECORD, GET_DATA, GET_RESPONSE = 0xA4, 0xB2, 0xCA, 0xC0
GET_PROCESSING_OPTIONS, GENERATE_AC, VERIFY = 0xA8, 0xAE, 0x20
INTERNAL_AUTHENTICATE, EXTERNAL_AUTHENTICATE, GET_CHALLENGE = 0x88, 0x82, 0x84
APPLICATION_BLOCK, APPLICATION_UNBLOCK, CARD_BLOCK, PIN_CHANGE = 0x1E, 0x18, 0x16, 0x24

SCRIPT_CLASS = 0x84
CASES = {
    (0x00, SELECT): Case.BOTH,
    (0x00, READ_RECORD): Case.ANSWER,
    (0x80, GET_DATA): Case.ANSWER,
    (0x00, GET_RESPONSE): Case.ANSWER,
    (0x80, GET_PROCESSING_OPTIONS): Case.BOTH,
    (0x80, GENERATE_AC): Case.BOTH,
    (0x00, VERIFY): Case.DATA,
    (0x00, INTERNAL_AUTHENTICATE): Case.BOTH,
    (0x00, EXTERNAL_AUTHENTICATE): Case.DATA,
    (0x00, GET_CHALLENGE): Case.ANSWER,
    (SCRIPT_CLASS, APPLICATION_BLOCK): Case.DATA,
    (SCRIPT_CLASS, APPLICATION_UNBLOCK): Case.DATA,
    (SCRIPT_CLASS, CARD_BLOCK): Case.DATA,
    (SCRIPT_CLASS, PIN_CHANGE): Case.DATA,
}


def case_of(cla: int, ins: int) -> Case:
    """The case of a known command. Raises Refused with 6E00 or 6D00."""
    if cla not in {known for known, _ in CASES}:
        raise Refused(Sw.CLA_UNKNOWN)
    if (cla, ins) not in CASES:
        raise Refused(Sw.INS_UNKNOWN)
    return CASES[cla, ins]
