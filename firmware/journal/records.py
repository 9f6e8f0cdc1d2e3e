"""The journal's records: what happened, in past participles, as typed and strict structures.

A record never holds a PAN, track data, a PIN or a key: a card is its keyed hash and the digits a
receipt may show. Records are encoded as JSON with a `type` tag; fields are only ever added, with a
default, so that every release reads the journals of all earlier ones.
"""

from __future__ import annotations

from firmware.core.kinds import CardFacts, EmvData, GuardKind, Kind, Result, Totals, Verification
from firmware.core.payment import Payment
from firmware.journal.advice_records import AdviceRecord, ScriptRecord
from firmware.journal.base import Base, OfVoucher
from firmware.journal.enquiry_records import EnquiryRecord
from firmware.journal.order_records import OrderRecord
from firmware.journal.paper_records import PaperRecord
from firmware.journal.payments import RecordedPayment, fields_of


class KeyIntroduced(Base, frozen=True):
    """The terminal signs with this key from the next record on; the first names its own."""

    public_key: str  # Ed25519, 32 bytes in hex
    card_key_check: str  # short keyed digests: they tell a swapped key, and nothing else
    pepper_check: str


class TerminalStarted(Base, frozen=True):
    """The terminal came up."""

    version: str
    schema: int


class AmountAgreed(Base, frozen=True):
    """ENTER on the amount check: the sale is bound to this very frame."""

    kind: Kind
    amount_minor: int
    currency: str
    frame_sha256: str  # of the 1,024 packed bytes of the display, rows of 16 bytes
    shown_at_ms: int
    pressed_at_ms: int
    key: str = "ENTER"
    order_id: str = ""  # of a till's order


class EntryAbandoned(Base, frozen=True):
    """A transaction given up before its intent: nothing was sent, nothing moved."""

    kind: Kind
    step: str
    reason: str
    amount_minor: int = 0


class GuardOverridden(Base, frozen=True):
    """A warning was shown and somebody went on."""

    guard: GuardKind
    shown: str
    operator: str
    amount_minor: int = 0


class IntentRecorded(RecordedPayment, Base, frozen=True):
    """Durable before anything leaves the terminal that could move money."""

    @classmethod
    def of(
        cls, payment: Payment, card: CardFacts, *, frame_sha256: str, undo: bool = False
    ) -> IntentRecorded:
        """The intent to carry `payment` out with `card`, agreed to on the frame of that hash."""
        return cls(card=card, frame_sha256=frame_sha256, undo=undo, **fields_of(payment))


class OutcomeRecorded(Base, frozen=True):
    """What the acquirer and the card answered; ends an intent.

    A refund without an answer is PENDING first: its advice is sent until it is answered, and
    the answer is another outcome.
    """

    kind: Kind
    batch: int
    stan: int
    result: Result
    response_code: str  # ISO 8583 field 39, or "" when there was none
    reason: str = ""
    authorisation_code: str = ""
    reference: str = ""
    verification: Verification = Verification.NONE
    emv: EmvData = EmvData()
    offline: bool = False
    ask_issuer: bool = False  # the acquirer wants it confirmed with the issuer
    training: bool = False
    issuer: str = ""  # its institution code, where the answer names it
    chip_data: str = ""  # field 55 in hex, of the card's last word, where it will be uploaded


class ReversalOpened(OfVoucher, frozen=True):
    """The intent may stand and must be undone: a reversal is sent until it is confirmed."""

    reason: str
    training: bool = False


class ReversalAttempted(OfVoucher, frozen=True):
    """A reversal was sent and not confirmed: no answer, or a refusal."""

    attempt: int
    detail: str = ""
    training: bool = False


class ReversalConfirmed(OfVoucher, frozen=True):
    """The acquirer has confirmed the reversal: nothing of the intent stands."""

    response_code: str
    training: bool = False


class OperatorSignedOn(Base, frozen=True):
    """An operator signed on."""

    operator: str
    training: bool = False


class OperatorSignedOff(Base, frozen=True):
    """The operator signed off."""

    operator: str


class PasswordFailed(Base, frozen=True):
    """A wrong password; `failures` counts since the last right one."""

    operator: str
    failures: int
    purpose: str


class PasswordChanged(Base, frozen=True):
    """A password was changed by its owner or reset by `by`."""

    operator: str
    by: str
    digest: str = ""  # SHA-256 of the stored password hash: an exchanged one shows in `pos verify`


class OperatorAdded(Base, frozen=True):
    """A cashier was added."""

    operator: str
    by: str
    digest: str = ""


class OperatorRemoved(Base, frozen=True):
    """A cashier was deleted."""

    operator: str
    by: str


class SettingsRecorded(Base, frozen=True):
    """All settings, by key: at the first start of which the journal knows any."""

    settings: dict[str, str]  # as TOML has them; secrets masked


class SettingChanged(Base, frozen=True):
    """A setting is another one than at the start before; "" is none."""

    key: str
    before: str
    after: str
    by: str


class MasterKeyLoaded(Base, frozen=True):
    """Another master key of the acquirer's line, put in at the keypad; `check` is its check value.

    4 bytes in hex: they tell which key it is, and nothing of it.
    """

    check: str
    by: str


class BatchOpened(Base, frozen=True):
    """A new batch takes transactions; `told` where its number is the acquirer's."""

    batch: int
    told: bool = False


class SettlementStarted(Base, frozen=True):
    """The totals are fixed; an interrupted settlement goes on from here."""

    batch: int
    totals: Totals
    operator: str


class SettlementAnswered(Base, frozen=True):
    """The acquirer's answer about the totals; the upload that it needs is not complete yet."""

    batch: int
    host_totals: Totals
    balanced: bool


class BatchUploaded(Base, frozen=True):
    """The acquirer has taken the details of `count` transactions of an unbalanced batch, in all.

    `stans` are those of this message; releases before did not say them.
    """

    batch: int
    count: int
    stans: tuple[int, ...] = ()


class ChipUploaded(OfVoucher, frozen=True):
    """The acquirer has answered the chip's data of a transaction: they are not sent again.

    `taken` is false if it refused them; no money depends on that.
    """

    response_code: str
    taken: bool


class SettlementCompleted(Base, frozen=True):
    """The batch is closed; `balanced` tells whether the acquirer agrees."""

    batch: int
    totals: Totals
    host_totals: Totals
    balanced: bool
    operator: str
    date: str
    time: str


class CopyRestored(OfVoucher, frozen=True):
    """The journal goes on from a copy of itself; what came after it ended with this voucher."""


class HeadRenewed(Base, frozen=True):
    """The file that says where the journal ends was missing or damaged, and was made again.

    Until then a missing tail could not be noticed.
    """

    reason: str


class TailLost(Base, frozen=True):
    """Records up to this one were written and are missing; a person let the journal go on."""

    seq: int
    hash: str  # of the last one that is known, hex


class BooksReplaced(Base, frozen=True):
    """The embedded host's books were lost, and a person allowed others in their place."""

    before: str  # their identity


class DeviceFailed(Base, frozen=True):
    """A device stopped working."""

    device: str
    detail: str


class DeviceRecovered(Base, frozen=True):
    """A device works again."""

    device: str


class ClockJumped(Base, frozen=True):
    """Wall time went backwards, or forwards without the monotonic clock."""

    by_s: int


class TrainingSwitched(Base, frozen=True):
    """Training mode was switched on or off."""

    on: bool
    by: str


PaymentRecord = (
    IntentRecorded | OutcomeRecorded | ReversalOpened | ReversalAttempted | ReversalConfirmed
)
StaffRecord = OperatorAdded | PasswordChanged | OperatorRemoved
SettingRecord = SettingsRecorded | SettingChanged
LossRecord = HeadRenewed | TailLost | BooksReplaced
BatchRecord = (
    BatchOpened
    | SettlementStarted
    | SettlementAnswered
    | BatchUploaded
    | ChipUploaded
    | SettlementCompleted
)
Record = (
    KeyIntroduced
    | TerminalStarted
    | AmountAgreed
    | EntryAbandoned
    | GuardOverridden
    | PaymentRecord
    | AdviceRecord
    | ScriptRecord
    | PaperRecord
    | OperatorSignedOn
    | OperatorSignedOff
    | PasswordFailed
    | StaffRecord
    | SettingRecord
    | BatchRecord
    | DeviceFailed
    | DeviceRecovered
    | ClockJumped
    | CopyRestored
    | LossRecord
    | TrainingSwitched
    | MasterKeyLoaded
    | EnquiryRecord
    | OrderRecord
)
