"""Records of papers: owed, on their way to the printer, out."""

from __future__ import annotations

from firmware.core.kinds import Copy
from firmware.journal.base import Base


class PrintQueued(Base, frozen=True):
    """A paper is owed: recorded in the commit that makes it necessary.

    One that is `held` waits for a key, or for the next start, whichever comes first.
    """

    job: int
    copy: Copy
    batch: int
    stan: int
    duplicate: bool = False
    reason: str = ""
    training: bool = False
    held: bool = False


class PrintSending(Base, frozen=True):
    """The first byte is about to leave."""

    job: int


class PrintSent(Base, frozen=True):
    """Every byte was taken and the printer was well afterwards.

    `unheard`: the printer had answered nothing since the start, so that only the wire is known to
    have taken the paper. It is in doubt once the printer answers.
    """

    job: int
    unheard: bool = False


class PrintDoubtful(Base, frozen=True):
    """Some bytes left and the end is unknown: the paper may or may not be whole."""

    job: int
    detail: str = ""


class PrintHeld(Base, frozen=True):
    """No byte left the terminal: PrintSending is taken back.

    The same paper is queued as before, also after a power cut, and comes out unmarked.
    """

    job: int
    detail: str = ""


class PrintDropped(Base, frozen=True):
    """This paper is not printed: nobody wants it, or the fault that it reports is over."""

    job: int
    detail: str = ""


PaperRecord = PrintQueued | PrintSending | PrintSent | PrintDoubtful | PrintHeld | PrintDropped
