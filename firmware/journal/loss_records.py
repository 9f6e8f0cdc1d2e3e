"""The journal's records of what was lost beside or before it, and what a person decided then."""

from __future__ import annotations

from firmware.journal.base import Base


class HeadRenewed(Base, frozen=True):
    """The file that says where the journal ends was missing or damaged, and was made again.

    Until then a missing tail could not be noticed.
    """

    reason: str


class TailLost(Base, frozen=True):
    """Records up to this one were written and are missing; a person let the journal go on."""

    seq: int
    hash: str  # of the last one that is known, hex


class BooksReplaced(Base, frozen=True):
    """The embedded host's books were lost, and a person allowed others in their place."""

    before: str  # their identity


LossRecord = HeadRenewed | TailLost | BooksReplaced
