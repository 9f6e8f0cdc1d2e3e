"""What the routes do: ask the terminal in its inbox, read the journal, wait for what changes.

A request that the terminal does not begin in time is withdrawn and answered `busy`: it is then
never carried out. Once a record is made, the answer is never an error.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from concurrent.futures import Future

import msgspec
from msgspec import Struct
from msgspec.structs import asdict

from firmware.api.news import EventFeed, News
from firmware.api.problems import Why, Wrong, refused
from firmware.api.types import (
    ORDERED,
    PaymentOrder,
    PaymentPage,
    PaymentState,
    RefundOrder,
    VoidOrder,
)
from firmware.api.views import Door, journal_of, payment_of
from firmware.core.kinds import Kind
from firmware.journal.lookups import Lookups
from firmware.journal.order_records import NexoMessage, OrderLine, OrderTaken
from firmware.journal.orders import PAGE_MAX
from firmware.journal.transactions import Transaction
from firmware.payments.originals import date_of, reference_to
from firmware.payments.tills import (
    Done,
    NotNow,
    OrderStopped,
    TillAnswer,
    TillAsked,
    TillRequest,
)

PATIENCE_S = (5.0, 20.0)  # for a request to be begun, and to be answered once it was
_WAYS = "name the sale in one way: payment; voucher with batch or date; rrn with date"
_LOG = logging.getLogger(__name__)


class Service:
    """One terminal, for all tills."""

    def __init__(self, door: Door, *, patience_s: tuple[float, float] = PATIENCE_S) -> None:
        self.door = door
        self._patience_s = patience_s
        self.news = News(door)
        self.feed = EventFeed(door, self.news)

    # -- orders -------------------------------------------------------------------------------

    async def put(
        self,
        name: str,
        order: PaymentOrder,
        till: str,
        *,
        digest: str = "",
        salt: str = "",
        message: NexoMessage | None = None,
    ) -> tuple[PaymentState, bool]:
        """The payment of this id, and whether it is new. Raises Wrong; nothing is taken then.

        `digest` is that of what was sent, where the order was made of something else. `salt` is
        what another protocol's message has beside the order: with another salt it is another body.
        `message` is that protocol's name for it.
        """
        lines = sum(line.amount_minor for line in order.lines)
        if order.lines and lines != order.amount_minor:
            raise Wrong(Why.LINES_DIFFER, field="lines", detail=f"the lines add up to {lines}")
        taken = OrderTaken(
            id=name,
            digest=digest or digest_of(order, salt),
            amount_minor=order.amount_minor,
            currency=order.currency,
            till=till,
            reference=order.reference,
            lines=tuple(OrderLine(**asdict(line)) for line in order.lines),
            expires_in_s=order.expires_in_s,
            language=order.language,
            message=message,
        )
        return await self._take(taken)

    async def undo(
        self,
        name: str,
        order: VoidOrder,
        till: str,
        *,
        salt: str = "",
        message: NexoMessage | None = None,
    ) -> tuple[PaymentState, bool]:
        """The void or refund of this id, and whether it is new. Raises Wrong; nothing is taken."""
        digest = digest_of(order, salt)
        known = self.known(name, digest)  # before the sale is looked up: a repeat asks nothing
        if known is not None:
            return known, False
        with journal_of(self.door) as journal:
            paid = _original_of(journal, order)
        kind, amount_minor = Kind.VOID, paid.amount_minor
        if isinstance(order, RefundOrder):
            kind, amount_minor = Kind.REFUND, order.amount_minor
        taken = OrderTaken(
            id=name,
            kind=kind,
            digest=digest,
            amount_minor=amount_minor,
            currency=paid.currency,
            till=till,
            reference="" if order.reference == paid.reference and order.date else order.reference,
            payment=paid.order_id,
            original=reference_to(paid),
            expires_in_s=order.expires_in_s,
            language=order.language,
            message=message,
        )
        return await self._take(taken)

    async def _take(self, taken: OrderTaken) -> tuple[PaymentState, bool]:
        """The payment recorded for an order; if none is, the terminal is asked. Raises Wrong."""
        name, digest = taken.id, taken.digest
        known = self.known(name, digest)
        if known is not None:
            return known, False
        answer = await self.ask(taken)
        if answer is Done.RECORDED:
            return self._recorded(taken), True
        known = self.known(name, digest)  # another request with this id may have been first
        if known is not None:
            return known, False
        raise refused(answer)

    def known(self, name: str, digest: str) -> PaymentState | None:
        """The payment of this id, None if there is none. Raises Wrong for another order's."""
        with journal_of(self.door) as journal:
            found = journal.order(name)
            if found is None:
                return None
            if found.taken.digest != digest:
                raise Wrong(Why.PAYMENT_DIFFERS)
            return payment_of(journal, self.door, found)

    def _recorded(self, taken: OrderTaken) -> PaymentState:
        """An order that was recorded a moment ago: answered even if the disk is gone since."""
        try:
            return self.payment(taken.id)
        except Wrong:
            return PaymentState(
                id=taken.id,
                kind=ORDERED[taken.kind],
                payment=taken.payment,
                state="taken",
                final=False,
                version=0,
                amount_minor=taken.amount_minor,
                currency=taken.currency,
                reference=taken.reference,
                taken_at="",
            )

    def payment(self, name: str) -> PaymentState:
        """The payment of this id, now. Raises Wrong."""
        with journal_of(self.door) as journal:
            found = journal.order(name)
            if found is None:
                raise Wrong(Why.NOT_FOUND)
            return payment_of(journal, self.door, found)

    async def changed(self, name: str, since: int, wait_s: int, state: str = "") -> PaymentState:
        """The payment as soon as it is another than at `since`, or as it is after `wait_s`.

        Some states are of the conversation and change no version: a caller that gives the `state`
        which it knows misses none of them.
        """
        news = self.news.enter()
        try:
            first = now = self.payment(name)
            if first.version > since or first.final or (state and state != first.state):
                return first
            async with asyncio.timeout(wait_s):
                while (now.version, now.state) == (first.version, first.state):
                    if self.news.over:
                        break
                    await news.wait()
                    news.clear()
                    now = self.payment(name)
        except TimeoutError:
            now = self.payment(name)
        finally:
            self.news.leave(news)
        return now

    def payments(self, after: int) -> PaymentPage:
        """Payments that changed after a record, for reconciliation."""
        with journal_of(self.door) as journal:
            found = journal.orders_after(after, PAGE_MAX)
            shown = [payment_of(journal, self.door, each) for each in found]
            more = bool(found and journal.orders_after(found[-1].version, 1))
        return PaymentPage(payments=shown, more=more)

    def cancel(self, name: str) -> PaymentState:
        """Ask to cancel an order; it may be too late, and may be repeated. Raises Wrong."""
        payment = self.payment(name)
        if not payment.final:
            self.door.post(OrderStopped(name))
        return payment

    # -- the terminal's answer ----------------------------------------------------------------

    async def ask(self, request: TillRequest) -> TillAnswer:
        """The terminal's answer; BUSY when it did not begin in time: the request is withdrawn.

        Raises Wrong (`unanswered`) when it has begun and does not answer: it may still be carried
        out, and the same request tells whether it was.
        """
        answer: Future[TillAnswer] = Future()
        self.door.post(TillAsked(request, answer))
        waiting = asyncio.wrap_future(answer)
        for patience_s in self._patience_s:
            done, _ = await asyncio.wait({waiting}, timeout=patience_s)
            if done:
                return self._meant(waiting.result())
            if answer.cancel():
                return self._meant(NotNow.BUSY)
        _LOG.warning("the terminal has begun a till's request and does not answer")
        raise Wrong(Why.UNANSWERED)

    async def have_done(self, request: TillRequest) -> None:
        """Ask the terminal to do something. Raises Wrong where it does not."""
        answer = await self.ask(request)
        if not isinstance(answer, Done):
            raise refused(answer)

    def _meant(self, answer: TillAnswer) -> TillAnswer:
        """The reason for BUSY in its place: no operator signed on, or a settlement in progress."""
        if answer is not NotNow.BUSY:
            return answer
        try:
            with journal_of(self.door) as journal:
                if not journal.signed_on():
                    return NotNow.SIGNED_OFF
                if journal.pending_settlement() is not None:
                    return NotNow.SETTLING
        except Wrong:
            return NotNow.OUT_OF_SERVICE
        return answer


def digest_of(order: Struct, salt: str = "") -> str:
    """Hash of an order's content and kind: equal for equal orders, however JSON was written."""
    packed = type(order).__name__.encode() + msgspec.json.encode(order) + salt.encode()
    return hashlib.sha256(packed).hexdigest()


def _original_of(journal: Lookups, order: VoidOrder) -> Transaction:
    """The transaction that is to be given back. Raises Wrong, naming the field that is wrong."""
    by_reference = order.date and not (order.payment or order.voucher or order.rrn)
    rrn = order.reference if by_reference else order.rrn
    given = [name for name in ("payment", "voucher", "rrn") if getattr(order, name)]
    if len(given) > 1 or not (given or rrn):
        raise Wrong(Why.INVALID_BODY, detail=_WAYS, field=given[1] if given else "payment")
    if order.date:
        try:
            date_of(order.date)
        except ValueError:
            raise Wrong(Why.INVALID_BODY, detail="no such day: YYYYMMDD", field="date") from None
    if order.payment:
        found = journal.order(order.payment)
        paid = journal.by_intent(found.intent) if found and found.intent else None
    elif order.voucher:
        paid = _by_voucher(journal, order)
    else:
        if not order.date:
            raise Wrong(Why.INVALID_BODY, detail=_WAYS, field="date")
        paid = journal.by_reference(rrn, order.date)
    if paid is None:
        raise Wrong(Why.PAYMENT_NOT_PAID, field=given[0] if given else "reference")
    return paid


def _by_voucher(journal: Lookups, order: VoidOrder) -> Transaction | None:
    stan = int(order.voucher)
    if not (order.batch or order.date):
        raise Wrong(Why.INVALID_BODY, detail=_WAYS, field="batch")
    if not order.batch:
        return journal.by_voucher_and_date(stan, order.date)
    paid = journal.transaction(order.batch, stan, date=order.date)
    return paid if paid is None or order.date in ("", paid.date) else None
