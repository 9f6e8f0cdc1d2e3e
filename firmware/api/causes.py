"""Why a payment took no money, as a code of a closed set, by which a till can decide.

The words beside it (`reason`) are for people who read a log, and may change.
"""

from __future__ import annotations

from firmware.core.kinds import EndCause, ReversalCause
from firmware.journal.orders import OrderFound
from firmware.journal.transactions import State, Transaction

_REVERSED = {
    ReversalCause.TIMED_OUT: EndCause.NO_ANSWER,
    ReversalCause.NO_LINE: EndCause.NO_LINE,
    ReversalCause.GARBLED: EndCause.NO_ANSWER,
    ReversalCause.PART: EndCause.PART_APPROVED,
    ReversalCause.HOST_FAULT: EndCause.ACQUIRER_UNSURE,
    ReversalCause.CARD_GONE: EndCause.CARD_PULLED,
    ReversalCause.CARD_MUTE: EndCause.CARD_ERROR,
    ReversalCause.CARD_DECLINED: EndCause.CARD_DECLINED,
    ReversalCause.CARD_SIGNATURE: EndCause.CARD_DECLINED,
    ReversalCause.CARD_ERROR: EndCause.CARD_ERROR,
    ReversalCause.READER_LOST: EndCause.READER_LOST,
    ReversalCause.POWER_LOST: EndCause.POWER_LOST,
    ReversalCause.OUT_OF_SERVICE: EndCause.OUT_OF_SERVICE,
    ReversalCause.TAIL_LOST: EndCause.OTHER,
}


def cause_of(order: OrderFound, paid: Transaction | None) -> EndCause:
    """Why it took no money; NONE while it may take some or has, or if no record says why."""
    if order.ended is not None:
        return order.ended.cause
    if paid is None:
        return EndCause.NONE
    match paid.state:
        case State.DECLINED:
            return EndCause.CARD_DECLINED if paid.offline else EndCause.DECLINED
        case State.REVERSING | State.REVERSED:
            return _by(paid.reversal)
        case State.FAILED:
            return _by(paid.reason)
    return EndCause.NONE


def _by(reason: ReversalCause | str) -> EndCause:
    return _REVERSED[reason] if isinstance(reason, ReversalCause) else EndCause.OTHER
