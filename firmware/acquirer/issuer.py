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


class _Payer(Struct, frozen=True):
    """Whose card it is, and the books that have the money; `key` is the keyed hash of its PAN."""

    books: BooksEngine
    key: str
    account: Account

    @property
    def issuer_key(self) -> IssuerKey:
        one = self.account
        return IssuerKey(one.imk_ac, one.pan, one.psn, one.cvn, one.arpc_method)

    def may_pay_in(self, currency: Currency) -> bool:
        """Whether this is the account's currency; one without a currency may pay in any."""
        return self.account.currency in ("", currency.numeric)

    def unfit_code(self, card: CardPresented, today: date) -> str:
        """Whether card and account are in use at all."""
        account = self.account
        if account.status in _REFUSED_STATUS:
            return _REFUSED_STATUS[account.status]
        expired = account.expiry < today.strftime("%y%m") or card.expiry != account.expiry
        return EXPIRED_CARD if expired else APPROVED

    def pin_code(self, card: CardPresented) -> str:
        """Check the PIN if one was sent; wrong ones are counted until a right one comes."""
        if card.pin is None:
            return APPROVED
        failures = self.books.pin_failures(self.key)
        if self.account.status is AccountStatus.PIN_BLOCKED or failures >= PIN_TRIES:
            return TOO_MANY_WRONG_PINS
        if self.account.pin is not None and card.pin == self.account.pin:
            if failures:
                self.books.set_pin_failures(self.key, 0)
            return APPROVED
        self.books.set_pin_failures(self.key, failures + 1)
        return TOO_MANY_WRONG_PINS if failures + 1 >= PIN_TRIES else WRONG_PIN

    def left_minor(self) -> int | None:
        """How much can still be charged or held, below nothing if overdrawn; None: any amount."""
        limit, funds = self.account.limit_minor, self.books.funds(self.key)
        return None if limit is None else limit - funds.spent_minor - funds.held_minor

    def funds_code(self, more_minor: int) -> str:
        """Whether so much more can be charged or held."""
        left = self.left_minor()
        enough = more_minor <= 0 or left is None or more_minor <= left
        return APPROVED if enough else INSUFFICIENT_FUNDS

    def limit_code(self, amount: Money, today: date) -> str:
        """Whether the account may be charged or hold `amount` more."""
        account, code = self.account, self.funds_code(amount.minor)
        if code != APPROVED:
            return code
        if account.day_count is None and account.day_limit_minor is None:
            return APPROVED
        count, sum_minor = self.books.sales_of_day(self.key, today.strftime("%Y%m%d"))
        if account.day_count is not None and count >= account.day_count:
            return USED_TOO_OFTEN
        limit = account.day_limit_minor
        over = limit is not None and sum_minor + amount.minor > limit
        return OVER_LIMIT if over else APPROVED


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
        payer = _Payer(books, account_id, account)
        issuer = payer.issuer_key
        checked = request.payment.kind in ASKS_THE_CARD or _asks_online(chip)
        if checked:
            code = _card_code(payer, request, chip)
            if code != APPROVED:
                return Decision(code)
        ruling = self._account_ruling(payer, request, today)
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
        payer = _Payer(books, account_id, account)
        issuer, told = payer.issuer_key, None
        if _asks_online(chip) and not is_genuine(issuer, chip):
            code = DECLINED
        elif (code := payer.unfit_code(card, today)) == APPROVED:
            code = payer.pin_code(card) if card.pin else WRONG_PIN
        if code == APPROVED:
            left = payer.left_minor()
            if left is None or not payer.may_pay_in(request.currency):
                code = CARD_NOT_ALLOWED
            else:
                told = Balance(left, request.currency)
        data = issuer_authentication_data(issuer, chip, code) if _asks_online(chip) else None
        return Decision(code, data, balance=told)

    def _account_ruling(self, payer: _Payer, request: FinancialRequest, today: date) -> Ruling:
        """The ruling by the account and, for a void, refund or completion, by the original.

        The PIN is checked before the funds, so that nobody without it learns what is left.
        """
        books, account = payer.books, payer.account
        payment, amount = request.payment, request.payment.amount
        asks = payment.kind in ASKS_THE_CARD
        if asks and not payer.may_pay_in(amount.currency):
            return Ruling(CARD_NOT_ALLOWED)
        if request.offline:
            return Ruling(APPROVED)  # the card has approved already: the money is owed
        # another card of the same account; a request that gives money back may lack the PSN
        if (request.card.psn or (NO_PSN if asks else account.psn)) != account.psn:
            return Ruling(INVALID_CARD)
        code = self._status_code(payer, request, today)
        if code == APPROVED:
            code = payer.pin_code(request.card)
        if code != APPROVED:
            return Ruling(code)
        match payment.kind:
            case Kind.SALE:
                return Ruling(payer.limit_code(amount, today))
            case Kind.PREAUTH:
                return Ruling(payer.limit_code(amount, today), holds_minor=amount.minor)
            case Kind.VOID | Kind.COMPLETION_VOID:
                return void_verdict(books, payment, payer.key)
            case Kind.REFUND:
                return refund_verdict(books, payment, payer.key)
            case Kind.PREAUTH_VOID:
                return release_verdict(books, payment, payer.key)
            case Kind.COMPLETION:
                since = holding_since(today, self._hold_days)
                ruling = completion_verdict(books, payment, payer.key, since)
                if ruling.code != APPROVED:
                    return ruling
                return replace(ruling, code=payer.funds_code(amount.minor + ruling.holds_minor))
            case _ as never:
                assert_never(never)

    def _status_code(self, payer: _Payer, request: FinancialRequest, today: date) -> str:
        """Whether the account may pay at all; giving money back to it is always allowed."""
        if request.payment.kind not in ASKS_THE_CARD:
            return APPROVED
        code = payer.unfit_code(request.card, today)
        if code != APPROVED:
            return code
        wanted = self._wanted_code(request)
        return wanted if wanted in RESPONSES and wanted != NEVER_ANSWERS else APPROVED

    def _wanted_code(self, request: FinancialRequest) -> str:
        return f"{request.payment.amount.minor % 100:02d}" if self._test_amounts else APPROVED

    def _is_never_answered(self, request: FinancialRequest) -> bool:
        # an offline sale is answered: it is never reversed, and its advice would be sent for ever
        asks = request.payment.kind in ASKS_THE_CARD and not request.offline
        return asks and self._wanted_code(request) == NEVER_ANSWERS


def _card_code(payer: _Payer, request: FinancialRequest, chip: Mapping[str, bytes]) -> str:
    """Check the cryptogram: of this card, over this very amount, not used before."""
    if not is_genuine(payer.issuer_key, chip):
        return DECLINED
    amount = request.payment.amount
    if request.payment.kind in ASKS_THE_CARD and (
        chip["9F02"].hex() != f"{amount.minor:012d}"
        or chip["5F2A"].hex() != amount.currency.numeric.rjust(4, "0")
    ):
        return DECLINED
    used = payer.books.cryptogram_used(payer.key, chip["9F26"])
    return DUPLICATE if used else APPROVED


def _chip_in(card: CardPresented) -> dict[str, bytes]:
    """The data of field 55 by their tags. Raises TlvError."""
    return {f"{one.tag:X}": one.value for one in tlv.parse(card.de55)}


def _asks_online(chip: Mapping[str, bytes]) -> bool:
    """Whether the chip data hold an ARQC. See EMV 4.4 Book 3, table 14."""
    return "9F26" in chip and chip.get("9F27", b"\x80")[:1] == b"\x80"
