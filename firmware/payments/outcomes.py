"""What is recorded of a payment at its end, whether the answer came at once or late."""

from __future__ import annotations

from firmware.core.kinds import EmvData, Result, ReversalCause, Verification
from firmware.core.payment import Payment
from firmware.iso8583.messages import Answered
from firmware.journal.records import OutcomeRecorded


def answered(
    payment: Payment,
    result: Result,
    answer: Answered,
    verification: Verification,
    emv: EmvData,
    *,
    offline: bool = False,
    chip: bytes = b"",
) -> OutcomeRecorded:
    """The outcome by the acquirer's answer, or with `offline` by the card's own decision.

    `chip` is field 55 with the card's last cryptogram, where it is kept to be uploaded.
    """
    return OutcomeRecorded(
        kind=payment.kind,
        batch=payment.batch,
        stan=payment.stan,
        result=result,
        response_code=answer.response_code,
        authorisation_code=answer.authorisation_code,
        reference=answer.reference,
        issuer=answer.issuer,
        verification=verification,
        emv=emv,
        offline=offline,
        ask_issuer=answer.ask_issuer and result is Result.APPROVED,
        chip_data=chip.hex().upper(),
        training=payment.training,
    )


def unanswered(
    payment: Payment,
    result: Result,
    cause: ReversalCause,
    verification: Verification = Verification.NONE,
    emv: EmvData | None = None,
) -> OutcomeRecorded:
    """The outcome of a refund without an answer.

    PENDING, its card sealed with its intent; or FAILED, where it has not left the terminal.
    """
    return OutcomeRecorded(
        kind=payment.kind,
        batch=payment.batch,
        stan=payment.stan,
        result=result,
        response_code="",
        reason=cause.value,
        verification=verification,
        emv=emv or EmvData(),
    )
