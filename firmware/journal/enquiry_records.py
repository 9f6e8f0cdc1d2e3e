"""Records of balance enquiries: who asked about which card, and how it ended.

No money moves, so there is neither intent nor outcome; the balance itself is in no record.
"""

from __future__ import annotations

from firmware.core.kinds import CardFacts
from firmware.journal.base import Base, OfVoucher


class BalanceAsked(OfVoucher, frozen=True):
    """An enquiry took the next voucher number; durable before the acquirer is asked."""

    card: CardFacts
    operator: str
    merchant: str  # 15-character merchant number
    terminal: str
    date: str  # YYYYMMDD, the shop's
    time: str  # HHMMSS
    training: bool = False


class BalanceAnswered(OfVoucher, frozen=True):
    """What the acquirer said to an enquiry: ISO 8583 field 39, or why there was no answer."""

    response_code: str
    reference: str = ""
    reason: str = ""
    training: bool = False


class BalanceAbandoned(Base, frozen=True):
    """An enquiry was given up before anything was sent."""

    step: str
    reason: str


EnquiryRecord = BalanceAsked | BalanceAnswered | BalanceAbandoned
