"""Records of what the acquirer is told: offline sales, and results of issuer scripts."""

from __future__ import annotations

from firmware.journal.base import Base


class AdviceQueued(Base, frozen=True, tag="UploadQueued"):
    """A card approved offline: an advice is owed. Its card lies sealed beside the log."""

    batch: int
    stan: int


class AdviceAttempted(Base, frozen=True, tag="UploadAttempted"):
    """The advice was sent and not answered."""

    batch: int
    stan: int
    attempt: int
    detail: str = ""


class AdviceAnswered(Base, frozen=True, tag="UploadAnswered"):
    """The acquirer has answered the advice of a sale: 00 accepts it, else it refuses to pay."""

    batch: int
    stan: int
    response_code: str
    reference: str = ""
    authorisation_code: str = ""


class ScriptQueued(Base, frozen=True):
    """The issuer's scripts were carried out on the card: their result is owed to the acquirer.

    `de55` is field 55 of the message, in hex; it has no card number.
    """

    batch: int
    stan: int
    de55: str


class ScriptAttempted(Base, frozen=True):
    """The result was sent and not answered."""

    batch: int
    stan: int
    attempt: int
    detail: str = ""


class ScriptAnswered(Base, frozen=True):
    """The acquirer has answered: the result is not sent again."""

    batch: int
    stan: int
    response_code: str


AdviceRecord = AdviceQueued | AdviceAttempted | AdviceAnswered
ScriptRecord = ScriptQueued | ScriptAttempted | ScriptAnswered
