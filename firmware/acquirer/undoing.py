"""Decides on requests that name an earlier one: voids, refunds, releases, completions of holds."""

from __future__ import annotations

from datetime import date, timedelta

from msgspec import Struct

from firmware.acquirer.booking import Booking, Standing
from firmware.acquirer.engine import BooksEngine
from firmware.core.kinds import COMPLETION_PERCENT_MAX, RESTS_ON, Kind, OriginalRef
from firmware.core.money import percent_of
from firmware.core.payment import Payment
from firmware.iso8583 import rounds
from firmware.iso8583.responses import (
    AMOUNT_DIFFERS,
    APPROVED,
    INVALID_CARD,
    INVALID_TRANSACTION,
    ORIGINAL_NOT_FOUND,
    ORIGINAL_USED,
    OVER_LIMIT,
)


class Ruling(Struct, frozen=True):
    """The decision about a request; the last two fields count only for an approval."""

    code: str  # ISO 8583 field 39
    undoes: str = ""  # reference of the original that it rests on
    holds_minor: int = 0  # by how much what is held on the account rises


def holding_since(today: date, days: int) -> str:
    """The first day, YYYYMMDD, whose pre-authorisations hold today, `days` days being theirs."""
    return f"{today - timedelta(days=days):%Y%m%d}"


def void_verdict(books: BooksEngine, payment: Payment, account_id: str) -> Ruling:
    """Same batch, same card, whole amount, once. A completion's void holds its money again."""
    named = payment.original
    original = books.entry((payment.terminal, named.batch, named.stan)) if named else None
    if named is None or original is None or original.merchant != payment.merchant:
        return Ruling(ORIGINAL_NOT_FOUND)
    if not _is_meant(original, named, payment):
        return Ruling(ORIGINAL_NOT_FOUND)
    code = _original_code(original, payment, account_id)
    if code != APPROVED:
        return Ruling(code)
    if payment.batch != original.batch or books.resting_on(original.reference):
        return Ruling(INVALID_TRANSACTION)
    whole = payment.amount == original.amount
    code = APPROVED if whole else AMOUNT_DIFFERS
    return Ruling(code, original.reference, -original.holds_minor)


def refund_verdict(books: BooksEngine, payment: Payment, account_id: str) -> Ruling:
    """Any batch, same card, up to what is left."""
    original = _refunded_original(books, payment)
    if original is None or original.merchant != payment.merchant:
        return Ruling(ORIGINAL_NOT_FOUND)
    code = _original_code(original, payment, account_id)
    if code != APPROVED:
        return Ruling(code)
    resting = books.resting_on(original.reference)
    if any(entry.kind.is_void for entry in resting):
        return Ruling(INVALID_TRANSACTION)
    refunds = (entry.amount.minor for entry in resting if entry.kind is Kind.REFUND)
    left_minor = original.amount.minor - sum(refunds)
    code = APPROVED if payment.amount.minor <= left_minor else AMOUNT_DIFFERS
    return Ruling(code, original.reference)


def release_verdict(books: BooksEngine, payment: Payment, account_id: str) -> Ruling:
    """The void of a pre-authorisation: whole amount, while nothing was completed of it.

    The void of one that has lapsed changes no balance: the hold has ended already.
    """
    hold = _hold(books, payment, account_id)
    if isinstance(hold, str):
        return Ruling(hold)
    whole = payment.amount == hold.amount
    holds_minor = hold.amount.minor if hold.state is Standing.STANDING else 0
    code = APPROVED if whole else AMOUNT_DIFFERS
    return Ruling(code, hold.reference, -holds_minor)


def completion_verdict(books: BooksEngine, payment: Payment, account_id: str, since: str) -> Ruling:
    """Once, in time, and not far above what is held: see COMPLETION_PERCENT_MAX.

    A hold from before the day `since` has lapsed.
    """
    hold = _hold(books, payment, account_id)
    if isinstance(hold, str):
        return Ruling(hold)
    if hold.state is Standing.LAPSED or hold.decided_on < since:
        return Ruling(ORIGINAL_USED)
    over = payment.amount.minor > percent_of(hold.amount.minor, COMPLETION_PERCENT_MAX)
    code = OVER_LIMIT if over else APPROVED
    return Ruling(code, hold.reference, -hold.amount.minor)


def _hold(books: BooksEngine, payment: Payment, account_id: str) -> Booking | str:
    """The pre-authorisation that is named and not used, or the code that refuses.

    Any terminal of the merchant may name it by its authorisation code and its date.
    """
    hold = _named_hold(books, payment, account_id)
    if hold is None or hold.merchant != payment.merchant:
        return ORIGINAL_NOT_FOUND
    code = _original_code(hold, payment, account_id)
    if code != APPROVED:
        return code
    for used in books.resting_on(hold.reference):
        if used.kind is Kind.COMPLETION and not used.holds_minor:
            continue  # this completion no longer uses the hold: see BooksEngine.reverse
        given_back = books.resting_on(used.reference)
        if not any(each.kind is Kind.COMPLETION_VOID for each in given_back):
            return ORIGINAL_USED
    return hold


def _named_hold(books: BooksEngine, payment: Payment, account_id: str) -> Booking | None:
    named = payment.original
    if named is None:
        return None
    if not named.authorisation_code:
        found = books.entry((payment.terminal, named.batch, named.stan))
        return found if found is not None and _is_meant(found, named, payment) else None
    for hold in books.holds_of(account_id, named.authorisation_code):
        numbers = (named.batch, named.stan)
        own = hold.terminal == payment.terminal
        if any(numbers) and not (own and _is_named(hold, *numbers)):
            continue
        if _is_meant(hold, named, payment):
            return hold
    return None


def _is_meant(original: Booking, named: OriginalRef, payment: Payment) -> bool:
    """Whether the entry with these numbers is the one that is meant, as far as the request says.

    Where requests have no date the books have the acquirer's day, which may differ from the
    terminal's around midnight or where the clocks differ: one day is then allowed, if the request
    has the reference number, too, or for a hold the authorisation code.
    """
    if named.reference not in ("", original.reference):
        return False
    told = named.reference or (
        payment.kind in (Kind.PREAUTH_VOID, Kind.COMPLETION) and named.authorisation_code
    )
    apart = abs(_day(named.date) - _day(original.date)) if named.date else 0
    return apart <= (1 if told and not payment.date else 0)


def _day(digits: str) -> int:
    """The day's ordinal; for an invalid date a number that is near no real day's."""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).toordinal()
    except ValueError:
        return -(10**6)


def _refunded_original(books: BooksEngine, payment: Payment) -> Booking | None:
    """What a refund names by reference, by number or by both; they must agree."""
    named = payment.original
    if named is None:
        return None
    found = books.entry((payment.terminal, named.batch, named.stan))
    if named.reference:
        found = books.by_reference(named.reference)
        numbers = (named.batch, named.stan)
        if found is not None and any(numbers) and not _is_named(found, *numbers):
            return None
    return found if found is not None and _is_meant(found, named, payment) else None


def _is_named(entry: Booking, batch: int, stan: int) -> bool:
    """Whether these numbers are the entry's; batch numbers are reused, so serials may differ."""
    return stan == entry.stan and rounds.number_of(batch) == rounds.number_of(entry.batch)


def _original_code(original: Booking, payment: Payment, account_id: str) -> str:
    """Whether `original` is approved, of this card, and of a kind that `payment` may name."""
    of_kind = original.kind in RESTS_ON[payment.kind]
    if not of_kind or original.amount.currency != payment.amount.currency:
        return INVALID_TRANSACTION
    if original.account != account_id:
        return INVALID_CARD
    stands = original.state in (Standing.STANDING, Standing.LAPSED)
    return APPROVED if stands else ORIGINAL_NOT_FOUND
