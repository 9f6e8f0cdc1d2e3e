"""Decides on requests that name an earlier one: voids, refunds, releases and completions of holds.

Each verdict is a response code, the reference of the original, and by how much it raises what is
held on the account, in minor units.
"""

from __future__ import annotations

from datetime import date, timedelta

from firmware.acquirer.booking import Booking, Standing
from firmware.acquirer.engine import BooksEngine
from firmware.core.kinds import COMPLETION_PERCENT_MAX, RESTS_ON, Kind, OriginalRef
from firmware.core.money import percent_of
from firmware.core.payment import Payment
from firmware.iso8583 import rounds

UndoVerdict = tuple[str, str, int]
APPROVED, NOT_POSSIBLE, NO_ACCOUNT = "00", "12", "14"
NOT_FOUND, OVER_LIMIT, OTHER_AMOUNT = "25", "61", "64"
# suspected malfunction: by UnionPay's list of response codes what the completion of a voided
# pre-authorisation gets; here also that of one that is completed, or whose days are over
USED = "22"


def holding_since(today: date, days: int) -> str:
    """The first day, YYYYMMDD, whose pre-authorisations hold today, `days` days being theirs."""
    return f"{today - timedelta(days=days):%Y%m%d}"


def void_verdict(books: BooksEngine, payment: Payment, account_id: str) -> UndoVerdict:
    """Same batch, same card, whole amount, once. A completion's void holds its money again."""
    named = payment.original
    original = books.entry((payment.terminal, named.batch, named.stan)) if named else None
    if named is None or original is None or original.merchant != payment.merchant:
        return NOT_FOUND, "", 0
    if not _is_meant(original, named, payment):
        return NOT_FOUND, "", 0
    code = _original_code(original, payment, account_id)
    if code != APPROVED:
        return code, "", 0
    if payment.batch != original.batch or books.resting_on(original.reference):
        return NOT_POSSIBLE, "", 0
    whole = payment.amount.minor == original.amount_minor
    return (APPROVED if whole else OTHER_AMOUNT), original.reference, -original.holds_minor


def refund_verdict(books: BooksEngine, payment: Payment, account_id: str) -> UndoVerdict:
    """Any batch, same card, up to what is left."""
    original = _refunded_original(books, payment)
    if original is None or original.merchant != payment.merchant:
        return NOT_FOUND, "", 0
    code = _original_code(original, payment, account_id)
    if code != APPROVED:
        return code, "", 0
    resting = books.resting_on(original.reference)
    if any(entry.kind.is_void for entry in resting):
        return NOT_POSSIBLE, "", 0
    refunds = (entry.amount_minor for entry in resting if entry.kind is Kind.REFUND)
    left = original.amount_minor - sum(refunds)
    return (APPROVED if payment.amount.minor <= left else OTHER_AMOUNT), original.reference, 0


def release_verdict(books: BooksEngine, payment: Payment, account_id: str) -> UndoVerdict:
    """The void of a pre-authorisation: whole amount, while nothing was completed of it.

    Of one that has lapsed it gives nothing back: that is done already.
    """
    hold = _hold(books, payment, account_id)
    if isinstance(hold, str):
        return hold, "", 0
    whole = payment.amount.minor == hold.amount_minor
    holds_minor = hold.amount_minor if hold.state is Standing.STANDING else 0
    return (APPROVED if whole else OTHER_AMOUNT), hold.reference, -holds_minor


def completion_verdict(
    books: BooksEngine, payment: Payment, account_id: str, since: str
) -> UndoVerdict:
    """Once, in time, and not far above what is held: see COMPLETION_PERCENT_MAX.

    What was held before the day `since` is not any more.
    """
    hold = _hold(books, payment, account_id)
    if isinstance(hold, str):
        return hold, "", 0
    if hold.state is Standing.LAPSED or hold.decided_on < since:
        return USED, "", 0
    over = payment.amount.minor > percent_of(hold.amount_minor, COMPLETION_PERCENT_MAX)
    return (OVER_LIMIT if over else APPROVED), hold.reference, -hold.amount_minor


def _hold(books: BooksEngine, payment: Payment, account_id: str) -> Booking | str:
    """The pre-authorisation that is named and not used, or the code that refuses.

    Any terminal of the merchant may name it by its authorisation code and its date.
    """
    hold = _named_hold(books, payment, account_id)
    if hold is None or hold.merchant != payment.merchant:
        return NOT_FOUND
    code = _original_code(hold, payment, account_id)
    if code != APPROVED:
        return code
    for used in books.resting_on(hold.reference):
        if used.kind is Kind.COMPLETION and not used.holds_minor:
            continue  # this completion no longer uses the hold: see BooksEngine.reverse
        given_back = books.resting_on(used.reference)
        if not any(each.kind is Kind.COMPLETION_VOID for each in given_back):
            return USED
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

    On a line that does not say when a sale was, the day is the acquirer's, and at midnight, or as
    clocks differ, the terminal may call it another: a reference number or authorisation code tells
    which is meant.
    """
    if named.reference not in ("", original.reference):
        return False
    told = named.reference or (
        payment.kind in (Kind.PREAUTH_VOID, Kind.COMPLETION) and named.authorisation_code
    )
    apart = abs(_day(named.date) - _day(original.date)) if named.date else 0
    return apart <= (1 if told and not payment.date else 0)


def _day(digits: str) -> int:
    """The day's number; one that there is not is far from all others."""
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
    if not of_kind or original.currency != payment.amount.currency.numeric:
        return NOT_POSSIBLE
    if original.account != account_id:
        return NO_ACCOUNT
    return APPROVED if original.state in (Standing.STANDING, Standing.LAPSED) else NOT_FOUND
