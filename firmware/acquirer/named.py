"""What a request names: the batch by its serial, the place in the books, the same request again."""

from __future__ import annotations

from msgspec.structs import replace

from firmware.acquirer.books import Booking, Books, Place
from firmware.iso8583 import rounds
from firmware.iso8583.messages import FinancialRequest, ReversalRequest, SettlementRequest


def serial_in(books: Books, terminal: str, number: int) -> int:
    """The batch that a terminal calls by this number now, as the books count."""
    return rounds.serial_of(number, books.last_settled(terminal))


def by_serial(
    books: Books, request: FinancialRequest | ReversalRequest | SettlementRequest
) -> FinancialRequest | ReversalRequest | SettlementRequest:
    """The request with batches as the books count them: their numbers begin anew."""
    serial = serial_in(books, request.terminal, request.batch)
    if isinstance(request, FinancialRequest):
        original = rounds.serial_before(request.original_batch, serial)
        return replace(request, batch=serial, original_batch=original)
    return replace(request, batch=serial)


def place_of(request: FinancialRequest | ReversalRequest) -> Place:
    """Where the books hold what is asked, by serial."""
    return request.terminal, request.batch, request.stan


def is_same(entry: Booking, request: FinancialRequest, account: str) -> bool:
    """Whether `request` asks again what `entry` has decided."""
    return (
        entry.kind is request.kind
        and entry.account == account
        and entry.amount_minor == request.amount_minor
        and entry.currency == request.currency
        and entry.merchant == request.merchant
        and entry.date == request.date
        and entry.time in ("", request.time)
        and entry.original_batch == request.original_batch
        and entry.original_stan == request.original_stan
        and entry.original_reference == request.original_reference
    )
