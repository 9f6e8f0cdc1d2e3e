"""Turns batch numbers into serials, and tells whether a request repeats an earlier one."""

from __future__ import annotations

from msgspec.structs import replace

from firmware.acquirer.booking import Booking, asked_of
from firmware.acquirer.engine import BooksEngine
from firmware.core.payment import Payment
from firmware.iso8583 import rounds
from firmware.iso8583.messages import (
    BalanceRequest,
    HostRequest,
    SettlementRequest,
    subject_of,
)


def serial_in(books: BooksEngine, terminal: str, number: int) -> int:
    """The batch that a terminal calls by this number now, as the books count."""
    return rounds.serial_of(number, books.last_settled(terminal))


def by_serial(books: BooksEngine, request: HostRequest) -> HostRequest:
    """The request with batches as the books count them: their numbers begin anew."""
    asked = subject_of(request)
    serial = serial_in(books, asked.terminal, asked.batch)
    if isinstance(request, SettlementRequest | BalanceRequest):
        return replace(request, batch=serial)
    original = request.payment.original
    if original is not None:
        original = replace(original, batch=rounds.serial_before(original.batch, serial))
    return replace(request, payment=replace(request.payment, batch=serial, original=original))


def is_same(entry: Booking, payment: Payment, account: str) -> bool:
    """Whether `payment` asks again what `entry` has decided."""
    asked = asked_of(payment, account)
    if not entry.time or not payment.date:  # books of earlier releases, or a line that says neither
        del asked["time"]
    if not payment.date:
        del asked["date"]
    return all(getattr(entry, name) == value for name, value in asked.items())
