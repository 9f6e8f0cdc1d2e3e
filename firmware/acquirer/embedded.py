"""The embedded host: answers the terminal's messages against its own books.

It speaks the same wire as a real host and sits behind the same port, so that the terminal cannot
tell them apart. What it answers is durable in its books before it leaves.
"""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from firmware.acquirer.accounts import Account
from firmware.acquirer.books import (
    Booking,
    Books,
    BooksError,
    BooksGoneError,
    Kept,
    Standing,
    Tie,
    asked_of,
)
from firmware.acquirer.issuer import APPROVED, Decision, Issuer
from firmware.acquirer.named import by_serial, is_same, serial_in
from firmware.core.kinds import Kind, Totals
from firmware.core.masked import Key
from firmware.core.payment import Payment
from firmware.core.sqlite import DATABASE_ERRORS, JournalFault, Trouble, fault_of
from firmware.iso8583 import rounds
from firmware.iso8583.answers import answer_to, encode_answer
from firmware.iso8583.keys import derive, derived_keys
from firmware.iso8583.messages import (
    Answered,
    FinancialRequest,
    ReversalRequest,
    SettlementRequest,
    subject_of,
)
from firmware.iso8583.wire import Unacceptable, batch_of, decode_request


class Registration(Struct, frozen=True):
    """A terminal that the host knows: whose it is, and its currency (ISO 4217 number)."""

    merchant: str
    currency: str = "156"


class BookEntry(Struct, frozen=True, kw_only=True):
    """One request in the host's books, for whoever audits them; `account` is its name."""

    terminal: str
    batch: int
    stan: int
    kind: Kind
    amount_minor: int
    account: str
    state: Standing
    response_code: str
    reference: str


class LocalHost:
    """A HostLink whose other end is in here.

    `terminals` are the registered ones by number, `clock_now` the host's wall clock, `master` the
    key from which the terminals' keys and the books' hash key are derived. Made and queried on one
    thread, it may exchange on another. The books are made at the start alone, if there are none;
    later on only the same ones are opened again. Raises BooksError or sqlite3.Error when they
    cannot be opened.
    """

    journal_head: Callable[[], tuple[int, bytes]] | None = None  # see firmware.terminal.tie
    undelivered = False  # whatever is exchanged has been taken

    def __init__(
        self,
        books_path: Path,
        accounts: Sequence[Account],
        *,
        master: Key,
        terminals: Mapping[str, Registration],
        clock_now: Callable[[], datetime],
        test_amounts: bool = False,
    ) -> None:
        self._path = books_path
        self._lock = threading.RLock()  # one uses the books, another gives them back
        self._books: Books | None = Books(books_path)
        self._kept: Kept | None = None
        self._hash_key = derive(master, "books|accounts", 32)
        self._keys = derived_keys(master)
        self._terminals = dict(terminals)
        self._now = clock_now
        self._accounts = {account.pan.keyed_hash(self._hash_key): account for account in accounts}
        self._issuer = Issuer(self._accounts, test_amounts=test_amounts)

    def exchange(self, message: bytes, timeout_ms: int) -> bytes | None:
        """Decide on a message and give the answer; None for what is never answered.

        None also when the disk refuses: the books may or may not hold it, so it is to be reversed.
        """
        del timeout_ms  # an answer from in here is there at once or never
        with self._lock:
            try:
                return self._exchange(self._opened(), message)
            except (sqlite3.Error, BooksError):
                # a failed sync is not to be retried in place: begin anew from what is on the disk
                self.close()
                return None

    def close(self) -> None:
        """Close the books; a later exchange opens them again."""
        with self._lock:
            if self._books is not None:
                self._kept = self._books.kept
                self._books.close()
                self._books = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that have to be where they were. See `Beside` of the data directory."""
        return (self._path,)

    def check(self) -> None:
        """Open the books if they are closed. Raises JournalFault when they are not the same."""
        with self._lock:
            try:
                self._opened()
            except BooksGoneError as error:
                trouble = Trouble.OTHERS if error.another else Trouble.GONE
                raise JournalFault(trouble, str(error)) from error
            except BooksError as error:
                raise JournalFault(Trouble.IO, str(error)) from error
            except DATABASE_ERRORS as error:
                raise fault_of(error) from error

    def books(self) -> list[BookEntry]:
        """Every financial request and what became of it, by terminal, batch and STAN."""
        return [
            BookEntry(
                terminal=entry.terminal,
                batch=rounds.number_of(entry.batch),
                stan=entry.stan,
                kind=entry.kind,
                amount_minor=entry.amount_minor,
                account=self._name(entry.account),
                state=entry.state,
                response_code=entry.response_code,
                reference=entry.reference,
            )
            for entry in self._opened().entries()
        ]

    def balances(self) -> dict[str, int]:
        """What each account by name has spent: sales less voids and refunds that stand."""
        spent = self._opened().spent()
        return {account.name: spent.get(key, 0) for key, account in self._accounts.items()} | {
            self._name(key): minor for key, minor in spent.items() if key not in self._accounts
        }

    def totals(self, terminal: str, batch: int) -> Totals:
        """What stands in a batch, as its settlement would say it."""
        books = self._opened()
        return books.totals(terminal, serial_in(books, terminal, batch))

    def names_by_hash(self, key: Key) -> dict[str, str]:
        """The accounts' names by the hash that their PAN has under a terminal's key."""
        return {one.pan.keyed_hash(key): one.name for one in self._accounts.values()}

    def reset_pin_tries(self, name: str) -> None:
        """Let the account's holder try three PINs again."""
        books = self._opened()
        with books.commit():
            for key, account in self._accounts.items():
                if account.name == name:
                    books.set_pin_failures(key, 0)

    def _exchange(self, books: Books, message: bytes) -> bytes | None:
        request = decode_request(message, self._keys, self._now().date())
        if isinstance(request, Unacceptable):
            if request.heads is None:
                return None
            keys = self._keys(request.heads["41"], batch_of(request.heads))
            return answer_to(request.heads, Answered(request.code), keys)
        code = self._admission_code(request)
        answer: Answered | None = Answered(code)
        if code == APPROVED:
            with books.commit():
                answer = self._carry_out(books, by_serial(books, request))
                self._note_journal(books)
        if answer is None:
            return None
        asked = subject_of(request)
        return encode_answer(request, answer, self._keys(asked.terminal, asked.batch))

    def tie(self) -> Tie | None:
        """What the books know of the terminal's journal. Raises BooksError or sqlite3.Error."""
        return self._opened().tie()

    def begin_tie(self, identity: str, seq: int, digest: bytes) -> None:
        """Note the journal that is answered from now on; durable when this returns."""
        books = self._opened()
        with books.commit():
            books.set_tie(Tie(identity, self.key_check, seq, digest))

    def has_answered(self, terminal: str, batch: int, stan: int, reference: str) -> bool:
        """Whether the books hold this request with this reference number.

        `batch` is its number, as the terminal has it.
        """
        books = self._opened()
        entry = books.entry((terminal, serial_in(books, terminal, batch), stan))
        return entry is not None and entry.reference == reference

    @property
    def key_check(self) -> str:
        """Eight bytes in hex that change with the key under which accounts are found."""
        return hmac.new(self._hash_key.reveal(), b"pos-key-check", hashlib.sha256).hexdigest()[:16]

    def _note_journal(self, books: Books) -> None:
        """How far the journal goes that is answered, in the commit of the answer."""
        tie = books.tie() if self.journal_head is not None else None
        if tie is not None and self.journal_head is not None:
            seq, digest = self.journal_head()
            books.set_tie(replace(tie, seq=seq, hash=digest))

    def _admission_code(
        self, request: FinancialRequest | ReversalRequest | SettlementRequest
    ) -> str:
        """Refuses, without a trace in the books, what no terminal of ours would send."""
        asked = subject_of(request)
        currency = asked.amount.currency if isinstance(asked, Payment) else asked.currency
        registered = self._terminals.get(asked.terminal)
        if registered is None:
            return "97"
        if registered.merchant != asked.merchant:
            return "03"
        if registered.currency != currency.numeric:
            return "12"
        if isinstance(request, FinancialRequest) and request.payment.amount.minor == 0:
            return "13"
        return APPROVED

    def _carry_out(
        self, books: Books, request: FinancialRequest | ReversalRequest | SettlementRequest
    ) -> Answered | None:
        match request:
            case FinancialRequest():
                return self._decide(books, request)
            case ReversalRequest():
                return self._reverse(books, request)
            case SettlementRequest():
                return self._settle(books, request)

    def _decide(self, books: Books, request: FinancialRequest) -> Answered | None:
        place = request.payment.place
        account = request.card.pan.keyed_hash(self._hash_key)
        entry = books.entry(place)
        if entry is None:
            entry = self._new_entry(books, request, account)
            books.add(entry)
        elif not is_same(entry, request.payment, account) or entry.state is Standing.REVERSED:
            return Answered("94")
        if entry.muted:
            return None
        return Answered(
            response_code=entry.response_code,
            reference=entry.reference,
            authorisation_code=entry.authorisation_code,
            issuer_authentication_data=entry.issuer_data,
        )

    def _new_entry(self, books: Books, request: FinancialRequest, account: str) -> Booking:
        today, state = self._now().date(), Standing.REFUSED
        payment = request.payment
        if books.is_reversed(payment.place):
            decision, state = Decision("94"), Standing.BLOCKED
        elif books.settlement(payment.terminal, payment.batch) is not None:
            decision = Decision("12")
        else:
            decision = self._issuer.decide(books, request, account, today)
        approved = decision.code == APPROVED
        reference = self._reference(books)
        return Booking(
            **asked_of(payment, account),
            state=Standing.STANDING if approved else state,
            response_code=decision.code,
            reference=reference,
            authorisation_code=self._authorisation_code(reference) if approved else "",
            issuer_data=decision.issuer_data,
            cryptogram=decision.cryptogram,
            muted=decision.muted,
            decided_on=today.strftime("%Y%m%d"),
            undoes=decision.undoes,
        )

    def _settle(self, books: Books, request: SettlementRequest) -> Answered:
        settled = books.settlement(request.terminal, request.batch)
        if settled is None:
            settled = self._reference(books), books.totals(request.terminal, request.batch)
            books.settle(request.terminal, request.batch, *settled)
        reference, totals = settled
        code = APPROVED if totals == request.totals else "95"
        return Answered(code, reference=reference, host_totals=totals)

    def _reverse(self, books: Books, request: ReversalRequest) -> Answered:
        """Make sure that nothing stands of what `request` means, whether it came, comes or not.

        Voids and refunds that rest on a reversed sale fall with it, so that the account is even.
        What only has its numbers, as when a terminal gave them out twice, is left as it is, and
        the terminal is told: 64 for another kind or amount, 94 for another transaction.
        """
        payment = request.payment
        entry = books.entry(payment.place)
        if entry is not None:
            if (entry.kind, entry.amount_minor) != (payment.kind, payment.amount.minor):
                return Answered("64")
            if not self._is_meant(entry, request):
                return Answered("94")
        books.note_reversal(payment.place)
        if entry is not None and entry.state is Standing.STANDING:
            for resting in books.resting_on(entry.reference):
                books.reverse(resting)
            books.reverse(entry)
        return Answered(APPROVED)

    def _is_meant(self, entry: Booking, request: ReversalRequest) -> bool:
        """Whether `entry` is what a reversal means, as far as both of them say."""
        account = self._accounts.get(entry.account)
        last4 = account.pan.last4 if account is not None else ""
        meant = request.payment
        said = (
            (entry.merchant, meant.merchant),
            (entry.currency, meant.amount.currency.numeric),
            (entry.date, meant.date),
            (entry.time, meant.time),
            (last4, request.last4),
        )
        return all(ours == theirs or not ours or not theirs for ours, theirs in said)

    def _reference(self, books: Books) -> str:
        """Twelve digits: the year's last, the day of the year, and a number of eight digits.

        The number begins anew after 10**8, and the day after ten years: one in use is passed over.
        """
        while True:
            reference = self._now().strftime("%Y%j")[3:] + f"{books.next_number() % 10**8:08d}"
            if not books.is_reference(reference):
                return reference

    def _authorisation_code(self, reference: str) -> str:
        """Six digits that say nothing, the same at every asking."""
        digest = hmac.new(self._hash_key.reveal(), reference.encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(digest[:8], 'big') % 10**6:06d}"

    def _name(self, account: str) -> str:
        known = self._accounts.get(account)
        return known.name if known else f"unknown-{account[:8]}"

    def _opened(self) -> Books:
        if self._books is None:
            self._books = Books(self._path, self._kept)
        return self._books
