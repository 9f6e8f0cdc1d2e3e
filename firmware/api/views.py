"""The journal and the board as the API's types: what a till is told; of a card, what `Card` has."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import cast

from msgspec import UNSET, Struct
from msgspec.structs import asdict, replace

from firmware import __version__
from firmware.api.causes import cause_of
from firmware.api.problems import Why, Wrong
from firmware.api.types import (
    FINAL,
    ORDERED,
    BatchTotalsNow,
    Card,
    OriginalSale,
    Paper,
    PaperStage,
    PaymentPaper,
    PaymentStage,
    PaymentState,
    Settlement,
    Sums,
    TerminalState,
)
from firmware.audit.data import reading
from firmware.core.config import Config
from firmware.core.exits import Refused
from firmware.core.kinds import Totals
from firmware.journal.keys import TerminalKeys
from firmware.journal.lookups import Lookups
from firmware.journal.operators import SUPERVISOR
from firmware.journal.order_records import OrderState
from firmware.journal.orders import OrderFound
from firmware.journal.transactions import PaperStands, PrintJob, Transaction
from firmware.payments.tills import NotNow, OrderStage, TillEvent
from firmware.terminal.till_inbox import Board
from hw.events import Device

READER, DISPLAY, KEYPAD = (part.value for part in (Device.READER, Device.DISPLAY, Device.KEYPAD))

_STANDS: dict[PaperStands, PaperStage] = {
    PaperStands.QUEUED: "queued",
    PaperStands.SENDING: "sending",
    PaperStands.PRINTED: "printed",
    PaperStands.UNHEARD: "unconfirmed",
    PaperStands.NEVER_HEARD: "unconfirmed",
    PaperStands.DOUBTFUL: "doubtful",
    PaperStands.DROPPED: "dropped",
}
_WAITING = ("queued", "sending", "held")


class Door(Struct, frozen=True):
    """The API's access to a terminal: where it posts, what it may read."""

    data: Path
    config: Config
    post: Callable[[TillEvent], None]
    board: Board
    signer: Callable[[], TerminalKeys]
    now: Callable[[], datetime]


@contextmanager
def journal_of(door: Door) -> Iterator[Lookups]:
    """The journal as it is at this moment. Raises Wrong when it cannot be read."""
    try:
        with reading(door.data) as journal:
            yield journal
    except (Refused, OSError):
        raise Wrong(Why.JOURNAL_UNAVAILABLE) from None


def payment_of(journal: Lookups, door: Door, order: OrderFound) -> PaymentState:
    """An order with its payment, as it is now."""
    taken, out = order.taken, door.board.standing.papers_out  # read before the journal: see _paper
    paid = journal.by_intent(order.intent) if order.intent else None
    state = _state(order, door)
    base = PaymentState(
        id=taken.id,
        kind=ORDERED[taken.kind],
        payment=taken.payment,
        state=state,
        final=state in FINAL,
        version=order.version,
        amount_minor=taken.amount_minor,
        currency=taken.currency,
        reference=taken.reference,
        taken_at=order.taken_at,
        cause=cause_of(order, paid).value,
        reason=order.ended.reason if order.ended is not None else "",
    )
    if paid is None:
        return base
    return _with(base, paid, [_paper(job, out) for job in journal.papers_of(order.intent)])


def _state(order: OrderFound, door: Door) -> PaymentStage:
    """The state by the journal; between two records, by how far the conversation has come."""
    standing = door.board.standing
    here = standing.order_id == order.taken.id
    if order.state is OrderState.AUTHORISING and not here:
        return "unknown"  # no flow carries it out now: it is reversed, or a refund is repeated
    if order.state is OrderState.TAKEN and here and standing.stage is not None:
        stage = standing.stage
        return "card" if stage is OrderStage.AUTHORISING else stage.value
    return order.state.value


def _paper(job: PrintJob, out: Container[int]) -> PaymentPaper:
    """A paper; one that is `out` may be recorded a little later."""
    held = job.held and job.state is PaperStands.QUEUED
    told: PaperStage = "held" if held else _STANDS[job.state]
    if job.job in out and told in _WAITING:
        told = "printed"
    return PaymentPaper(copy=job.copy.value, state=told, duplicate=job.duplicate)


def _with(base: PaymentState, paid: Transaction, papers: list[PaymentPaper]) -> PaymentState:
    original = paid.original
    return replace(
        base,
        reason=base.reason or paid.reversal or paid.reason,
        training=paid.training,
        batch=paid.batch,
        voucher=f"{paid.stan:06d}",
        authorisation_code=paid.authorisation_code,
        rrn=paid.reference,
        response_code=paid.response_code,
        offline=paid.offline,
        card=Card(last4=paid.card.last4, scheme=paid.card.scheme, entry=paid.card.entry),
        verification=paid.verification.value,
        paid_on=f"{paid.date} {paid.time}",
        voided=bool(paid.voided_by),
        refunded_minor=paid.refunded_minor,
        receipts_waiting=sum(paper.state in _WAITING for paper in papers),
        papers=papers,
        original=OriginalSale(
            batch=original.batch,
            voucher=f"{original.stan:06d}",
            rrn=original.reference,
            date=original.date,
        )
        if original is not None
        else UNSET,
    )


def terminal_of(journal: Lookups, door: Door) -> TerminalState:
    """How the terminal stands."""
    standing, config = door.board.standing, door.config
    merchant = config.merchant
    stands_against = _not_ready(journal, door)
    batch = journal.batch()
    return TerminalState(
        in_service=not standing.out_of_service,
        ready=not stands_against,
        not_ready=stands_against,
        busy=not standing.ready and not standing.out_of_service,
        faults=list(standing.faults),
        paper=cast("Paper", standing.paper),
        reader="lost" if READER in standing.faults else "card-in" if standing.card else "ready",
        display="lost" if DISPLAY in standing.faults else "ready",
        keypad="lost" if KEYPAD in standing.faults else "ready",
        line=standing.line.value,
        payment=standing.order_id,
        stage=standing.stage.value if standing.stage is not None else "",
        signed_on=bool(journal.signed_on()),
        training=journal.training(),
        batch=batch,
        batch_count=journal.count(batch),
        batch_full_at=config.batch.full_at,
        reversals_owed=journal.reversals_count(),
        advice_owed=len(journal.advices()),
        # those that are out are printed: the journal learns of it up to 10 s later
        receipts_waiting=sum(job.job not in standing.papers_out for job in journal.print_jobs()),
        settlement_open=journal.pending_settlement() is not None,
        clock=door.now().isoformat(timespec="seconds"),
        version=__version__,
        store=merchant.store,
        terminal=merchant.terminal,
        merchant=merchant.number,
        merchant_name=merchant.name,
        currency=config.currency.alpha,
        head=journal.head()[0],
    )


def _not_ready(journal: Lookups, door: Door) -> list[str]:
    """Why an order would be refused now: names of `NotNow`, or that the batch is full."""
    standing = door.board.standing
    operator = journal.signed_on()
    against = {
        NotNow.OUT_OF_SERVICE.value: standing.out_of_service,
        NotNow.BUSY.value: not standing.ready and not standing.out_of_service and bool(operator),
        NotNow.SIGNED_OFF.value: not operator,
        NotNow.SUPERVISOR.value: operator == SUPERVISOR,
        NotNow.TRAINING.value: journal.training(),
        NotNow.SETTLING.value: journal.pending_settlement() is not None,
        Why.BATCH_FULL.value.type: journal.count(journal.batch()) >= door.config.batch.full_at,
    }
    return [reason for reason, holds in against.items() if holds]


def totals_of(journal: Lookups, door: Door) -> BatchTotalsNow:
    """The open batch's totals."""
    batch = journal.batch()
    totals = asdict(journal.totals(batch))
    return BatchTotalsNow(batch=batch, currency=door.config.currency.alpha, **totals)


def settlement_of(journal: Lookups, door: Door, batch: int) -> Settlement:
    """How a batch was closed, or is being closed. Raises Wrong for one that is open."""
    currency = door.config.currency.alpha
    begun = journal.pending_settlement()
    if begun is not None and begun.batch == batch:
        return Settlement(
            batch=batch, state="settling", currency=currency, sums=_sums(begun.totals)
        )
    closed = journal.settlement(batch)
    if closed is None:
        raise Wrong(Why.NOT_FOUND)
    return Settlement(
        batch=batch,
        state="closed",
        currency=currency,
        sums=_sums(closed.totals),
        acquirer=_sums(closed.host_totals),
        balanced=closed.balanced,
        closed_on=f"{closed.date} {closed.time}",
    )


def _sums(totals: Totals) -> Sums:
    return Sums(**asdict(totals))
