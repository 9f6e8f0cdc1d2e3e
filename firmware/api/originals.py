"""Which sale a void or refund of a till is about: its payment, or numbers of its receipt."""

from __future__ import annotations

from firmware.api.problems import Why, Wrong
from firmware.api.types import VoidOrder
from firmware.journal.lookups import Lookups
from firmware.journal.transactions import Transaction
from firmware.payments.originals import date_of

_WAYS = "name the sale in one way: payment; voucher with batch or date; rrn with date"


def original_of(journal: Lookups, order: VoidOrder) -> Transaction:
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
