"""The acquirer's service: decides on a request, in whatever format it came.

It admits, decides, reverses and settles against books that somebody opens and hands over. The
embedded host and `pos acquirer serve` are two ways to it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from msgspec.structs import replace

from firmware.acquirer.accounts import Account
from firmware.acquirer.booking import Booking, Standing, asked_of, is_same
from firmware.acquirer.engine import BooksConflict, BooksEngine, Coming
from firmware.acquirer.issuer import Decision, Issuer
from firmware.acquirer.registration import Registration
from firmware.acquirer.undoing import holding_since
from firmware.core.kinds import HOLD_DAYS
from firmware.core.masked import SecretKey
from firmware.core.payment import Payment
from firmware.iso8583 import rounds
from firmware.iso8583.messages import (
    Answered,
    BalanceRequest,
    FinancialRequest,
    HostRequest,
    ReversalRequest,
    SettlementRequest,
    subject_of,
)
from firmware.iso8583.responses import (
    AMOUNT_DIFFERS,
    APPROVED,
    DUPLICATE,
    INVALID_AMOUNT,
    INVALID_MERCHANT,
    INVALID_TRANSACTION,
    NOT_BALANCED,
    UNKNOWN_TERMINAL,
)

_CRYPTOGRAM = b"\x9f\x26\x08"
TRIES = 5  # how often it is decided, where others change the books meanwhile
_Made = TypeVar("_Made")
_New = tuple[Booking, int | None]  # and what its account may have spent after it


def _nothing_more() -> None:
    """What is done in the same commit by default: nothing."""


def until_it_fits(once: Callable[[], _Made]) -> _Made:
    """Call `once`, which decides by one commit; again after BooksConflict, TRIES times in all."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(BooksConflict):
            return once()
    return once()


class AcquirerService:
    """Carries out requests of terminals, for cards of accounts.

    `account_of` gives the account whose PAN has a keyed hash, `terminal_of` the terminal of a
    number, or None.
    `hash_key` is the key under which an account is found in the books. What a pre-authorisation
    holds lapses after `hold_days`, by the day of `clock_now`: whenever its account is decided on,
    so that every server on the same books sees the same. It may be used from any thread, each with
    books of its own.
    """

    def __init__(
        self,
        account_of: Callable[[str], Account | None],
        terminal_of: Callable[[str], Registration | None],
        *,
        hash_key: SecretKey,
        clock_now: Callable[[], datetime],
        test_amounts: bool = False,
        hold_days: int = HOLD_DAYS,
    ) -> None:
        self._account_of = account_of
        self._terminal_of = terminal_of
        self._hash_key = hash_key
        self._now = clock_now
        self._hold_days = hold_days
        self._issuer = Issuer(account_of, test_amounts=test_amounts, hold_days=hold_days)

    def take(
        self,
        books: BooksEngine,
        request: HostRequest,
        also: Callable[[], None] = _nothing_more,
    ) -> Answered | None:
        """The answer to `request`, durable when this returns; None for what is never answered.

        `also` is done in the same commit. Blocks for the disk, and while others decide for the same
        terminal or account. Raises BooksError: then the books may hold it or not.
        """
        code = self.admission_code(request)
        if code != APPROVED:
            return Answered(code)

        def once() -> Answered | None:
            with books.commit():
                books.hold_all([subject_of(request).terminal])
                (answer,) = self.take_all(books, [request])
                also()
            return answer

        return until_it_fits(once)

    def take_all(
        self, books: BooksEngine, requests: Sequence[HostRequest]
    ) -> list[Answered | None]:
        """The answers to many requests, within a commit that holds their terminals already.

        Each is decided as it would be alone, after those before it of its terminal or account.
        They are durable with that commit, or none of them is: then each is to be taken alone.
        """
        answers: list[Answered | None] = [Answered(self.admission_code(one)) for one in requests]
        admitted = [
            (at, _by_serial(books, request))
            for at, (request, answer) in enumerate(zip(requests, answers, strict=True))
            if answer is not None and answer.response_code == APPROVED
        ]
        coming = {at: self._coming(request) for at, request in admitted}
        taken_back = [one.payment.place for _, one in admitted if isinstance(one, ReversalRequest)]
        accounts = {each.account for each in coming.values() if each is not None}
        accounts |= books.accounts_at(taken_back) if taken_back else set()
        books.hold_accounts(accounts)
        books.lapse(accounts, holding_since(self._now().date(), self._hold_days))
        for wave in _waves(admitted, coming):
            seen = [found for at, _ in wave if (found := coming[at]) is not None]
            if seen:
                books.glance(seen, partial(_reference_of, _day_of(self._now())))
            new: list[_New] = []
            for at, request in wave:
                answers[at] = self._carry_out(books, request, new)
            books.add_all(new)
        return answers

    def _coming(self, request: HostRequest) -> Coming | None:
        """What will be read to decide on a request; None for reversals and settlements."""
        if not isinstance(request, FinancialRequest | BalanceRequest):
            return None
        account = request.card.pan.keyed_hash(self._hash_key)
        if isinstance(request, BalanceRequest):
            return Coming(request.place, account)
        payment, original = request.payment, request.payment.original
        seen = _cryptogram_in(request.card.de55)
        return Coming(payment.place, account, seen, original.reference if original else "")

    def admission_code(self, request: HostRequest) -> str:
        """The code that refuses a request before anything is booked, or APPROVED."""
        asked = subject_of(request)
        currency = asked.amount.currency if isinstance(asked, Payment) else asked.currency
        registered = self._terminal_of(asked.terminal)
        if registered is None:
            return UNKNOWN_TERMINAL
        if registered.merchant != asked.merchant:
            return INVALID_MERCHANT
        if registered.currency != currency.numeric:
            return INVALID_TRANSACTION
        if isinstance(request, FinancialRequest) and request.payment.amount.minor == 0:
            return INVALID_AMOUNT
        return APPROVED

    def _carry_out(
        self, books: BooksEngine, request: HostRequest, new: list[_New]
    ) -> Answered | None:
        """The answer to a request; what is to be entered in the books for it comes into `new`."""
        match request:
            case FinancialRequest():
                return self._decide(books, request, new)
            case ReversalRequest():
                return self._reverse(books, request)
            case SettlementRequest():
                return self._settle(books, request)
            case BalanceRequest():
                return self._tell_balance(books, request)

    def _decide(
        self, books: BooksEngine, request: FinancialRequest, new: list[_New]
    ) -> Answered | None:
        account = request.card.pan.keyed_hash(self._hash_key)
        entry = books.entry(request.payment.place)
        if entry is None:
            entry = self._new_entry(books, request, account)
            new.append((entry, self._limit_minor(request, account)))
        elif not is_same(entry, request.payment, account) or entry.state is Standing.REVERSED:
            return Answered(DUPLICATE)
        if entry.muted:
            return None
        return Answered(
            response_code=entry.response_code,
            reference=entry.reference,
            authorisation_code=entry.authorisation_code,
            issuer_authentication_data=entry.issuer_data,
            date="" if request.payment.date else entry.date[4:],
            time="" if request.payment.date else entry.time,
        )

    def _tell_balance(self, books: BooksEngine, request: BalanceRequest) -> Answered:
        """The answer to a balance enquiry; only a wrong PIN is booked."""
        account = request.card.pan.keyed_hash(self._hash_key)
        now = self._now()
        decision = self._issuer.balance(books, request, account, now.date())
        return Answered(
            response_code=decision.code,
            reference=self._reference(books, now),
            issuer_authentication_data=decision.issuer_data,
            balance=decision.balance,
        )

    def _limit_minor(self, request: FinancialRequest, account: str) -> int | None:
        """What the account may have spent after this; None where the limit is not asked."""
        if request.offline or (found := self._account_of(account)) is None:
            return None
        return found.limit_minor

    def _new_entry(self, books: BooksEngine, request: FinancialRequest, account: str) -> Booking:
        now, state = self._now(), Standing.REFUSED
        payment = request.payment
        if books.is_reversed(payment.place):
            decision, state = Decision(DUPLICATE), Standing.BLOCKED
        elif books.settlement(payment.terminal, payment.batch) is not None:
            decision = Decision(INVALID_TRANSACTION)
        else:
            decision = self._issuer.decide(books, request, account, now.date())
        approved = decision.code == APPROVED
        reference = self._reference(books, now)
        asked = asked_of(payment, account)
        if not payment.date:  # a line that does not say when: the acquirer's own time counts
            asked |= {"date": f"{now:%Y%m%d}", "time": f"{now:%H%M%S}"}
        return Booking(
            **asked,
            state=Standing.STANDING if approved else state,
            response_code=decision.code,
            reference=reference,
            authorisation_code=self._authorisation_code(reference) if approved else "",
            issuer_data=decision.issuer_data,
            cryptogram=decision.cryptogram,
            muted=decision.muted,
            decided_on=f"{now:%Y%m%d}",
            undoes=decision.undoes,
            holds_minor=decision.holds_minor,
        )

    def _settle(self, books: BooksEngine, request: SettlementRequest) -> Answered:
        settled = books.settlement(request.terminal, request.batch)
        if settled is None:
            settled = (
                self._reference(books, self._now()),
                books.totals(request.terminal, request.batch),
            )
            books.settle(request.terminal, request.batch, *settled)
        reference, totals = settled
        code = APPROVED if totals == request.totals else NOT_BALANCED
        return Answered(code, reference=reference, host_totals=totals)

    def _reverse(self, books: BooksEngine, request: ReversalRequest) -> Answered:
        """Make sure that the reversed payment does not stand: now, or if it comes later.

        Reversing a payment also reverses its voids and refunds, so that the account's sums agree.
        Another transaction with the same numbers, as when a terminal gave them out twice, is left
        alone; the answer is 64 for another kind or amount, 94 for another transaction.
        """
        payment = request.payment
        entry = books.entry(payment.place)
        if entry is not None:
            if (entry.kind, entry.amount.minor) != (payment.kind, payment.amount.minor):
                return Answered(AMOUNT_DIFFERS)
            if not self._is_meant(entry, request):
                return Answered(DUPLICATE)
        books.note_reversal(payment.place)
        if entry is not None and entry.state is Standing.STANDING:
            _take_back(books, entry)
        return Answered(APPROVED)

    def _is_meant(self, entry: Booking, request: ReversalRequest) -> bool:
        """Whether `entry` is the payment that a reversal names, by the data that both have."""
        account = self._account_of(entry.account)
        last4 = account.pan.last4 if account is not None else ""
        meant = request.payment
        said = (
            (entry.merchant, meant.merchant),
            (entry.amount.currency, meant.amount.currency),
            (entry.date, meant.date),
            (entry.time, meant.time),
            (last4, request.last4),
        )
        return all(ours == theirs or not ours or not theirs for ours, theirs in said)

    def _reference(self, books: BooksEngine, now: datetime) -> str:
        """Twelve digits: the year's last, the day of the year, and a number of eight digits.

        The number begins anew after 10**8, and the day after ten years: one in use is passed over.
        """
        day = _day_of(now)
        while True:
            reference = _reference_of(day, books.next_number())
            if not books.is_reference(reference):
                return reference

    def _authorisation_code(self, reference: str) -> str:
        """Six digits made from the reference: without meaning, and the same each time."""
        digest = hmac.new(self._hash_key.reveal(), reference.encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(digest[:8], 'big') % 10**6:06d}"


def _day_of(now: datetime) -> str:
    """The year's last digit and the day of the year."""
    return f"{now:%Y%j}"[3:]


def _reference_of(day: str, number: int) -> str:
    return f"{day}{number % 10**8:08d}"


def _waves(
    admitted: Sequence[tuple[int, HostRequest]], coming: Mapping[int, Coming | None]
) -> Iterator[list[tuple[int, HostRequest]]]:
    """Requests in groups that can be decided together, in their order; reversals come last.

    No two requests of a group have a terminal or an account in common, so that none needs to know
    what became of another. For reversals nothing is read ahead: only the books know their accounts.
    """
    reversals = [each for each in admitted if isinstance(each[1], ReversalRequest)]
    wave: list[tuple[int, HostRequest]] = []
    taken: set[str] = set()
    for at, request in admitted:
        if isinstance(request, ReversalRequest):
            continue
        found = coming[at]
        names = {f"terminal {subject_of(request).terminal}"}
        if found is not None:
            names.add(f"account {found.account}")
        if taken & names:
            yield wave
            wave, taken = [], set()
        wave.append((at, request))
        taken |= names
    yield from filter(None, (wave, reversals))


def _by_serial(books: BooksEngine, request: HostRequest) -> HostRequest:
    """The request with batches as the books count them: their numbers begin anew."""
    asked = subject_of(request)
    serial = books.serial_of(asked.terminal, asked.batch)
    if isinstance(request, SettlementRequest | BalanceRequest):
        return replace(request, batch=serial)
    original = request.payment.original
    if original is not None:
        original = replace(original, batch=rounds.serial_before(original.batch, serial))
    return replace(request, payment=replace(request.payment, batch=serial, original=original))


def _take_back(books: BooksEngine, entry: Booking) -> None:
    """Take back an entry, and before it all that name it as their original."""
    for resting in books.resting_on(entry.reference):
        _take_back(books, resting)
    books.reverse(entry)


def _cryptogram_in(de55: bytes) -> bytes:
    """The cryptogram (9F26) by its usual place: a guess, used only to read ahead."""
    at = de55.find(_CRYPTOGRAM)
    return de55[at + 3 : at + 11] if at >= 0 else b""
