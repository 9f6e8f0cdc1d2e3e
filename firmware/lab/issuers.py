"""The issuers of the tray's cards: what they have in their books, for an acquirer to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct, ValidationError, convert

from firmware.acquirer.accounts import Account, AccountStatus
from firmware.core.masked import Pan, Pin, SecretKey
from hw.sim.cards.personalisation import TRAY, PersonalisationError, load_card


class InBooks(Struct, frozen=True, forbid_unknown_fields=True):
    """What a card's file says for its issuer's books, in minor units of the card's currency."""

    balance_minor: int | None = None
    credit_limit_minor: int | None = None
    status: AccountStatus = AccountStatus.ACTIVE


class CardAccount(Struct, frozen=True):
    """The account behind an application of a card.

    `issuer_data` says how the card makes its cryptograms: see `hw.sim.cards.cryptogram`.
    """

    account: Account
    aid: str
    issuer_data: str


def tray_accounts(folder: Path = TRAY) -> list[CardAccount]:
    """The accounts behind the tray, one an application. Raises PersonalisationError."""
    accounts = []
    for path in sorted(folder.glob("*.toml")):
        card = load_card(path)
        for number, application in enumerate(card.application, start=1):
            own = application.account
            if own.track2_pan:
                continue  # forged: no issuer has an account of it
            books = _in_books(path, application.issuer)
            account = Account(
                name=card.name if len(card.application) == 1 else f"{card.name}-{number}",
                pan=Pan(own.pan),
                psn=f"{own.sequence:02d}",
                expiry=own.expiry_yymm,
                pin=Pin(own.pin) if own.pin else None,
                balance_minor=books.balance_minor,
                credit_limit_minor=books.credit_limit_minor,
                imk_ac=SecretKey(bytes.fromhex(own.imk_ac)),
                cvn=application.cvn,
                status=books.status,
                arpc_method=application.arpc_method,
            )
            accounts.append(CardAccount(account, application.aid, application.issuer_data))
    return accounts


def _in_books(path: Path, issuer: Mapping[str, int | str]) -> InBooks:
    try:
        return convert(issuer, InBooks)
    except ValidationError as error:
        raise PersonalisationError(f"{path.name}: issuer: {error}") from error


@cache
def tray_books(folder: Path = TRAY) -> tuple[Account, ...]:
    """The issuers' accounts behind the cards of a tray, as the embedded host holds them."""
    return tuple(one.account for one in tray_accounts(folder))
