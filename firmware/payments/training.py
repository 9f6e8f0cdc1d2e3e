"""The acquirer of training mode: approves, and keeps no books, because nothing counts."""

from __future__ import annotations

from firmware.core.money import minor_of
from firmware.iso8583.messages import (
    Answered,
    Balance,
    BalanceRequest,
    LineRequest,
    SettlementRequest,
    subject_of,
)
from firmware.iso8583.responses import APPROVED

TRAINING_BALANCE = "1000"  # major units; of no real account


def training_answer(request: LineRequest) -> Answered:
    """Approve `request`; its reference says TRAINING where a real one has digits."""
    if isinstance(request, SettlementRequest):
        return Answered(APPROVED, host_totals=request.totals)
    if isinstance(request, BalanceRequest):
        currency = request.currency
        return Answered(APPROVED, balance=Balance(minor_of(TRAINING_BALANCE, currency), currency))
    reference = f"TRAIN{subject_of(request).stan:07d}"
    return Answered(APPROVED, reference=reference, authorisation_code="000000")
