"""What a journal tells once all is well again: what was approved, and what failed and came back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from firmware.core.kinds import Kind
from firmware.flows.outage import CLOCK
from firmware.iso8583.messages import (
    FinancialRequest,
    HostRequest,
    ReversalRequest,
    SettlementRequest,
    subject_of,
)
from firmware.journal.records import (
    AmountAgreed,
    DeviceFailed,
    DeviceRecovered,
    Record,
    TerminalStarted,
)
from firmware.journal.store import Journal
from firmware.journal.transactions import State
from tests.crash.expected import Expected, in_vain


def approved_in(journal: Journal) -> Counter[tuple[Kind, int]]:
    """Kinds and amounts of all that is approved."""
    found = journal.list_transactions(None, 1_000)
    return Counter((each.kind, each.amount_minor) for each in found if each.state is State.APPROVED)


def agreed_in(journal: Journal) -> Counter[tuple[Kind, int]]:
    """Kinds and amounts of all that somebody agreed to on the display."""
    records = (each.record for each in journal.records())
    return Counter(
        (each.kind, each.amount_minor) for each in records if isinstance(each, AmountAgreed)
    )


def untold(
    records: list[Record], expected: Iterable[Expected], unanswered: Iterable[HostRequest]
) -> Iterator[str]:
    """What the records ought to tell of a fault and its end and do not, in words.

    `unanswered` is what the host was asked and gave no good answer to.
    """
    failed = {each.device for each in records if isinstance(each, DeviceFailed)}
    for each in expected:
        if each.device and each.device not in failed:
            yield f"the journal does not know that the {each.device} failed"
        named = any(isinstance(record, each.record or Record) for record in records)
        if not named and CLOCK not in failed:
            yield f"the journal has no {each.record}"
    left = _left_broken(records)
    if left:
        yield f"the journal does not know that the {', '.join(left)} is back"
    told = {(type(record), _numbers(record)) for record in records}
    for request in unanswered:
        wanted = in_vain(request).record
        if (wanted, _numbers(request)) not in told:
            yield f"{subject_of(request).stan:06d} had no answer, and no {wanted} says so"


def _left_broken(records: Iterable[Record]) -> set[str]:
    """Parts that failed and never came back; a start looks at all of them anew."""
    left: set[str] = set()
    for record in records:
        match record:
            case TerminalStarted():
                left.clear()
            case DeviceFailed(device=device):
                left.add(device)
            case DeviceRecovered(device=device):
                left.discard(device)
    return left


def _numbers(of: Record | HostRequest) -> tuple[int, int]:
    """Batch and STAN, as far as there are any; a settlement is its batch's."""
    named = of.payment if isinstance(of, FinancialRequest | ReversalRequest) else of
    stan = 0 if isinstance(of, SettlementRequest) else getattr(named, "stan", 0)
    return getattr(named, "batch", 0), stan
