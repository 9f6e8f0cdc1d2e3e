"""The personalisation data of the modelled cards: the TOML files of the tray, read strictly.

One file a card, one `[[application]]` a payment application. Amounts are minor units, dates
YYYY-MM-DD, everything that goes to the wire as it is stands in hex.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from hw.sim.cards import tlv
from hw.sim.cards.rsa import RsaKey

HERE = Path(__file__).parent
TRAY = HERE / "tray"

CVM_METHODS = {  # EMV 4.4 Book 3, C3, byte 1 bits 6-1
    "fail": 0x00,
    "plaintext-pin": 0x01,
    "online-pin": 0x02,
    "plaintext-pin-and-signature": 0x03,
    "enciphered-pin": 0x04,
    "enciphered-pin-and-signature": 0x05,
    "signature": 0x1E,
    "no-cvm": 0x1F,
}
CVM_CONDITIONS = {  # EMV 4.4 Book 3, C3, byte 2
    "always": 0x00,
    "unattended-cash": 0x01,
    "not-cash": 0x02,
    "supported": 0x03,
    "manual-cash": 0x04,
    "cashback": 0x05,
    "under-x": 0x06,
    "over-x": 0x07,
    "under-y": 0x08,
    "over-y": 0x09,
}
ELSE_NEXT = 0x40
ISSUERS_BEFORE = {"balance_minor", "credit_limit_minor", "status"}
CDOL_1 = ("9F02 06", "9F03 06", "9F1A 02", "95 05", "5F2A 02", "9A 03", "9C 01", "9F37 04")


class PersonalisationError(ValueError):
    """A card file that cannot be made into a card; names the file and the key."""


class _Strict(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    pass


class Account(_Strict, frozen=True, kw_only=True):
    """Whose card it is."""

    pan: str
    sequence: int = 1
    expires: dt.date = dt.date(2049, 12, 31)  # the last year that YY can say, Book 4, 6.7.3
    effective: dt.date = dt.date(2024, 1, 1)
    holder: str = "TEST/CARD"
    service_code: str = "201"
    pin: str | None = None
    pin_tries: int = 3
    track2_pan: str = ""  # another account's number in 57 than in 5A: no sound card has one
    imk_ac: str
    imk_smi: str
    imk_smc: str

    def __repr__(self) -> str:
        return f"Account(***{self.pan[-4:]})"

    def __post_init__(self) -> None:
        if not self.pan.isdigit() or not luhn_valid(self.pan):
            raise ValueError("pan: digits with a valid check digit are expected")

    @property
    def expiry_yymm(self) -> str:
        return self.expires.strftime("%y%m")


class Cvm(_Strict, frozen=True, kw_only=True):
    """The cardholder verification method list: amounts X and Y, then `METHOD CONDITION`."""

    amount_x_minor: int = 0
    amount_y_minor: int = 0
    rules: tuple[str, ...]

    def encoded(self) -> bytes:
        """Tag 8E. See EMV 4.4 Book 3, 10.5 and C3."""
        amounts = self.amount_x_minor.to_bytes(4, "big") + self.amount_y_minor.to_bytes(4, "big")
        return amounts + b"".join(_cvm_rule(rule) for rule in self.rules)


class ActionCodes(_Strict, frozen=True, kw_only=True):
    """Issuer action codes, 5 bytes each in hex."""

    denial: str = "0000000000"
    online: str = "0000000000"
    default: str = "0000000000"


class Risk(_Strict, frozen=True, kw_only=True):
    """How the card itself decides. See EMV 4.4 Book 3, 9.3 and annex A of the card's scheme."""

    offline_limit_minor: int = 0  # a TC is given up to this amount, once asked for
    consecutive_offline_limit: int = 0  # so many times in a row
    unable_to_go_online: Literal["decline", "approve"] = "decline"
    issuer_authentication: Literal["mandatory", "optional"] = "mandatory"


class ApplicationFile(_Strict, frozen=True, kw_only=True):
    """One application on a card."""

    aid: str
    label: str
    preferred_name: str = ""
    priority: int = 1
    confirm: bool = False  # the cardholder has to confirm its selection
    blocked: bool = False
    refuses_gpo: bool = False  # 6985: conditions of use, in the application's own view
    account: Account
    issuer: dict[str, int | str] = {}  # what the issuer's books say: no card reads it
    country: str = "0156"
    currency: str = "0156"
    version: str = "0002"
    usage_control: str = "FFC0"
    pdol: tuple[str, ...] = ()
    gpo_format: Literal[1, 2] = 2
    authentication: Literal["none", "sda", "dda", "cda"] = "dda"
    cvm: Cvm | None = None
    action_codes: ActionCodes = ActionCodes()
    cdol1: tuple[str, ...] = CDOL_1
    cdol2: tuple[str, ...] = ("8A 02", *CDOL_1)
    ddol: str | None = "9F37 04"
    cvn: Literal[0x0A, 0x10, 0x12, 0x14, 0xA5]
    issuer_data: Literal["visa", "unionpay", "mchip", "ccd"]
    arpc_method: Literal[1, 2] = 1
    issuer_authentication_by: Literal["external-authenticate", "generate-ac"]
    ac_format: Literal[1, 2] = 2
    risk: Risk = Risk()
    icc_key: str | None = None
    pin_key: str | None = None
    lower_offline_limit: int | None = None  # 9F14
    upper_offline_limit: int | None = None  # 9F23

    @property
    def rid(self) -> str:
        return self.aid[:10]

    @property
    def aip(self) -> bytes:
        """Tag 82 as the rest of the file implies it. See EMV 4.4 Book 3, C1."""
        offers = {"none": 0, "sda": 0x40, "dda": 0x20, "cda": 0x21}[self.authentication]
        offers |= 0x10 if self.cvm else 0
        offers |= 0x04 if self.issuer_authentication_by == "external-authenticate" else 0
        return bytes([offers | 0x08, 0])


class CardFile(_Strict, frozen=True, kw_only=True):
    """One card."""

    name: str
    about: str
    protocol: Literal["T=0", "T=1"] = "T=0"
    atr: str
    pse: bool = True
    language: str = ""  # ISO 639 codes of two letters in order of preference, tag 5F2D; none: ""
    card_blocked: bool = False
    wrong_signature: bool = False  # a copy that lacks the card's private key
    application: tuple[ApplicationFile, ...]


class TestKeys(_Strict, frozen=True, kw_only=True):
    """`keys.toml`: private keys of the test CAs and issuers by RID, of the cards by name."""

    ca: dict[str, RsaKey]
    issuer: dict[str, RsaKey]
    card: dict[str, RsaKey]
    ca_index: dict[str, int]


def _cvm_rule(rule: str) -> bytes:
    words = rule.split()
    more = words[-1] == "else-next"
    method, condition = words[:2] if len(words) == 2 + more else ("", "")
    if method not in CVM_METHODS or condition not in CVM_CONDITIONS:
        raise ValueError(f"cvm.rules: `METHOD CONDITION [else-next]` is expected, not {rule!r}")
    return bytes([CVM_METHODS[method] | ELSE_NEXT * more, CVM_CONDITIONS[condition]])


def luhn_valid(digits: str) -> bool:
    """Whether the check digit is right. See ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def load_card(path: Path) -> CardFile:
    """Read one card file. Raises PersonalisationError."""
    try:
        return _card_of(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PersonalisationError(f"{path.name}: {error}") from error


@lru_cache(maxsize=64)  # every bench that is built puts the whole tray on it
def _card_of(content: bytes) -> CardFile:
    tables = msgspec.toml.decode(content)
    _move_issuers(tables)
    card = msgspec.convert(tables, CardFile, builtin_types=(dt.date,))
    for application in card.application:
        _check(application)
    return card


def _move_issuers(tables: dict[str, Any]) -> None:
    """Files of earlier releases have what the issuer's books say in the account's table."""
    applications = tables.get("application")
    for application in applications if isinstance(applications, list) else ():
        match application:
            case {"account": dict(account), **others}:
                before = {name: account.pop(name) for name in ISSUERS_BEFORE & account.keys()}
                if before and "issuer" not in others:
                    application["issuer"] = before
                elif before:
                    raise ValueError(f"account: {', '.join(sorted(before))}: belongs into issuer")


def _check(application: ApplicationFile) -> None:
    """Find what would only show in the middle of a transaction."""
    if application.cvm:
        application.cvm.encoded()
    for entries in (application.pdol, application.cdol1, application.cdol2):
        tlv.dol_entries(tlv.dol(entries))
    if application.authentication in ("dda", "cda") and not application.icc_key:
        raise ValueError(f"icc_key: {application.authentication} needs a key of the card's own")


@cache
def load_keys() -> TestKeys:
    """Read the test keys. Raises OSError and KeyError, for the file is this package's own."""
    raw = tomllib.loads((HERE / "keys.toml").read_text())

    def keys(kind: str) -> dict[str, RsaKey]:
        return {
            name: RsaKey(int(entry["p"], 16), int(entry["q"], 16), entry["exponent"])
            for name, entry in raw[kind].items()
        }

    indexes = {rid: entry["index"] for rid, entry in raw["ca"].items()}
    return TestKeys(ca=keys("ca"), issuer=keys("issuer"), card=keys("card"), ca_index=indexes)
