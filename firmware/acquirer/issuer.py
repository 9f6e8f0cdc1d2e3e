"""The issuer's rules: which response code a sale, a void, a refund or an enquiry gets, and why.

Only reads the books, apart from the count of wrong PINs, which is part of the same commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from msgspec import Struct

from firmware.acquirer.accounts import Account, Status
from firmware.acquirer.booking import Booking, Standing
from firmware.acquirer.cryptogram import IssuerKey, is_genuine, issuer_authentication_data
from firmware.acquirer.engine import BooksEngine
from firmware.core.kinds import Kind, OriginalRef
from firmware.core.payment import Payment
from firmware.emv import tlv
from firmware.iso8583 import rounds
from firmware.iso8583.messages import Balance, BalanceRequest, CardPresented, FinancialRequest
from firmware.iso8583.responses import RESPONSES

APPROVED = "00"
NEVER_ANSWERS = "68"
NO_PIN, NOT_THIS_CARD = "55", "57"  # to an enquiry
NO_PSN = "00"  # of a card that has none. See EMV 4.4 Book 2, A1.4.1.
PIN_TRIES = 3
_REFUSED_STATUS = {
    Status.LOST: "41",
    Status.STOLEN: "43",
    Status.BLOCKED: "62",
    Status.EXPIRED: "54",
}


class Decision(Struct, frozen=True):
    """What the issuer says."""

    code: str
    issuer_data: bytes | None = None  # tag 91
    cryptogram: bytes = b""
    undoes: str = ""  # reference of the sale that a void or refund rests on
    muted: bool = False  # approved, and the answer is never sent: a test amount
    balance: Balance | None = None  # of an enquiry


class Accounts(Protocol):
    """The accounts that are known, by the keyed hash of their PAN."""

    def get(self, key: str, /) -> Account | None: ...


class Issuer:
    """Decides for the accounts it is given, by their keyed hash.

    With `test_amounts` the last two digits of a sale's amount are the response code, if it is one
    of responses.RESPONSES: nothing stands then, but x.68 stands and is never answered. An amount
    that ends in any other two digits is decided as it always is.
    """

    def __init__(self, accounts: Accounts, *, test_amounts: bool) -> None:
        self._accounts = accounts
        self._test_amounts = test_amounts

    def decide(
        self, books: BooksEngine, request: FinancialRequest, account_id: str, today: date
    ) -> Decision:
        """The decision on a request that the books do not know yet."""
        account = self._accounts.get(account_id)
        if account is None:
            return Decision("14")
        try:
            chip = {f"{one.tag:X}": one.value for one in tlv.parse(request.card.de55)}
        except tlv.TlvError:
            return Decision("30")
        issuer = IssuerKey(
            account.imk_ac, account.pan, account.psn, account.cvn, account.arpc_method
        )
        checked = request.payment.kind is Kind.SALE or _asks_online(chip)
        if checked:
            code = self._card_code(books, request, account_id, issuer, chip)
            if code != APPROVED:
                return Decision(code)
        code, undoes = self._account_code(books, request, account_id, account, today)
        approved = code == APPROVED
        return Decision(
            code,
            issuer_authentication_data(issuer, chip, code) if _asks_online(chip) else None,
            chip["9F26"] if checked else b"",
            undoes if approved else "",
            muted=approved and self._is_never_answered(request),
        )

    def balance(
        self, books: BooksEngine, request: BalanceRequest, account_id: str, today: date
    ) -> Decision:
        """What there is to spend, told to nobody without the card's PIN."""
        account, card = self._accounts.get(account_id), request.card
        if account is None or card.psn not in ("", account.psn):
            return Decision("14")
        try:
            chip = {f"{one.tag:X}": one.value for one in tlv.parse(card.de55)}
        except tlv.TlvError:
            return Decision("30")
        issuer = IssuerKey(
            account.imk_ac, account.pan, account.psn, account.cvn, account.arpc_method
        )
        told = None
        if _asks_online(chip) and not is_genuine(issuer, chip):
            code = "05"
        elif (code := _unfit_code(card, account, today)) == APPROVED:
            code = _pin_code(books, card, account_id, account) if card.pin else NO_PIN
        if code == APPROVED and account.limit_minor is None:
            code = NOT_THIS_CARD
        elif code == APPROVED and account.limit_minor is not None:
            left = account.limit_minor - books.spent_minor(account_id)
            told = Balance(left, request.currency)
        data = issuer_authentication_data(issuer, chip, code) if _asks_online(chip) else None
        return Decision(code, data, balance=told)

    def _account_code(
        self,
        books: BooksEngine,
        request: FinancialRequest,
        account_id: str,
        account: Account,
        today: date,
    ) -> tuple[str, str]:
        """The code, and the reference of the original that a void or refund rests on.

        The PIN comes before the money, so that nobody without it learns what is left.
        """
        if request.offline:
            return APPROVED, ""  # the card has approved already: the money is owed
        # another card of the same account; what gives money back may have no card that tells
        said = request.card.psn or (NO_PSN if request.payment.kind is Kind.SALE else account.psn)
        if said != account.psn:
            return "14", ""
        code = self._status_code(request, account, today)
        if code == APPROVED:
            code = _pin_code(books, request.card, account_id, account)
        if code != APPROVED:
            return code, ""
        match request.payment.kind:
            case Kind.SALE:
                return self._limit_code(books, request, account_id, account, today), ""
            case Kind.VOID:
                return _void_code(books, request.payment, account_id)
            case Kind.REFUND:
                return _refund_code(books, request.payment, account_id)

    def _card_code(
        self,
        books: BooksEngine,
        request: FinancialRequest,
        account_id: str,
        issuer: IssuerKey,
        chip: Mapping[str, bytes],
    ) -> str:
        """Whether the card itself is there, saying this very amount, and for the first time."""
        if not is_genuine(issuer, chip):
            return "05"
        amount = request.payment.amount
        if request.payment.kind is Kind.SALE and (
            chip["9F02"].hex() != f"{amount.minor:012d}"
            or chip["5F2A"].hex() != amount.currency.numeric.rjust(4, "0")
        ):
            return "05"
        return "94" if books.cryptogram_used(account_id, chip["9F26"]) else APPROVED

    def _status_code(self, request: FinancialRequest, account: Account, today: date) -> str:
        """Whether the account may pay at all; giving money back to it is always allowed."""
        if request.payment.kind is not Kind.SALE:
            return APPROVED
        code = _unfit_code(request.card, account, today)
        if code != APPROVED:
            return code
        wanted = self._wanted_code(request)
        return wanted if wanted in RESPONSES and wanted != NEVER_ANSWERS else APPROVED

    def _wanted_code(self, request: FinancialRequest) -> str:
        return f"{request.payment.amount.minor % 100:02d}" if self._test_amounts else APPROVED

    def _is_never_answered(self, request: FinancialRequest) -> bool:
        # what a card approved by itself is no question: no reversal would end the silence
        asks = request.payment.kind is Kind.SALE and not request.offline
        return asks and self._wanted_code(request) == NEVER_ANSWERS

    def _limit_code(
        self,
        books: BooksEngine,
        request: FinancialRequest,
        account_id: str,
        account: Account,
        today: date,
    ) -> str:
        limit, amount = account.limit_minor, request.payment.amount.minor
        if limit is not None and books.spent_minor(account_id) + amount > limit:
            return "51"
        if account.day_count is None and account.day_limit_minor is None:
            return APPROVED
        count, sum_minor = books.sales_of_day(account_id, today.strftime("%Y%m%d"))
        if account.day_count is not None and count >= account.day_count:
            return "65"
        if account.day_limit_minor is not None and sum_minor + amount > account.day_limit_minor:
            return "61"
        return APPROVED


def _unfit_code(card: CardPresented, account: Account, today: date) -> str:
    """Whether card and account are in use at all."""
    if account.status in _REFUSED_STATUS:
        return _REFUSED_STATUS[account.status]
    expired = account.expiry < today.strftime("%y%m") or card.expiry != account.expiry
    return "54" if expired else APPROVED


def _asks_online(chip: Mapping[str, bytes]) -> bool:
    """Whether the chip data hold an ARQC. See EMV 4.4 Book 3, table 14."""
    return "9F26" in chip and chip.get("9F27", b"\x80")[:1] == b"\x80"


def _void_code(books: BooksEngine, payment: Payment, account_id: str) -> tuple[str, str]:
    """The code and the original's reference: same batch, same card, whole amount, once."""
    named = payment.original
    original = books.entry((payment.terminal, named.batch, named.stan)) if named else None
    if named is None or original is None or original.merchant != payment.merchant:
        return "25", ""
    if not _is_meant(original, named, payment):
        return "25", ""
    code = _original_code(original, payment, account_id)
    if code != APPROVED:
        return code, ""
    if payment.batch != original.batch or books.resting_on(original.reference):
        return "12", ""
    return (APPROVED if payment.amount.minor == original.amount_minor else "64"), original.reference


def _refund_code(books: BooksEngine, payment: Payment, account_id: str) -> tuple[str, str]:
    """The code and the original's reference: any batch, same card, up to what is left."""
    original = _refunded_original(books, payment)
    if original is None or original.merchant != payment.merchant:
        return "25", ""
    code = _original_code(original, payment, account_id)
    if code != APPROVED:
        return code, ""
    resting = books.resting_on(original.reference)
    if any(entry.kind is Kind.VOID for entry in resting):
        return "12", ""
    left = original.amount_minor - sum(entry.amount_minor for entry in resting)
    return (APPROVED if payment.amount.minor <= left else "64"), original.reference


def _is_meant(original: Booking, named: OriginalRef, payment: Payment) -> bool:
    """Whether the sale with these numbers is the one that is meant, as far as that is said.

    On a line that does not say when a sale was, the day is the acquirer's, and at midnight, or as
    clocks differ, the terminal may call it another: a reference number tells which is meant.
    """
    if named.reference not in ("", original.reference):
        return False
    apart = abs(_day(named.date) - _day(original.date)) if named.date else 0
    return apart <= (1 if named.reference and not payment.date else 0)


def _day(digits: str) -> int:
    """The day's number; one that there is not is far from all others."""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).toordinal()
    except ValueError:
        return -(10**6)


def _refunded_original(books: BooksEngine, payment: Payment) -> Booking | None:
    """The sale that a refund names by reference, by number or by both; they must agree."""
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
    """Whether these numbers are the entry's; a batch of long ago has a later one's number."""
    return stan == entry.stan and rounds.number_of(batch) == rounds.number_of(entry.batch)


def _original_code(original: Booking, payment: Payment, account_id: str) -> str:
    """Whether `original` is a standing sale of this card."""
    if original.kind is not Kind.SALE or original.currency != payment.amount.currency.numeric:
        return "12"
    if original.account != account_id:
        return "14"
    return APPROVED if original.state is Standing.STANDING else "25"


def _pin_code(books: BooksEngine, card: CardPresented, account_id: str, account: Account) -> str:
    """Check the PIN if one was sent; wrong ones are counted until a right one comes."""
    if card.pin is None:
        return APPROVED
    failures = books.pin_failures(account_id)
    if account.status is Status.PIN_BLOCKED or failures >= PIN_TRIES:
        return "75"
    if account.pin is not None and card.pin == account.pin:
        if failures:
            books.set_pin_failures(account_id, 0)
        return APPROVED
    books.set_pin_failures(account_id, failures + 1)
    return "75" if failures + 1 >= PIN_TRIES else "55"
