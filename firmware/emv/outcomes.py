"""What the three stages of a card session give back: plain values in closed unions."""

from __future__ import annotations

import enum

from msgspec import Struct

from firmware.core.masked import Pan, Pin, Track2


class EndReason(enum.Enum):
    """Why a card session ended without the card's decision, in words for a log."""

    NO_APPLICATION = "no application in common"
    CARD_BLOCKED = "card blocked"
    APPLICATION_BLOCKED = "application blocked"
    NOT_ACCEPTED = "not accepted"
    CANCELLED = "cancelled"
    CARD_GONE = "card removed"
    CARD_MUTE = "card does not answer"
    READER_LOST = "reader lost"
    CARD_ERROR = "card error"


class DeclineReason(enum.Enum):
    """Why a transaction was declined, in words for a log."""

    TERMINAL = "declined by the terminal's action analysis"
    CARD = "declined by the card"
    SERVICE_NOT_ALLOWED = "the card does not allow this service"
    CDA_FAILED = "the card's signature over its decision is wrong"
    NO_CRYPTOGRAM_WANTED = "refund or zero amount: an AAC was asked for, as it should be"
    HOST = "declined by the host"
    CARD_AFTER_HOST = "the host approved, the card did not"
    UNABLE_TO_GO_ONLINE = "no answer from the host, and offline is not allowed"


class CardData(Struct, frozen=True):
    """Who the card is, from its records; dates are YYMMDD, codes decimal, languages ISO 639."""

    pan: Pan
    psn: str  # two digits, or "" when the card has none
    expiry: str
    effective: str | None
    track2: Track2 | None  # with '=' as separator, padding dropped
    aid: bytes
    label: str
    preferred_name: str | None
    languages: tuple[str, ...]
    service_code: str | None
    country: str | None  # ISO 3166 numeric of the issuer
    currency: str | None  # ISO 4217 numeric of the application
    online_pin: bool = False  # its list of verification methods has a PIN that the issuer checks


class CvmResult(Struct, frozen=True):
    """How the cardholder was verified, for the receipt and the acquirer."""

    signature_required: bool = False
    pin_verified: bool = False  # by the card, offline
    online_pin: bool = False
    no_cvm: bool = False  # none was needed

    @property
    def words(self) -> str:
        """The methods in words."""
        said = [
            word
            for flag, word in (
                (self.pin_verified, "PIN verified by the card"),
                (self.online_pin, "online PIN"),
                (self.signature_required, "signature"),
                (self.no_cvm, "no verification required"),
            )
            if flag
        ]
        return ", ".join(said) or "cardholder not verified"


class EmvFacts(Struct, frozen=True):
    """What a receipt and the journal keep of a card's decision; holds no card number."""

    aid: bytes
    label: str
    tvr: bytes
    tsi: bytes
    atc: int
    ac: bytes
    ac_type: str  # "AAC", "TC" or "ARQC"
    cid: int
    cvm_results: bytes
    iad: bytes
    unpredictable_number: bytes
    cvm: CvmResult
    script_results: bytes = b""  # 5 bytes a script, tag 9F5B


class Ended(Struct, frozen=True):
    """The session has ended without a final decision of the card."""

    reason: EndReason
    detail: str = ""


class Identified(Struct, frozen=True):
    """The card is known; nothing was decided yet."""

    card: CardData


class _Untold(Struct, frozen=True):
    """An outcome with field 55. Its repr leaves that out: logs must not have card data."""

    def __repr__(self) -> str:
        told = (name for name in self.__struct_fields__ if name != "de55")
        return f"{type(self).__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in told)})"


class OnlineRequested(_Untold, frozen=True):
    """The card asks for an authorisation: send `de55`, then call `complete`."""

    de55: bytes
    facts: EmvFacts
    online_pin: Pin | None  # in clear; the line enciphers it


class ApprovedOffline(_Untold, frozen=True):
    """The card approved by itself: `de55` holds its TC, to be uploaded."""

    facts: EmvFacts
    de55: bytes = b""


class DeclinedOffline(_Untold, frozen=True):
    """Declined before the acquirer was asked."""

    facts: EmvFacts
    reason: DeclineReason
    de55: bytes = b""


class Approved(_Untold, frozen=True):
    """Approved, by acquirer and card, or by the card when the acquirer did not answer."""

    facts: EmvFacts
    de55: bytes = b""
    offline: bool = False  # True: Y3, unable to go online and approved by the card


class Declined(_Untold, frozen=True):
    """Declined after the acquirer was asked; CARD_AFTER_HOST and CDA_FAILED need a reversal."""

    facts: EmvFacts
    reason: DeclineReason
    de55: bytes = b""


class OnlineAnswer(Struct, frozen=True):
    """The acquirer's answer. `scripts`: the templates 71 and 72, one after another."""

    response_code: str  # two characters, tag 8A
    issuer_authentication_data: bytes | None = None  # value of tag 91, 8–16 bytes
    scripts: bytes = b""


class UnableToGoOnline(Struct, frozen=True):
    """The acquirer did not answer. `decline`: the terminal does not let the card decide alone."""

    decline: bool = False


IdentifyOutcome = Identified | Ended
DecideOutcome = OnlineRequested | ApprovedOffline | DeclinedOffline | Ended
CompleteOutcome = Approved | Declined | Ended
