"""The chip's data that terminals upload: compared with the books, and kept for the report.

Nothing of it moves money or changes the books. What is taken once is not taken again.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from firmware.acquirer.booking import Booking
from firmware.acquirer.books_pool import BooksConnection
from firmware.core.money import Money
from firmware.iso8583.chip_data import is_declined, kept_of
from firmware.iso8583.messages import Answered, ChipUploadRequest
from firmware.iso8583.responses import (
    APPROVED,
    DUPLICATE,
    INVALID_AMOUNT,
    INVALID_CARD,
    INVALID_TRANSACTION,
    ORIGINAL_NOT_FOUND,
)

CHIP, CHIP_REFUSED = "chip", "chip-refused"  # kinds of records


class ChipKept(Struct, frozen=True):
    """The data of one transaction; `account` is the keyed hash of its PAN, `de55` field 55 in hex.

    `declined`: by the card itself, so that the books have no such transaction.
    """

    stan: int
    account: str
    amount_minor: int
    failed: bool
    declined: bool
    de55: str


class ChipRefused(Struct, frozen=True):
    """Data that were not taken, and with which response code."""

    stan: int
    response_code: str


def take_chip(
    connection: BooksConnection, request: ChipUploadRequest, batch: str, serial: int
) -> Answered:
    """Keep the data, or say why not; `batch` is the batch's name, `serial` how the books count it.

    Raises BooksError. Response codes other than 00:

    - 94: the same data are here already
    - 25: the books have no such approved transaction
    - 13: it has another amount or currency
    - 14: it is of another card
    - 12: other data of this transaction are here already; or the card declined it, but the message
      does not say failed, or the books have it approved
    """
    name = f"{batch}|{request.stan:06d}"
    account = request.card.pan.keyed_hash(connection.registry.hash_key)
    declined = is_declined(request.card.de55)
    de55 = kept_of(request.card.de55).hex().upper()
    came = ChipKept(request.stan, account, request.amount_minor, request.failed, declined, de55)
    value = msgspec.json.encode(came)
    before = connection.registry.note_of(CHIP, name)
    if before is not None:
        code = DUPLICATE if before == value else INVALID_TRANSACTION
    else:
        entry = connection.books.entry((request.terminal, serial, request.stan))
        code = _judged(entry, request, came)
    if code == APPROVED:
        connection.registry.note(CHIP, name, value)
    elif code != DUPLICATE:
        refused = ChipRefused(request.stan, code)
        connection.registry.note(CHIP_REFUSED, name, msgspec.json.encode(refused))
    return Answered(code)


def _judged(entry: Booking | None, request: ChipUploadRequest, came: ChipKept) -> str:
    """Whether data agree with what the books have of their transaction."""
    stands = entry is not None and entry.stands
    if came.declined:  # no request went online: only a failed transaction can say so
        return APPROVED if request.failed and not stands else INVALID_TRANSACTION
    if entry is None or not stands:
        return ORIGINAL_NOT_FOUND
    if entry.account != came.account:
        return INVALID_CARD
    told = Money(request.amount_minor, request.currency or entry.amount.currency)
    return APPROVED if told == entry.amount else INVALID_AMOUNT
