"""The journal and the board as the API's types: what a till is told, and nothing of cards else."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import cast

from msgspec import Struct

from firmware import __version__
from firmware.api.problems import Wrong
from firmware.api.types import (
    FINAL,
    BatchTotalsNow,
    Card,
    Paper,
    PaymentState,
    Receipt,
    ReceiptLine,
    State,
    TerminalState,
)
from firmware.audit.data import reading
from firmware.core.config import Config
from firmware.core.exits import Refused
from firmware.core.kinds import Copy
from firmware.journal.keys import TerminalKeys
from firmware.journal.lookups import Lookups
from firmware.journal.orders import OrderFound, OrderState
from firmware.journal.transactions import PrintJob, Transaction
from firmware.payments.tills import OrderStage, TillEvent
from firmware.receipts.papers import Papers
from firmware.terminal.tills import Board
from hw.ports import Line, Qr


class Door(Struct, frozen=True):
    """All that the API knows of a terminal: where it posts, what it may read."""

    data: Path
    config: Config
    post: Callable[[TillEvent], None]
    board: Board
    signer: Callable[[], TerminalKeys]
    now: Callable[[], datetime]


class _Source(Struct, frozen=True):
    journal: Lookups
    signer: TerminalKeys


@contextmanager
def journal_of(door: Door) -> Iterator[Lookups]:
    """The journal as it is at this moment. Raises Wrong when it cannot be read."""
    try:
        with reading(door.data) as journal:
            yield journal
    except (Refused, OSError):
        raise Wrong("journal-unavailable") from None


def payment_of(journal: Lookups, door: Door, order: OrderFound) -> PaymentState:
    """An order with its payment, as it is now."""
    taken, out = order.taken, door.board.standing.papers_out  # before what the journal says of them
    paid = journal.by_intent(order.intent) if order.intent else None
    state = _state(order, door)
    base = PaymentState(
        id=taken.id,
        kind=taken.kind.value,
        payment=taken.payment,
        state=state,
        final=state in FINAL,
        version=order.version,
        amount_minor=taken.amount_minor,
        currency=taken.currency,
        reference=taken.reference,
        taken_at=order.taken_at,
        reason=order.ended.reason if order.ended is not None else "",
    )
    return base if paid is None else _with(base, paid, _papers_waiting(journal, out))


def _state(order: OrderFound, door: Door) -> State:
    """By the journal, and between its records by how far the conversation has come."""
    standing = door.board.standing
    here = standing.order_id == order.taken.id
    if order.state is OrderState.AUTHORISING and not here:
        return "unknown"  # nobody carries it out: it will be reversed
    if order.state is OrderState.TAKEN and here and standing.stage is not None:
        stage = standing.stage
        return "card" if stage is OrderStage.AUTHORISING else stage.value
    return order.state.value


def _papers_waiting(journal: Lookups, out: Container[int]) -> list[PrintJob]:
    """Papers that are owed and not `out`: the journal hears of those up to ten seconds later."""
    return [job for job in journal.print_jobs() if job.job not in out]


def _with(base: PaymentState, paid: Transaction, papers: list[PrintJob]) -> PaymentState:
    from msgspec.structs import replace  # noqa: PLC0415

    paid_as = (paid.batch, paid.stan, paid.training)
    waiting = [job for job in papers if (job.batch, job.stan, job.training) == paid_as]
    return replace(
        base,
        reason=base.reason or paid.reason,
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
        receipts_waiting=len(waiting),
    )


def terminal_of(journal: Lookups, door: Door) -> TerminalState:
    """How the terminal stands."""
    standing, config = door.board.standing, door.config
    merchant = config.merchant
    signed_on, training = journal.signed_on(), journal.training()
    batch = journal.batch()
    count = journal.count(batch)
    open_settlement = journal.pending_settlement() is not None
    can = bool(signed_on) and not training and not open_settlement
    return TerminalState(
        in_service=not standing.out_of_service,
        ready=standing.ready and can and count < config.batch.full_at,
        busy=not standing.ready and not standing.out_of_service,
        faults=list(standing.faults),
        paper=cast("Paper", standing.paper),
        payment=standing.order_id,
        stage=standing.stage.value if standing.stage is not None else "",
        signed_on=bool(signed_on),
        training=training,
        batch=batch,
        batch_count=count,
        batch_full_at=config.batch.full_at,
        reversals_owed=len(journal.reversals()),
        advice_owed=len(journal.uploads()),
        receipts_waiting=len(_papers_waiting(journal, standing.papers_out)),
        settlement_open=open_settlement,
        clock=door.now().isoformat(timespec="seconds"),
        version=__version__,
        store=merchant.store,
        terminal=merchant.terminal,
        merchant=merchant.number,
        merchant_name=merchant.name,
        currency=config.currency.alpha,
        head=journal.head()[0],
    )


def totals_of(journal: Lookups, door: Door) -> BatchTotalsNow:
    """The open batch's totals."""
    batch = journal.batch()
    totals = journal.totals(batch)
    return BatchTotalsNow(
        batch=batch,
        currency=door.config.currency.alpha,
        sales=totals.sales,
        sales_minor=totals.sales_minor,
        voids=totals.voids,
        voids_minor=totals.voids_minor,
        refunds=totals.refunds,
        refunds_minor=totals.refunds_minor,
    )


def receipt_of(journal: Lookups, door: Door, order: OrderFound) -> Receipt:
    """The cardholder's copy. Raises Wrong where there is no transaction."""
    paid = journal.by_intent(order.intent) if order.intent else None
    if paid is None:
        raise Wrong("no-receipt")
    columns = 32 if door.config.printer.width_mm == 58 else 48
    job = PrintJob(
        job=0,
        copy=Copy.CARDHOLDER,
        batch=paid.batch,
        stan=paid.stan,
        duplicate=False,
        state="queued",
        training=paid.training,
    )
    document = Papers(_Source(journal, door.signer()), door.config, columns).compose(job)
    lines = [
        ReceiptLine(
            text=part.text,
            size=part.size.name.lower(),
            align=part.align.name.lower(),
            bold=part.bold,
        )
        for part in document
        if isinstance(part, Line)
    ]
    qr = next((part.data for part in document if isinstance(part, Qr)), "")
    return Receipt(id=order.taken.id, columns=columns, lines=lines, qr=qr)


def plain(receipt: Receipt) -> str:
    """A receipt as text of so many half-width columns; what is centred on paper is here, too."""
    rows = []
    for line in receipt.lines:
        width = sum(1 if character.isascii() else 2 for character in line.text)
        spare = max(0, receipt.columns - width)
        indent = {"centre": spare // 2, "right": spare}.get(line.align, 0)
        rows.append(" " * indent + line.text)
    return "\n".join(rows) + "\n"
