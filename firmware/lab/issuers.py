"""The issuers of the tray's cards: what they have in their books, for an acquirer to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class CardAccount:
    """One account; `imk_ac` has 16 bytes.

    `cvn` and `issuer_data` say how the card makes its cryptograms, `arpc_method` how it wants to
    be answered: see `hw.sim.cards.cryptogram`.
    """

    name: str
    aid: str
    pan: str = field(repr=False)
    psn: int
    expiry: str  # YYMM
    pin: str | None = field(repr=False)
    cvn: int
    issuer_data: str
    arpc_method: int
    imk_ac: bytes = field(repr=False)
    books: InBooks


def tray_accounts(folder: Path = TRAY) -> list[CardAccount]:
    """The accounts behind the tray, one an application. Raises PersonalisationError."""
    accounts = []
    for path in sorted(folder.glob("*.toml")):
        card = load_card(path)
        for number, application in enumerate(card.application, start=1):
            own = application.account
            if own.track2_pan:
                continue  # forged: no issuer has an account of it
            accounts.append(
                CardAccount(
                    name=card.name if len(card.application) == 1 else f"{card.name}-{number}",
                    aid=application.aid,
                    pan=own.pan,
                    psn=own.sequence,
                    expiry=own.expiry_yymm,
                    pin=own.pin,
                    cvn=application.cvn,
                    issuer_data=application.issuer_data,
                    arpc_method=application.arpc_method,
                    imk_ac=bytes.fromhex(own.imk_ac),
                    books=_in_books(path, application.issuer),
                )
            )
    return accounts


def _in_books(path: Path, issuer: Mapping[str, int | str]) -> InBooks:
    try:
        return convert(issuer, InBooks)
    except ValidationError as error:
        raise PersonalisationError(f"{path.name}: issuer: {error}") from error


@cache
def tray_books(folder: Path = TRAY) -> tuple[Account, ...]:
    """The issuers' accounts behind the cards of a tray, as the embedded host holds them."""
    return tuple(
        Account(
            name=one.name,
            pan=Pan(one.pan),
            psn=f"{one.psn:02d}",
            expiry=one.expiry,
            pin=Pin(one.pin) if one.pin else None,
            balance_minor=one.books.balance_minor,
            credit_limit_minor=one.books.credit_limit_minor,
            imk_ac=SecretKey(one.imk_ac),
            cvn=one.cvn,
            status=one.books.status,
            arpc_method=one.arpc_method,
        )
        for one in tray_accounts(folder)
    )
