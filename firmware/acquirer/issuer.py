"""The issuer's rules: which response code a sale, a void, a refund or an enquiry gets, and why.

Only reads the books, apart from the count of wrong PINs, which is part of the same commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from firmware.acquirer.accounts import Account, AccountStatus
from firmware.acquirer.cryptogram import IssuerKey, is_genuine, issuer_authentication_data
from firmware.acquirer.engine import BooksEngine
from firmware.acquirer.undoing import (
    Ruling,
    completion_verdict,
    holding_since,
    refund_verdict,
    release_verdict,
    void_verdict,
)
from firmware.core.kinds import ASKS_THE_CARD, Kind
from firmware.core.money import Currency, Money
from firmware.emv import tlv
from firmware.iso8583.messages import Balance, BalanceRequest, CardPresented, FinancialRequest
from firmware.iso8583.responses import (
    APPROVED,
    CARD_NOT_ALLOWED,
    DECLINED,
    DUPLICATE,
    EXPIRED_CARD,
    FORMAT_ERROR,
    INSUFFICIENT_FUNDS,
    INVALID_CARD,
    LOST_CARD,
    OVER_LIMIT,
    RESPONSES,
    RESTRICTED_CARD,
    STOLEN_CARD,
    TIMED_OUT,
    TOO_MANY_WRONG_PINS,
    USED_TOO_OFTEN,
    WRONG_PIN,
)

NEVER_ANSWERS = TIMED_OUT  # a test amount
NO_PSN = "00"  # of a card that has none. See EMV 4.4 Book 2, A1.4.1.
PIN_TRIES = 3
_REFUSED_STATUS = {
    AccountStatus.LOST: LOST_CARD,
    AccountStatus.STOLEN: STOLEN_CARD,
    AccountStatus.BLOCKED: RESTRICTED_CARD,
    AccountStatus.EXPIRED: EXPIRED_CARD,
}


class Decision(Struct, frozen=True):
    """What the issuer says."""

    code: str
    issuer_data: bytes | None = None  # tag 91
    cryptogram: bytes = b""
    undoes: str = ""  # reference of the original of a void, refund or completion
    muted: bool = False  # approved, and the answer is never sent: a test amount
    balance: Balance | None = None  # of an enquiry
    holds_minor: int = 0  # by how much what is held on the account rises


class Issuer:
    """Decides for the accounts that `account_of` gives, by the keyed hash of their PAN.

    With `test_amounts` the last two digits of a sale's amount are the response code, if it is one
    of responses.RESPONSES: nothing stands then, but x.68 stands and is never answered. An amount
    that ends in any other two digits is decided as it always is. A pre-authorisation holds for
    `hold_days`.
    """

    def __init__(
        self,
        account_of: Callable[[str], Account | None],
        *,
        test_amounts: bool,
        hold_days: int,
    ) -> None:
        self._account_of = account_of
        self._test_amounts = test_amounts
        self._hold_days = hold_days

    def decide(
        self, books: BooksEngine, request: FinancialRequest, account_id: str, today: date
    ) -> Decision:
        """The decision on a request that the books do not know yet."""
        account = self._account_of(account_id)
        if account is None:
            return Decision(INVALID_CARD)
        try:
            chip = _chip_in(request.card)
        except tlv.TlvError:
            return Decision(FORMAT_ERROR)
        issuer = _issuer_of(account)
        checked = request.payment.kind in ASKS_THE_CARD or _asks_online(chip)
        if checked:
            code = self._card_code(books, request, account_id, issuer, chip)
            if code != APPROVED:
                return Decision(code)
        ruling = self._account_ruling(books, request, account_id, account, today)
        code, approved = ruling.code, ruling.code == APPROVED
        return Decision(
            code,
            issuer_authentication_data(issuer, chip, code) if _asks_online(chip) else None,
            chip["9F26"] if checked else b"",
            ruling.undoes if approved else "",
            muted=approved and self._is_never_answered(request),
            holds_minor=ruling.holds_minor if approved else 0,
        )

    def balance(
        self, books: BooksEngine, request: BalanceRequest, account_id: str, today: date
    ) -> Decision:
        """The available amount; told only with the card's right PIN."""
        account, card = self._account_of(account_id), request.card
        if account is None or card.psn not in ("", account.psn):
            return Decision(INVALID_CARD)
        try:
            chip = _chip_in(card)
        except tlv.TlvError:
            return Decision(FORMAT_ERROR)
        issuer = _issuer_of(account)
        told = None
        if _asks_online(chip) and not is_genuine(issuer, chip):
            code = DECLINED
        elif (code := _unfit_code(card, account, today)) == APPROVED:
            code = _pin_code(books, card, account_id, account) if card.pin else WRONG_PIN
        if code == APPROVED:
            limit = account.limit_minor
            if limit is None or not _is_in(account, request.currency):
                code = CARD_NOT_ALLOWED
            else:
                funds = books.funds(account_id)
                told = Balance(limit - funds.spent_minor - funds.held_minor, request.currency)
        data = issuer_authentication_data(issuer, chip, code) if _asks_online(chip) else None
        return Decision(code, data, balance=told)

    def _account_ruling(
        self,
        books: BooksEngine,
        request: FinancialRequest,
        account_id: str,
        account: Account,
        today: date,
    ) -> Ruling:
        """What account and original say.

        The PIN comes before the money, so that nobody without it learns what is left.
        """
        asks = request.payment.kind in ASKS_THE_CARD
        if asks and not _is_in(account, request.payment.amount.currency):
            return Ruling(CARD_NOT_ALLOWED)
        if request.offline:
            return Ruling(APPROVED)  # the card has approved already: the money is owed
        # another card of the same account; what gives money back may have no card that tells
        if (request.card.psn or (NO_PSN if asks else account.psn)) != account.psn:
            return Ruling(INVALID_CARD)
        code = self._status_code(request, account, today)
        if code == APPROVED:
            code = _pin_code(books, request.card, account_id, account)
        if code != APPROVED:
            return Ruling(code)
        payment, amount = request.payment, request.payment.amount
        match payment.kind:
            case Kind.SALE:
                return Ruling(self._limit_code(books, account_id, account, amount, today))
            case Kind.PREAUTH:
                code = self._limit_code(books, account_id, account, amount, today)
                return Ruling(code, holds_minor=amount.minor)
            case Kind.VOID | Kind.COMPLETION_VOID:
                return void_verdict(books, payment, account_id)
            case Kind.REFUND:
                return refund_verdict(books, payment, account_id)
            case Kind.PREAUTH_VOID:
                return release_verdict(books, payment, account_id)
            case Kind.COMPLETION:
                since = holding_since(today, self._hold_days)
                ruling = completion_verdict(books, payment, account_id, since)
                if ruling.code != APPROVED:
                    return ruling
                more_minor = amount.minor + ruling.holds_minor
                return replace(ruling, code=_funds_code(books, account_id, account, more_minor))
            case _ as never:
                assert_never(never)

    def _card_code(
        self,
        books: BooksEngine,
        request: FinancialRequest,
        account_id: str,
        issuer: IssuerKey,
        chip: Mapping[str, bytes],
    ) -> str:
        """Check the cryptogram: of this card, over this very amount, not used before."""
        if not is_genuine(issuer, chip):
            return DECLINED
        amount = request.payment.amount
        if request.payment.kind in ASKS_THE_CARD and (
            chip["9F02"].hex() != f"{amount.minor:012d}"
            or chip["5F2A"].hex() != amount.currency.numeric.rjust(4, "0")
        ):
            return DECLINED
        return DUPLICATE if books.cryptogram_used(account_id, chip["9F26"]) else APPROVED

    def _status_code(self, request: FinancialRequest, account: Account, today: date) -> str:
        """Whether the account may pay at all; giving money back to it is always allowed."""
        if request.payment.kind not in ASKS_THE_CARD:
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
        asks = request.payment.kind in ASKS_THE_CARD and not request.offline
        return asks and self._wanted_code(request) == NEVER_ANSWERS

    def _limit_code(
        self, books: BooksEngine, account_id: str, account: Account, amount: Money, today: date
    ) -> str:
        """Whether the account may be charged or hold `amount` more."""
        code = _funds_code(books, account_id, account, amount.minor)
        if code != APPROVED:
            return code
        if account.day_count is None and account.day_limit_minor is None:
            return APPROVED
        count, sum_minor = books.sales_of_day(account_id, today.strftime("%Y%m%d"))
        if account.day_count is not None and count >= account.day_count:
            return USED_TOO_OFTEN
        limit = account.day_limit_minor
        over = limit is not None and sum_minor + amount.minor > limit
        return OVER_LIMIT if over else APPROVED


def _is_in(account: Account, currency: Currency) -> bool:
    """Whether the account may pay in this currency; one without a currency may pay in any."""
    return account.currency in ("", currency.numeric)


def _chip_in(card: CardPresented) -> dict[str, bytes]:
    """The data of field 55 by their tags. Raises TlvError."""
    return {f"{one.tag:X}": one.value for one in tlv.parse(card.de55)}


def _issuer_of(account: Account) -> IssuerKey:
    return IssuerKey(account.imk_ac, account.pan, account.psn, account.cvn, account.arpc_method)


def _funds_code(books: BooksEngine, account_id: str, account: Account, more_minor: int) -> str:
    """Whether so much more can be charged or held."""
    limit, funds = account.limit_minor, books.funds(account_id)
    if more_minor <= 0 or limit is None:
        return APPROVED
    enough = funds.spent_minor + funds.held_minor + more_minor <= limit
    return APPROVED if enough else INSUFFICIENT_FUNDS


def _unfit_code(card: CardPresented, account: Account, today: date) -> str:
    """Whether card and account are in use at all."""
    if account.status in _REFUSED_STATUS:
        return _REFUSED_STATUS[account.status]
    expired = account.expiry < today.strftime("%y%m") or card.expiry != account.expiry
    return EXPIRED_CARD if expired else APPROVED


def _asks_online(chip: Mapping[str, bytes]) -> bool:
    """Whether the chip data hold an ARQC. See EMV 4.4 Book 3, table 14."""
    return "9F26" in chip and chip.get("9F27", b"\x80")[:1] == b"\x80"


def _pin_code(books: BooksEngine, card: CardPresented, account_id: str, account: Account) -> str:
    """Check the PIN if one was sent; wrong ones are counted until a right one comes."""
    if card.pin is None:
        return APPROVED
    failures = books.pin_failures(account_id)
    if account.status is AccountStatus.PIN_BLOCKED or failures >= PIN_TRIES:
        return TOO_MANY_WRONG_PINS
    if account.pin is not None and card.pin == account.pin:
        if failures:
            books.set_pin_failures(account_id, 0)
        return APPROVED
    books.set_pin_failures(account_id, failures + 1)
    return TOO_MANY_WRONG_PINS if failures + 1 >= PIN_TRIES else WRONG_PIN
