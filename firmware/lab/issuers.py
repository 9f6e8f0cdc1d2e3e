"""The issuers of the tray's cards: what they have in their books, for an acquirer to begin with.

And field 55 with a genuine cryptogram, made without a card: for requests of terminals of the lab.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct, ValidationError, convert

from firmware.acquirer.accounts import Account, AccountStatus
from firmware.core.masked import Pan, Pin, SecretKey
from firmware.core.money import Money
from firmware.emv.tlv import encode
from hw.sim.cards import cryptogram as card_side
from hw.sim.cards.des import icc_master_key
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


def chip_data(payer: Account, layout: str, amount: Money, atc: int) -> bytes:
    """The data of an ARQC over `amount`; `layout` of 9F10 as hw.sim.cards.cryptogram has it."""
    cvn = payer.cvn
    counter, unpredictable = (atc & 0xFFFF).to_bytes(2, "big"), atc.to_bytes(4, "big")
    findings = card_side.CardFindings(first=card_side.AcType.ARQC)
    told = card_side.issuer_application_data(layout, cvn, findings)
    data = {
        0x9F02: bytes.fromhex(f"{amount.minor:012d}"),
        0x9F03: bytes(6),
        0x9F1A: bytes.fromhex("0156"),
        0x95: bytes(5),
        0x5F2A: bytes.fromhex(amount.currency.numeric.rjust(4, "0")),
        0x9A: bytes.fromhex("260314"),
        0x9C: b"\0",
        0x9F37: unpredictable,
    }
    master = icc_master_key(payer.imk_ac.reveal(), payer.pan.reveal(), int(payer.psn))
    key = card_side.session_key(cvn, master, counter, unpredictable)
    profile = bytes.fromhex("7C00")
    made = card_side.application_cryptogram(cvn, key, data, (profile, counter, told))
    whole = data | {0x82: profile, 0x9F36: counter, 0x9F10: told, 0x9F26: made, 0x9F27: b"\x80"}
    return b"".join(encode(tag, value) for tag, value in whole.items())
