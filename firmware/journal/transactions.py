"""A transaction as the journal tells it: the projection of an intent and all that followed."""

from __future__ import annotations

import enum

import msgspec

from firmware.core.kinds import Copy, EmvData, ReversalCause, Verification
from firmware.core.money import Money, currency_of
from firmware.journal.payments import RecordedPayment


class State(enum.Enum):
    """The state of a transaction; an order that it belongs to has the state of the same text."""

    OPEN = "open"  # the intent is recorded, no outcome yet
    APPROVED = "approved"
    DECLINED = "declined"
    FAILED = "failed"  # ended without an approval and nothing moved
    PENDING = "pending"  # a refund that is repeated until the acquirer has answered
    REVERSING = "reversing"  # a reversal is owed to the acquirer
    REVERSED = "reversed"


class BatchState(enum.StrEnum):
    """Where a batch stands."""

    OPEN = "open"
    SETTLING = "settling"  # its settlement has begun, and fixed the totals
    CLOSED = "closed"


class Transaction(RecordedPayment, frozen=True, kw_only=True):
    """One row of the journal's projection. Amounts are minor units of `currency` (ISO 4217)."""

    state: State
    frame_sha256: str = ""
    response_code: str = ""
    reason: ReversalCause | str = ""  # why a refund had no answer; or an earlier release's text
    authorisation_code: str = ""
    reference: str = ""
    issuer: str = ""  # its institution code, where the acquirer's answer names it
    verification: Verification = Verification.NONE
    emv: EmvData = EmvData()
    offline: bool = False
    ask_issuer: bool = False  # to be confirmed with the issuer
    chip_data: str = ""  # field 55 in hex, of the card's last word, where it is to be uploaded
    reversal: ReversalCause | str = ""  # why it is or was reversed; or an earlier release's text
    voided_by: int = 0  # voucher number of the approved void, in the same batch but of a hold
    completed_by: int = 0  # voucher number of the approved completion of this pre-authorisation
    refunded_minor: int = 0  # sum of approved refunds and of refunds still open
    settled: bool = False
    reprints: int = 0  # papers that were marked as duplicates
    record_seq: int = 0  # number of the record that ended it
    record_hash: str = ""  # hash of the record that ended it, for the receipt's QR

    @property
    def refunded(self) -> Money:
        """Approved refunds, and those still open."""
        return Money(self.refunded_minor, currency_of(self.currency))

    @property
    def left(self) -> Money:
        """What may still be refunded."""
        return self.amount - self.refunded


class PaperStands(enum.StrEnum):
    """The state of a paper. Only the first two are owed."""

    QUEUED = "queued"
    SENDING = "sending"
    PRINTED = "printed"
    UNHEARD = "unheard"  # sent, to a printer that is not heard: in doubt once it is
    NEVER_HEARD = "never heard"  # as UNHEARD, but older than the last ten
    DOUBTFUL = "doubtful"  # it may or may not be whole: a duplicate is queued in its place
    DROPPED = "dropped"  # not wanted any more


class PrintJob(msgspec.Struct, frozen=True, kw_only=True):
    """A paper. `sending` at start-up means that its fate is unknown."""

    job: int
    copy: Copy
    batch: int
    stan: int
    duplicate: bool
    state: PaperStands
    training: bool = False
    held: bool = False  # until a key, or the next start
    queued_at: str = ""  # ISO 8601, with the shop's offset


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """A sale that a card approved by itself, or a refund, that the acquirer has not answered."""

    transaction: Transaction
    attempts: int
    told: bool = False  # a fault slip was made of it


class ScriptResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an issuer's scripts that the acquirer has not answered; `de55` is field 55."""

    transaction: Transaction
    attempts: int
    de55: bytes


class Reversal(msgspec.Struct, frozen=True, kw_only=True):
    """A reversal that the acquirer has not confirmed."""

    transaction: Transaction
    reason: ReversalCause | str  # or an old journal's word
    attempts: int
    told: bool = False  # a fault slip was made of it
