"""What records and their projections are made of: kinds, results, and the facts that may be kept.

Nothing here holds a PAN, track data, a PIN or a key.
"""

from __future__ import annotations

import enum

import msgspec


class Kind(enum.Enum):
    """What a transaction does with money. The value is what the journal keeps: it never changes."""

    SALE = "sale"
    VOID = "void"  # of a sale
    REFUND = "refund"
    PREAUTH = "preauth"  # holds money on the account, and charges none
    PREAUTH_VOID = "preauth_void"  # releases what a pre-authorisation holds
    COMPLETION = "completion"  # charges what a pre-authorisation holds
    COMPLETION_VOID = "completion_void"  # gives it back, and holds it again

    @property
    def sign(self) -> int:
        """1 charges the account, -1 gives back to it, 0 only holds or releases."""
        return _SIGNS[self]

    @property
    def gives_back(self) -> bool:
        """Whether its amount has a minus: it is given back, or what was held is let go."""
        return self.is_void or self.sign < 0

    @property
    def is_void(self) -> bool:
        """Whether it takes back the whole of another transaction."""
        return self in _VOIDS


_SIGNS = {
    Kind.SALE: 1,
    Kind.VOID: -1,
    Kind.REFUND: -1,
    Kind.PREAUTH: 0,
    Kind.PREAUTH_VOID: 0,
    Kind.COMPLETION: 1,
    Kind.COMPLETION_VOID: -1,
}
_VOIDS = frozenset({Kind.VOID, Kind.PREAUTH_VOID, Kind.COMPLETION_VOID})
RESTS_ON: dict[Kind, tuple[Kind, ...]] = {  # what each undoes or completes
    Kind.SALE: (),
    Kind.VOID: (Kind.SALE,),
    Kind.REFUND: (Kind.SALE, Kind.COMPLETION),
    Kind.PREAUTH: (),
    Kind.PREAUTH_VOID: (Kind.PREAUTH,),
    Kind.COMPLETION: (Kind.PREAUTH,),
    Kind.COMPLETION_VOID: (Kind.COMPLETION,),
}
COUNTED = tuple(kind for kind in Kind if kind.sign)  # in the totals of a batch
TOLD_ALWAYS = (Kind.SALE, Kind.VOID, Kind.REFUND)  # the other sums only where there are any
CHARGES = tuple(kind for kind in Kind if kind.sign > 0)
GIVEN_BACK = tuple(kind for kind in Kind if kind.sign < 0)
ASKS_THE_CARD = (Kind.SALE, Kind.PREAUTH)  # whose cryptogram the issuer checks
USES_A_HOLD = (Kind.PREAUTH_VOID, Kind.COMPLETION)  # and names it by code and date
COMPLETION_PERCENT_MAX = 115  # of what is held. UnionPay's rule for pre-authorisations
HOLD_DAYS = 30  # so long it holds, unless a setting says otherwise. UnionPay's rule, too


class Result(enum.Enum):
    """How a transaction ended, for good; a refund may be PENDING before."""

    APPROVED = "approved"
    DECLINED = "declined"
    FAILED = "failed"  # no answer, card gone, answer unusable: nothing moved, or it is reversed
    PENDING = "pending"  # a refund that the acquirer has not answered: repeated until it has


class ReversalCause(enum.StrEnum):
    """Why a reversal was opened. The value is what the journal keeps: it never changes."""

    TIMED_OUT = "no answer: timed out"
    NO_LINE = "no answer: no line"
    GARBLED = "no answer: garbled"
    PART = "host: approved a part"
    HOST_FAULT = "host: not sure of its own answer"
    CARD_GONE = "card: card gone"
    CARD_MUTE = "card: card does not answer"
    CARD_DECLINED = "card: the host approved, the card did not"
    CARD_SIGNATURE = "card: the card's signature over its decision is wrong"
    CARD_ERROR = "card: card error"
    READER_LOST = "card: reader lost"
    POWER_LOST = "power lost"
    OUT_OF_SERVICE = "out of service"
    TAIL_LOST = "its outcome is missing"  # with the journal's last records

    @classmethod
    def of(cls, words: str) -> ReversalCause | str:
        """The cause that a record names; the words themselves where this release knows none."""
        try:
            return cls(words)
        except ValueError:
            return words


class EntryStep(enum.Enum):
    """Where a transaction was given up before its intent. The journal keeps the value."""

    AMOUNT = "amount"
    AMOUNT_CHECK = "amount check"
    CARD = "card"
    PIN = "PIN"
    PASSWORD = "password"  # noqa: S105 - a name, no secret
    OWED = "owed"
    ORIGINAL = "original"
    VOID_INSTEAD = "void instead"
    VOUCHER_NUMBER = "voucher number"
    UNDO = "undo"


class NotBegun(enum.Enum):
    """Why the terminal itself did not begin a transaction. The journal keeps the value."""

    OWED = "owed to the host"
    NO_PIN = "no PIN that the issuer checks"
    BATCH_FULL = "batch full"


class GuardKind(enum.Enum):
    """A warning that somebody may go on in spite of."""

    CLOCK = "clock"  # a date that the supervisor confirmed
    UNUSUAL_AMOUNT = "unusual amount"
    DUPLICATE = "duplicate"  # this card was charged this amount a moment ago


class EndCause(enum.Enum):
    """Why a till's order took no money. The value is what journal and API say: it never changes.

    Those up to OUT_OF_SERVICE are in the journal's OrderEnded; the others follow from the records
    of a payment that was begun.
    """

    NONE = ""  # it did, or is under way; or was ended by a release that kept words alone
    BY_TILL = "cancelled-by-till"
    AT_TERMINAL = "cancelled-at-terminal"  # somebody pressed CANCEL
    NOT_AGREED = "not-agreed-in-time"
    NO_CARD = "no-card-in-time"  # or its PIN was not keyed
    CARD_LIMIT = "card-over-limit"  # more than one card may pay in a day
    OWED_FIRST = "owed-first"  # a reversal or an advice must reach the acquirer first
    BATCH_FULL = "batch-full"
    REFUSED = "refused"  # another rule of the terminal's
    POWER_LOST = "power-lost"
    OUT_OF_SERVICE = "out-of-service"
    DECLINED = "declined"  # by acquirer or issuer: see the response code
    CARD_DECLINED = "declined-by-card"  # by the card, or by the terminal's own rules of it
    CARD_PULLED = "card-pulled"
    CARD_ERROR = "card-error"
    READER_LOST = "reader-lost"
    NO_ANSWER = "no-answer"  # the acquirer was asked, and has not answered, or not readably
    NO_LINE = "no-line"  # the acquirer cannot be reached
    PART_APPROVED = "part-approved"
    ACQUIRER_UNSURE = "acquirer-unsure"  # of its own answer
    OTHER = "other"


class Copy(enum.Enum):
    """Which paper a print job makes."""

    MERCHANT = "merchant"
    CARDHOLDER = "cardholder"
    SETTLEMENT = "settlement"
    FAULT = "fault"  # a reversal that could not be delivered: not a receipt
    DISPLAY = "display"  # the display is lost, and cannot say so itself: not a receipt


class CardFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What may be kept of a card. `hash` is HMAC-SHA-256 of the PAN under the terminal's key."""

    hash: str
    first6: str
    last4: str
    pan_length: int
    psn: str = ""  # card sequence number, 5F34
    expiry: str = ""  # always "": it is not kept after the authorisation
    scheme: str = ""  # issuer's or scheme's name on the receipt
    label: str = ""  # application label or preferred name
    aid: str = ""
    entry: str = "I"  # I: chip inserted


class EmvData(msgspec.Struct, frozen=True, kw_only=True):
    """The EMV data of one transaction, as upper-case hex, for receipt and dispute."""

    aid: str = ""
    label: str = ""
    tvr: str = ""
    tsi: str = ""
    atc: str = ""
    ac: str = ""
    ac_type: str = ""  # TC, ARQC or AAC
    cid: str = ""
    cvm_results: str = ""
    iad: str = ""
    unpredictable_number: str = ""
    arqc: str = ""
    test_keys: bool = False  # the terminal trusted test CA keys: not for trade


class Verification(enum.Enum):
    """How the cardholder was verified, as the receipt says it."""

    NONE = "none"
    SIGNATURE = "signature"
    PIN = "pin"
    PIN_AND_SIGNATURE = "pin+signature"


class OriginalRef(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction that a void or refund undoes.

    With `elsewhere` another terminal of this merchant sold or holds it: reference and date of a
    sale, authorisation code and date of a pre-authorisation are all that is known of it; batch and
    STAN are 0. The amount, 0 where it is not known, is for the journal alone: no message says it.
    """

    batch: int
    stan: int
    reference: str
    date: str  # YYYYMMDD of the shop
    amount_minor: int = 0  # of the currency of the void or refund
    authorisation_code: str = ""
    elsewhere: bool = False

    @property
    def number(self) -> str:
        """What is shown to people: the voucher number, or for another terminal's what was keyed."""
        return (self.reference or self.authorisation_code) if self.elsewhere else f"{self.stan:06d}"


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Approved transactions of a batch: counts and sums in minor units."""

    sales: int = 0
    sales_minor: int = 0
    voids: int = 0
    voids_minor: int = 0
    refunds: int = 0
    refunds_minor: int = 0
    completions: int = 0
    completions_minor: int = 0
    completion_voids: int = 0
    completion_voids_minor: int = 0

    @property
    def has_completions(self) -> bool:
        """Whether there is more than TOLD_ALWAYS: a completion, or the void of one."""
        return any(self.of(kind)[0] for kind in COUNTED if kind not in TOLD_ALWAYS)

    def of(self, kind: Kind) -> tuple[int, int]:
        """Count and sum of a kind of COUNTED."""
        return getattr(self, f"{kind.value}s"), getattr(self, f"{kind.value}s_minor")

    @property
    def charged_minor(self) -> int:
        """Sales and completions."""
        return sum(self.of(kind)[1] for kind in CHARGES)

    @property
    def given_back_minor(self) -> int:
        """Voids of both, and refunds."""
        return sum(self.of(kind)[1] for kind in GIVEN_BACK)

    @property
    def net_minor(self) -> int:
        """What the merchant is owed: what was charged less what was given back."""
        return self.charged_minor - self.given_back_minor
