"""Records of sales that a card approved by itself, until the host has heard of them."""

from __future__ import annotations

from firmware.journal.facts import Base


class UploadQueued(Base, frozen=True):
    """A card approved by itself: the host must hear of it. Its sealed data lie beside the log."""

    batch: int
    stan: int


class UploadAttempted(Base, frozen=True):
    """The notice of an offline approval was sent and not answered."""

    batch: int
    stan: int
    attempt: int
    detail: str = ""


class UploadAnswered(Base, frozen=True):
    """The host has answered the notice: 00 it has the sale, anything else it refuses to pay."""

    batch: int
    stan: int
    response_code: str
    reference: str = ""
    authorisation_code: str = ""
