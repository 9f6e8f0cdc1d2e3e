"""Records of messages that inform the acquirer: advices, and results of issuer scripts."""

from __future__ import annotations

from firmware.journal.base import OfVoucher


class AdviceQueued(OfVoucher, frozen=True, tag="UploadQueued"):
    """A card approved offline: an advice is owed. Its card lies sealed beside the log."""


class AdviceAttempted(OfVoucher, frozen=True, tag="UploadAttempted"):
    """The advice was sent, and got no answer or none that is final."""

    attempt: int
    detail: str = ""


class AdviceAnswered(OfVoucher, frozen=True, tag="UploadAnswered"):
    """The acquirer has answered the advice of a sale: 00 accepts it, else it refuses to pay."""

    response_code: str
    reference: str = ""
    authorisation_code: str = ""


class ScriptQueued(OfVoucher, frozen=True):
    """The issuer's scripts were carried out on the card: their result is owed to the acquirer.

    `de55` is field 55 of the message, in hex; it has no card number.
    """

    de55: str


class ScriptAttempted(OfVoucher, frozen=True):
    """The result was sent, and got no answer or one that asks to send it again."""

    attempt: int
    detail: str = ""


class ScriptAnswered(OfVoucher, frozen=True):
    """The acquirer has answered: the result is not sent again."""

    response_code: str


AdviceRecord = AdviceQueued | AdviceAttempted | AdviceAnswered
ScriptRecord = ScriptQueued | ScriptAttempted | ScriptAnswered
